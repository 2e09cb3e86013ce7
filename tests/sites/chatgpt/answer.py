"""What a test lets the site say to the next prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from tests.sites.kit import answers as kit

__all__ = ["Answer", "Form"]

Form = Literal["mixed", "bare", "explicit", "patch", "list"]
"""How text is carried: ``explicit`` p/o/v each time, ``bare`` v that inherits p and o, ``patch`` with its
o each time, ``list`` (a patch first, then ``{"v":[…]}``), or all of them in turns."""


@attrs.frozen(kw_only=True)
class Answer(kit.Answer):
    """A turn's answer. All texts are given as the site means them; :mod:`.stream` puts them into frames."""

    form: Form = "mixed"
    dialect: Literal["delta", "cumulative", "2024"] = "delta"
    """``cumulative`` is the encoding before deltas; ``2024`` the first deltas: no typed events at all."""
    last_words_in_closing_patch: bool = True

    hidden_messages: bool = True
    """Hidden system and context messages first, some of them with ``end_turn``, as the site sends them."""
    preamble: str = ""
    """A text on the commentary channel before the answer; it is not part of the answer."""
    thinking_style: Literal["thoughts", "tool"] = "thoughts"
    tool_text: str = ""
    """A message of role assistant to a tool, and the tool's text to all; neither is the answer."""
    image: bool = False
    """An image turn: no text; the chat and the page have the ``files`` once the stream is over."""

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
    model: str = "gpt-5-6"
    served_model: str | None = None
    """The model that ``server_ste_metadata`` names; the same when left out."""
    downgraded: bool = False
    events: tuple[Mapping[str, Any], ...] = ()
    """Further typed events, sent before the first word (moderation, safety review, errors …)."""
    late_events: tuple[Mapping[str, Any], ...] = ()
    """The same after the last word."""
    limits: Mapping[str, Any] = attrs.field(factory=dict)
    """Members of ``conversation_detail_metadata`` to set."""
    done: bool = True
    """Whether ``[DONE]`` comes."""
