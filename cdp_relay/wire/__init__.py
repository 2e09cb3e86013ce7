"""Sans-IO building blocks for the formats of streams.

Nothing here reads a socket, a clock or a setting, and nothing of ours is imported but the errors.
Every decoder takes its input in pieces, gives the same answer however it was cut, needs time that
is linear in the input, and raises nothing but ``ProtocolViolation``, when a named limit is outgrown.
"""

from cdp_relay.wire.array import ArrayItem, GrowingArray, decode_sparse
from cdp_relay.wire.cumulative import CumulativeText
from cdp_relay.wire.frames import BadLength, LengthPrefixedFrames
from cdp_relay.wire.loose_json import decode_json
from cdp_relay.wire.patch import DeltaDocument, Fault, Rope, plain
from cdp_relay.wire.sse import ServerSentEvent, SSEDecoder, encode_event
from cdp_relay.wire.text import MarkedRun, MarkedRuns, SurrogateJoiner, Utf8Decoder

__all__ = [
    "ArrayItem",
    "BadLength",
    "CumulativeText",
    "DeltaDocument",
    "Fault",
    "GrowingArray",
    "LengthPrefixedFrames",
    "MarkedRun",
    "MarkedRuns",
    "Rope",
    "SSEDecoder",
    "ServerSentEvent",
    "SurrogateJoiner",
    "Utf8Decoder",
    "decode_json",
    "decode_sparse",
    "encode_event",
    "plain",
]
