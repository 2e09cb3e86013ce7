"""Requests, events and errors as JSON, and back.

What is read may have been written by an earlier version, or be damaged: what cannot be read is left out.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

import attrs
import cattrs

from cdp_relay import errors
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FilePart,
    FileProduced,
    Finished,
    Part,
    StepReached,
    TextPart,
)
from cdp_relay.errors import RelayError

__all__ = [
    "KeptEntry",
    "error_document",
    "event_document",
    "pack",
    "read_error",
    "read_event",
    "read_request",
    "request_document",
    "unpack",
]


@attrs.frozen(kw_only=True)
class KeptEntry:
    """One thing that a client was told, as it is kept."""

    at: float
    """Seconds since the turn began."""
    document: dict[str, Any]


# --- bytes ---------------------------------------------------------------------------------------


def pack(value: Any) -> bytes:
    """JSON, compressed; whatever is no JSON stands as its text."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), default=str).encode(), 1)


def unpack(data: bytes) -> Any:
    """What :func:`pack` was given; None for what it never made."""
    try:
        return json.loads(zlib.decompress(data))
    except (zlib.error, ValueError, TypeError):
        return None


# --- requests ------------------------------------------------------------------------------------


def request_document(request: ChatRequest, *, content: bool) -> dict[str, Any]:
    """A request as JSON knows it, its files by name, type, size and digest alone.

    Args:
      content: with the texts; without them only the messages' roles and lengths are kept.
    """
    if content:
        document: dict[str, Any] = _CONVERTER.unstructure(request, ChatRequest)
        return document
    bare = attrs.evolve(request, messages=(), tools=(), output=None)
    document = _CONVERTER.unstructure(bare, ChatRequest)
    shape = [{"role": one.role.value, "chars": len(one.text)} for one in request.messages]
    document["shape"] = shape
    return document


def read_request(document: Any) -> ChatRequest | None:
    """The request, its files without their data."""
    try:
        return _CONVERTER.structure(document, ChatRequest)
    except (cattrs.BaseValidationError, TypeError, ValueError, AttributeError):
        return None


def _part_document(part: Part) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    digest = hashlib.sha256(part.data).hexdigest()
    return {"file": part.name, "media_type": part.media_type, "bytes": len(part.data), "sha256": digest}


def _read_part(document: Mapping[str, Any], _: Any) -> Part:
    if "text" in document:
        return TextPart(str(document["text"]))
    return FilePart(name=str(document["file"]), media_type=str(document["media_type"]), data=b"")


# --- events --------------------------------------------------------------------------------------


def event_document(event: ChatEvent) -> dict[str, Any]:
    """An event as JSON knows it. A file's data are not in it, nor the timeline of the end."""
    if isinstance(event, Finished):
        event = attrs.evolve(event, timeline=())
    document: dict[str, Any] = _CONVERTER.unstructure(event)
    return {"event": type(event).__name__, **document}


def read_event(document: Any) -> ChatEvent | None:
    """The event; None for one that this version does not know."""
    kind = _EVENTS.get(str(document.get("event"))) if isinstance(document, dict) else None
    if kind is None:
        return None
    try:
        event: ChatEvent = _CONVERTER.structure(document, kind)
    except (cattrs.BaseValidationError, TypeError, ValueError):
        return None
    return event


def _file_document(event: FileProduced) -> dict[str, Any]:
    return {
        "name": event.name,
        "media_type": event.media_type,
        "description": event.description,
        "bytes": len(event.data),
        "sha256": hashlib.sha256(event.data).hexdigest(),
    }


def _read_file(document: Mapping[str, Any], _: Any) -> FileProduced:
    return FileProduced(
        name=str(document["name"]),
        media_type=str(document["media_type"]),
        description=str(document.get("description", "")),
        data=b"",
    )


def _step_document(event: StepReached) -> dict[str, Any]:
    return {"step": event.step.value, "at_seconds": event.at_seconds, "facts": dict(event.facts)}


_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in ChatEvent.__args__}

_CONVERTER = cattrs.Converter()
_CONVERTER.register_unstructure_hook(TextPart, _part_document)
_CONVERTER.register_unstructure_hook(FilePart, _part_document)
_CONVERTER.register_unstructure_hook(Part, _part_document)
_CONVERTER.register_structure_hook(Part, _read_part)
_CONVERTER.register_unstructure_hook(FileProduced, _file_document)
_CONVERTER.register_structure_hook(FileProduced, _read_file)
_CONVERTER.register_unstructure_hook(StepReached, _step_document)


# --- errors --------------------------------------------------------------------------------------


def error_document(error: RelayError) -> dict[str, Any]:
    """An error as JSON knows it."""
    return {
        "class": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "next_step": error.next_step,
        "param": error.param,
        "retry_after_seconds": error.retry_after_seconds,
        "details": error.details,
    }


def read_error(document: Any) -> RelayError | None:
    """The error, of the class that it had where there is such a class."""
    if not isinstance(document, dict):
        return None
    kind = getattr(errors, str(document.get("class")), None)
    if not (isinstance(kind, type) and issubclass(kind, RelayError)):
        kind = RelayError
    seconds, details, param = (document.get(name) for name in ("retry_after_seconds", "details", "param"))
    return kind(
        str(document.get("message", "")),
        next_step=str(document["next_step"]) if document.get("next_step") else None,
        param=str(param) if param is not None else None,
        retry_after_seconds=seconds if isinstance(seconds, int | float) else None,
        details=details if isinstance(details, dict) else None,
    )
