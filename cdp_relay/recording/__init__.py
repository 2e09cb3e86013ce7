"""Record what a real page did, and replay it for ever.

* :mod:`.session`: what a recording holds, as everything else here takes and gives it.
* ``har/``, :mod:`.folder`: the same on disk: HAR 1.2, pages, events; plain or packed.
* ``redaction/``: what would tell who somebody is or what he said goes, before anything touches the disk.
* ``replay/``: a recording served again at its true origin.
"""
