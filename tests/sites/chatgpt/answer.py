"""What a test lets the site say to the next prompt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

import attrs

__all__ = ["Answer", "Form", "Part", "Recording", "Refusal", "Reply"]

Form = Literal["mixed", "bare", "explicit", "patch", "list"]
"""How text is carried: ``explicit`` p/o/v each time, ``bare`` v that inherits p and o, ``patch`` with its
o each time, ``list`` (a patch first, then ``{"v":[…]}``), or all of them in turns."""

Part = Literal["headers", "first-byte", "middle", "end", "close"]
"""Places in an answer where it can be held or cut: before the status line; after the headers and before
any byte; in the middle of the text; after the text and before the signs of its end; after ``[DONE]``."""


@attrs.frozen(kw_only=True)
class Answer:
    """A turn's answer. All texts are given as the site means them; :mod:`.stream` puts them into frames."""

    text: str = "Hello from the replica."
    pieces: tuple[str, ...] | None = None
    """The text's pieces, one frame each; left out, the text is cut into words."""
    piece_chars: int | None = None
    """Pieces of so many characters, for long texts."""
    delay: float = 0.0
    """Seconds between two frames of text."""

    form: Form = "mixed"
    dialect: Literal["delta", "cumulative", "2024"] = "delta"
    """``cumulative`` is the encoding before deltas; ``2024`` the first deltas: no typed events at all."""
    last_words_in_closing_patch: bool = True
    write_bytes: int | None = None
    """Writes of so many bytes, wherever frames and characters end; None writes frame by frame."""

    hidden_messages: bool = True
    """Hidden system and context messages first, some of them with ``end_turn``, as the site sends them."""
    preamble: str = ""
    """A text on the commentary channel before the answer; it is not part of the answer."""
    thinking: tuple[str, ...] = ()
    """Summaries of thoughts, streamed word by word."""
    thinking_style: Literal["thoughts", "tool"] = "thoughts"
    tool_text: str = ""
    """A message of role assistant to a tool, and the tool's text to all; neither is the answer."""
    image: bool = False
    """An image turn: no text, the picture comes later over the socket."""

    via: Literal["http", "socket", "resume"] = "http"
    """``socket`` hands the answer over to the WebSocket, ``resume`` to the resume endpoint."""
    handoff_after: int = 0
    """Frames of text that still come over HTTP before the hand-off."""
    topic_history: Literal["all", "rest"] = "all"
    """Whether the topic repeats what came over HTTP already."""
    socket_noise: bool = False
    """Frames of another chat's topic and other updates on the same socket."""

    references: tuple[Mapping[str, Any], ...] = ()
    """``metadata.content_references``, for texts with citation runs (U+E200 … U+E201)."""
    title: str | None = "A replica's title"
    model: str = "gpt-5-6"
    served_model: str | None = None
    """The model that ``server_ste_metadata`` names; the same when left out."""
    downgraded: bool = False
    finish: str = "stop"
    events: tuple[Mapping[str, Any], ...] = ()
    """Further typed events, sent before the first word (moderation, safety review, errors …)."""
    late_events: tuple[Mapping[str, Any], ...] = ()
    """The same after the last word."""
    limits: Mapping[str, Any] = attrs.field(factory=dict)
    """Members of ``conversation_detail_metadata`` to set."""
    finished: bool = True
    """Whether the answer ever reaches its closing patch and completion."""
    complete: bool = True
    """Whether the signs of completion come after the text; ``[DONE]`` comes all the same."""
    done: bool = True
    """Whether ``[DONE]`` comes."""

    hold: Collection[Part] = ()
    """Where the answer waits for the test's ``release``."""
    cut: Part | None = None
    """Where the connection breaks (after the test released it, if held there); the page may then resume."""
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
    body: Mapping[str, Any] | str = attrs.field(factory=dict)
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Recording:
    """A recorded stream, byte for byte."""

    data: bytes
    write_bytes: int | None = None
    """Writes of so many bytes; None writes event by event."""
    delay: float = 0.0
    hold: Collection[Part] = ()
    cut: Part | None = None
    cut_reset: bool = False
    cut_unread: bool = False


Reply = Answer | Refusal | Recording
