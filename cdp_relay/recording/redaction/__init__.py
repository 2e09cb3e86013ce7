"""Nothing of a person leaves his machine: what a recording must not hold is replaced before it is written.

``redact`` walks through a recording twice, and ``find_leaks`` looks at it anew. Below them: ``learning`` and
``judging`` say what is somebody's, by ``names`` and ``scan``; ``walk`` and ``leaves`` find every value in
whatever it is wrapped in; ``vault``, ``masks`` and ``times`` say what stands there instead.
"""

from cdp_relay.recording.redaction.check import Leak, find_leaks
from cdp_relay.recording.redaction.redact import Redacted, redact

__all__ = ["Leak", "Redacted", "find_leaks", "redact"]
