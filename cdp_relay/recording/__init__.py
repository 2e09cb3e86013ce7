"""Record what a real page did, and replay it for ever.

* :mod:`.session`: what a recording holds, as everything else here takes and gives it.
* ``recorder/``: what a tab, its frames and its workers say and show, gathered in memory.
* ``driving/``: a site taken through a scenario while it is recorded.
* ``har/``, :mod:`.folder`: the same on disk: HAR 1.2, pages, events; plain or packed.
* ``redaction/``: what would tell who somebody is or what he said goes, before anything touches the disk.
* ``serving/``, ``replay/``: sites, and recordings of them, served at their true origin.
* ``telling/``: what bodies tell, and where; ``comparing/``: what changed between two recordings, in words;
  ``bending/``: recordings changed for tests.
"""
