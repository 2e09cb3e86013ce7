"""A session as HAR 1.2, which DevTools and any viewer of such files open, and back.

* ``_form``: the fields, standard and with ``_``; ``_clock``: its dates and milliseconds.
* ``_writing``, ``_derived``: a session as HAR, streaming; what HAR wants said twice.
* ``_reading``: ours as it was written, and other programs' exports.
"""

from cdp_relay.recording.har._reading import read_har
from cdp_relay.recording.har._writing import write_har

__all__ = ["read_har", "write_har"]
