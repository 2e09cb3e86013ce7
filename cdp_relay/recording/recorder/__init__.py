"""Gathers what a tab says on the network and shows, beside whoever works on it.

* :mod:`.recorder`: the face: steps, pages, and in the end a session.
* :mod:`._ears`: sessions of its own on the page, its frames and its workers, and what is asked there.
* :mod:`._traffic`, :mod:`._entry`, :mod:`._sockets`: what the browser's events come to, without any I/O.
* :mod:`._shelf`: how much of it is held.
"""

from cdp_relay.recording.recorder.recorder import MAX_BODY_BYTES, MAX_HELD_BYTES, Recorder, open_recorder

__all__ = ["MAX_BODY_BYTES", "MAX_HELD_BYTES", "Recorder", "open_recorder"]
