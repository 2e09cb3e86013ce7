"""The pictures of a ChatGPT answer: which there are, and by what the page's address of each is known.

A message names a picture by a pointer (``sediment://file_…``, formerly ``file-service://file-…``). The
page asks its server for an address and shows the picture there (``/backend-api/estuary/content?id=…``,
with a signature), so that address is looked for on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cdp_relay.chat.contract import FileSeen
from cdp_relay.wire import plain

__all__ = ["Pictures"]

_POINTER = re.compile(r"(?:sediment|file-service)://([\w-]+)")
_CONTENT = "/backend-api/estuary/content"
_LATER_SECONDS = 240.0
"""How long a picture is waited for whose stream ended with the word that it comes later; busy times
were said to take minutes."""


class Pictures:
    """Remembers the messages that may hold pictures; they go on growing while they are remembered."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[str, Any]] = {}

    def heed(self, message: dict[str, Any]) -> None:
        """Take note of a message of the answer's side."""
        author = _object(message.get("author")).get("role", "assistant")
        kind = _object(message.get("content")).get("content_type")
        if author == "tool" or (author == "assistant" and kind == "multimodal_text"):
            self._messages[str(message.get("id", ""))] = message

    def files(self) -> list[FileSeen]:
        """The pictures so far; of drafts of the same picture the last."""
        found: dict[str, FileSeen] = {}
        for message in self._messages.values():
            by_tool = _object(message.get("author")).get("role") == "tool"
            for part in _parts(message):
                if by_tool and not _is_made(part):
                    continue  # what a tool has looked at: the person's own files, screenshots
                pointer = _POINTER.match(str(plain(part.get("asset_pointer"))))
                if pointer is None:
                    continue
                name = pointer[1]
                found[_generation(part) or name] = FileSeen(
                    url=f"https://chatgpt.com{_CONTENT}?id={name}",
                    sign=name,
                    media_type="image/png",
                    description=_description(part),
                )
        return list(found.values())

    def later(self) -> FileSeen | None:
        """A picture that the stream only announced: what the page will show is it."""
        if any("image_gen_task_id" in _object(one.get("metadata")) for one in self._messages.values()):
            return FileSeen(url="", sign=_CONTENT, media_type="image/png", patience_seconds=_LATER_SECONDS)
        return None


def _parts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    parts = _object(message.get("content")).get("parts")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and "asset_pointer" in part:
            yield part


def _is_made(part: dict[str, Any]) -> bool:
    metadata = _object(part.get("metadata"))
    return any(isinstance(metadata.get(maker), dict) for maker in ("dalle", "generation"))


def _generation(part: dict[str, Any]) -> str:
    metadata = _object(part.get("metadata"))
    name = _object(metadata.get("dalle")).get("gen_id") or _object(metadata.get("generation")).get("gen_id")
    return name if isinstance(name, str) else ""


def _description(part: dict[str, Any]) -> str:
    prompt = plain(_object(_object(part.get("metadata")).get("dalle")).get("prompt"))
    return prompt if isinstance(prompt, str) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
