"""JSON on the DevTools wire: quick in the usual case, tolerant in the odd one.

The reader only splits a message into its envelope; parameters and results stay bytes until the
task that wants them decodes them.

A page's string may hold half of a surrogate pair, which Chromium writes as an escape like
``"\\ud83d"``. msgspec refuses that in both directions and the standard library does not.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec

from cdp_relay.cdp.event import JSON

__all__ = ["Envelope", "Payload", "decode_envelope", "decode_payload", "encode_command"]

Payload: TypeAlias = msgspec.Raw | JSON
"""Parameters or a result, decoded or not."""

_EMPTY = msgspec.Raw(b"{}")


class Envelope(msgspec.Struct, rename={"session_id": "sessionId"}, gc=False):
    """One message of the browser: an answer (it has an id) or an event (it has a method)."""

    id: int | None = None
    method: str | None = None
    session_id: str = ""
    error: JSON | None = None
    params: msgspec.Raw = _EMPTY
    result: msgspec.Raw = _EMPTY
    odd: JSON | None = None
    """The whole message, when only the tolerant decoder could read it."""

    def payload(self) -> Payload:
        """The parameters of an event, or the result of an answer."""
        key = "params" if self.id is None else "result"
        if self.odd is not None:
            value = self.odd.get(key)
            return value if isinstance(value, dict) else {}
        return self.params if self.id is None else self.result


_envelope_decoder = msgspec.json.Decoder(Envelope)
_object_decoder = msgspec.json.Decoder(dict)
_encoder = msgspec.json.Encoder()


def decode_envelope(text: str) -> Envelope | None:
    """Split a message; None when it is no message at all."""
    try:
        return _envelope_decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    number, method, session = message.get("id"), message.get("method"), message.get("sessionId", "")
    error = message.get("error")
    return Envelope(
        id=number if isinstance(number, int) else None,
        method=method if isinstance(method, str) else None,
        session_id=session if isinstance(session, str) else "",
        error=error if isinstance(error, dict) else None,
        odd=message,
    )


def decode_payload(payload: Payload) -> JSON:
    """Decode what :meth:`Envelope.payload` gave; what is not an object becomes an empty one."""
    if isinstance(payload, dict):
        return payload
    try:
        return _object_decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    try:
        value = json.loads(bytes(payload))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def encode_command(number: int, method: str, params: JSON | None, session_id: str) -> str:
    """Write one command.

    Raises:
      TypeError: *params* hold something that JSON has no form for.
    """
    message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
    if session_id:
        message["sessionId"] = session_id
    try:
        return _encoder.encode(message).decode()
    except UnicodeEncodeError:
        return json.dumps(message, ensure_ascii=True, separators=(",", ":"))
