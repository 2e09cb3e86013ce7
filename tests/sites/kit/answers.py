"""What a test lets a chat site say to the next prompt, as far as all sites have it in common."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

import attrs

__all__ = ["Answer", "Attached", "Part", "ProducedFile", "Recording", "Refusal", "Reply"]

Part = Literal["headers", "first-byte", "middle", "end", "close"]
"""Places in an answer where it can be held or cut: before the status line; after the headers and before
any byte; in the middle of the text; after the text and before the signs of its end; after all of them."""


@attrs.frozen(kw_only=True)
class ProducedFile:
    """An image or a file that the site makes for an answer."""

    name: str = "picture.png"
    media_type: str = "image/png"
    data: bytes = attrs.field(default=b"", repr=False)
    alt: str = ""


@attrs.frozen(kw_only=True)
class Attached:
    """A file that came with a prompt."""

    name: str
    media_type: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Answer:
    """A turn's answer. All texts are as the site means them; its stream writer puts them into frames."""

    text: str = "Hello from the replica."
    pieces: tuple[str, ...] | None = None
    """The text's pieces, one frame each; left out, the text is cut into words."""
    piece_chars: int | None = None
    """Pieces of so many characters, for long texts."""
    delay: float = 0.0
    """Seconds between two frames of text."""
    thinking: tuple[str, ...] = ()
    """Thoughts, or their summaries, streamed word by word."""
    title: str | None = "A replica's title"
    model: str = ""
    """The model that the answer names; the site's usual one when left out."""
    files: tuple[ProducedFile, ...] = ()
    rendered: str | None = None
    """What the page shows instead of the text that came over the wire."""
    unknown: bool = False
    """Sprinkle in event types and shapes that nobody knows."""

    write_bytes: int | None = None
    """Writes of so many bytes, wherever frames and characters end; None writes frame by frame."""
    finished: bool = True
    """Whether the answer ever says that its text is over."""
    complete: bool = True
    """Whether the signs of the stream's completion come after the text."""
    finish: str = "stop"
    """``stop``, ``length`` or ``content_filter``."""

    hold: Collection[Part] = ()
    """Where the answer waits for the test's ``release``."""
    cut: Part | None = None
    """Where the connection breaks (after the test released it, if held there); the page may then recover."""
    cut_reset: bool = False
    cut_unread: bool = False
    """Cut without waiting until the page has read what was written: Chromium then keeps an unknown part of
    it from the page, while DevTools may have seen it."""

    def text_pieces(self) -> tuple[str, ...]:
        """The pieces of text, in order."""
        if self.pieces is not None:
            return self.pieces
        if size := self.piece_chars:
            return tuple(self.text[at : at + size] for at in range(0, len(self.text), size))
        return tuple(re.findall(r"\s*\S+|\s+$", self.text))

    @property
    def whole_text(self) -> str:
        """The text that a reader of the page has in the end."""
        return "".join(self.text_pieces())


@attrs.frozen(kw_only=True)
class Refusal:
    """The prompt is refused with a status instead of a stream."""

    status: int
    body: Mapping[str, Any] | list[Any] | str = attrs.field(factory=dict)
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Recording:
    """A recorded stream, byte for byte."""

    data: bytes
    write_bytes: int | None = None
    """Writes of so many bytes; None writes event by event."""
    delay: float = 0.0
    rendered: str | None = None
    hold: Collection[Part] = ()
    cut: Part | None = None
    cut_reset: bool = False
    cut_unread: bool = False


Reply = Answer | Refusal | Recording
