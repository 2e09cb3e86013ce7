"""Chat: from a question to a site's answer.

``vocabulary`` and ``contract`` are what providers and doors speak; ``registry``, ``prompt``,
``answer`` and ``decode`` are sans-IO; ``turn`` drives a tab leased from ``tabs``; ``relay`` is the
face of it all. Only the light parts are re-exported here, because every provider imports this room.
"""

from cdp_relay.chat.usage import estimate_tokens
from cdp_relay.chat.vocabulary import (
    AnswerShared,
    ChatEvent,
    ChatNamed,
    ChatRequest,
    Drift,
    FilePart,
    FileProduced,
    Finished,
    FinishReason,
    Message,
    Notice,
    ReasoningDelta,
    RequestId,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextPart,
    TextRetracted,
)

__all__ = [
    "AnswerShared",
    "ChatEvent",
    "ChatNamed",
    "ChatRequest",
    "Drift",
    "FilePart",
    "FileProduced",
    "FinishReason",
    "Finished",
    "Message",
    "Notice",
    "ReasoningDelta",
    "RequestId",
    "Role",
    "Step",
    "StepReached",
    "TextDelta",
    "TextPart",
    "TextRetracted",
    "estimate_tokens",
]
