"""Tool calls over a chat page that knows none: offered in the prompt, found in the answer's text.

``protocol`` says what a prompt carries (``schema_text``: the tools' parameters); ``parser`` finds calls
in an answer as it streams; ``arguments`` fits them to their tools; ``correction`` asks the model again.
All of it is sans-IO, and rests on the chat's vocabulary alone.
"""

from cdp_relay.chat.calls._coercion import coerce
from cdp_relay.chat.calls._repair import canonical, loads, repair
from cdp_relay.chat.calls.correction import correction_text, is_correction
from cdp_relay.chat.calls.parser import HELD_CHARS, CallParser
from cdp_relay.chat.calls.pieces import CallFault, FaultKind, Piece
from cdp_relay.chat.calls.protocol import CallProtocol, new_nonce

__all__ = [
    "HELD_CHARS",
    "CallFault",
    "CallParser",
    "CallProtocol",
    "FaultKind",
    "Piece",
    "canonical",
    "coerce",
    "correction_text",
    "is_correction",
    "loads",
    "new_nonce",
    "repair",
]
