"""Record what a real page did, and replay it for ever.

* :mod:`.session`: what a recording holds, as everything else here takes and gives it.
* :mod:`.recorder`: what a tab, its frames and its workers say and show, gathered in memory.
* ``har/``, :mod:`.folder`: the same on disk: HAR 1.2, pages, events; plain or packed.
* ``redaction/``: what would tell who somebody is or what he said goes, before anything touches the disk.
* ``replay/``: a recording served again at its true origin.
"""
