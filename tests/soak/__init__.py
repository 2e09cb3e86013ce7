"""A soak: many turns over several tabs and sites, with faults from a seeded plan, and what has to hold.

``python -m tests.soak --turns 1000 --seed 7`` runs it in full, ``test_soak.py`` in short.

* :mod:`.plan`: what is asked, by whom, and what goes wrong when; the same for the same seed.
* :mod:`.model`: the sites' side: each prompt is known by its mark, and answered as planned.
* :mod:`.clients`: the clients' side: requests in three dialects, whole and streamed, over plain sockets.
* :mod:`.service`: the relay as a process that can be killed, and measured from outside.
* :mod:`.strikes`: what goes wrong beyond one request: browsers and services killed, sites in a state.
* :mod:`.verdict`: what has to hold, over what was seen. No I/O, so that it is itself tested.
* :mod:`.run`: all of it together. :mod:`.report`: the plan and the outcome as text.
"""
