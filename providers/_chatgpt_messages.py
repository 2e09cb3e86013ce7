"""What the messages of ChatGPT's streams are: the answer, thinking, or none of a reader's business."""

from __future__ import annotations

import enum
import re
from typing import Any

import attrs

from cdp_relay.chat.vocabulary import FinishReason
from cdp_relay.wire import MarkedRun, decode_json, plain

__all__ = [
    "Kind",
    "References",
    "Verdict",
    "finish_reason",
    "judge",
    "model_of",
    "node_at",
    "reasoning_status",
    "system_error",
    "text_of_run",
    "tool_of",
]


class Kind(enum.Enum):
    """What a message is for the reader of the answer."""

    ANSWER = "answer"
    THINKING = "thinking"
    """A message whose text is thinking: the tool style of 2025, still used by Pro models."""
    THOUGHTS = "thoughts"
    """A list of thoughts, each with a summary and a content."""
    RECAP = "recap"
    """The line that says how long the model thought."""
    FAILURE = "failure"
    """A ``system_error``."""
    OTHER = "other"


@attrs.frozen
class Verdict:
    """What a message is, and what about it was never seen before."""

    kind: Kind
    unknown: str = ""
    """A content type or channel that no rule knows."""


_TEXT_TYPES = frozenset({"text", "multimodal_text"})
_OTHER_TYPES = frozenset(
    {
        "app_pairing_content",
        "citable_code_output",
        "code",
        "computer_output",
        "developer_content",
        "execution_output",
        "model_editable_context",
        "sonic_webpage",
        "super_widget",
        "system_content",
        "tether_browsing_code",
        "tether_browsing_display",
        "tether_quote",
        "user_editable_context",
    }
)
_QUIET_CHANNELS = frozenset({"commentary", "analysis", "summary", "confidence"})
_THINKING_TOOL = "a8km123"
_NO_TOOLS = frozenset({"", "all", "assistant", "user", _THINKING_TOOL})
"""Recipients that are none."""


def judge(message: dict[str, Any]) -> Verdict:
    """Say what a message is, from its author, recipient, channel and content type."""
    author = _object(message.get("author"))
    content = _object(message.get("content"))
    metadata = _object(message.get("metadata"))
    role = author.get("role", "assistant")
    kind = _word(content.get("content_type", "text"))
    if role in ("assistant", "tool"):
        if kind == "thoughts":
            return Verdict(Kind.THOUGHTS)
        if kind == "reasoning_recap":
            return Verdict(Kind.RECAP)
        if kind == "system_error":
            return Verdict(Kind.FAILURE)
    if role == "tool":
        thinks = author.get("name") == _THINKING_TOOL or (
            "initial_text" in metadata and "finished_text" in metadata
        )
        return Verdict(Kind.THINKING if thinks and kind in _TEXT_TYPES else Kind.OTHER)
    if role != "assistant" or message.get("recipient", "all") not in ("all", None):
        return Verdict(Kind.OTHER)
    if metadata.get("is_visually_hidden_from_conversation") is True:
        return Verdict(Kind.OTHER)
    channel = _word(message.get("channel") or "final")
    if channel != "final":
        return Verdict(Kind.OTHER, "" if channel in _QUIET_CHANNELS else f"channel {channel}")
    if kind in _TEXT_TYPES:
        return Verdict(Kind.ANSWER)
    return Verdict(Kind.OTHER, "" if kind in _OTHER_TYPES else f"content type {kind}")


def tool_of(message: dict[str, Any]) -> str | None:
    """The tool of the site's that a message calls, or that wrote it; without the name of its function."""
    author = _object(message.get("author"))
    if author.get("role", "assistant") == "assistant":
        name = plain(message.get("recipient"))
    elif author.get("role") == "tool" and judge(message).kind is Kind.OTHER:
        name = plain(author.get("name"))
    else:
        return None
    if not isinstance(name, str) or name in _NO_TOOLS:
        return None
    return name.partition(".")[0][:60]


def node_at(kind: Kind, message: dict[str, Any], number: int) -> tuple[str, Any] | None:
    """One of the places where a message keeps its text, with what to put before its text.

    Returns:
      The separator and the string or rope (None for a place without text), or None past the end.
    """
    content = _object(message.get("content"))
    if kind is Kind.THOUGHTS:
        thoughts = content.get("thoughts")
        if not isinstance(thoughts, list) or number // 2 >= len(thoughts):
            return None
        thought = _object(thoughts[number // 2])
        summary = thought.get("summary")
        if number % 2 == 0:
            return "\n\n", summary
        return "\n" if summary else "\n\n", thought.get("content")
    if kind is Kind.RECAP:
        return ("", content.get("content")) if number == 0 else None
    parts = content.get("parts")
    if not isinstance(parts, list) or number >= len(parts):
        return None
    part = parts[number]
    return "", part.get("text") if isinstance(part, dict) else part


def finish_reason(message: dict[str, Any]) -> tuple[FinishReason, str]:
    """Why a finished message ended, and the site's word for it where that is not known."""
    details = _object(_object(message.get("metadata")).get("finish_details"))
    word = details.get("type")
    if word is None:
        partial = message.get("status") == "finished_partial_completion"
        return (FinishReason.INTERRUPTED if partial else FinishReason.STOP), ""
    word = str(word)
    if word in _FINISHES:
        return _FINISHES[word], ""
    return FinishReason.STOP, word


_FINISHES = {
    "stop": FinishReason.STOP,
    "stop_tokens": FinishReason.STOP,
    "skipped": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "length": FinishReason.LENGTH,
    "interrupted": FinishReason.INTERRUPTED,
    "content_filter": FinishReason.CONTENT_FILTER,
    "safety": FinishReason.CONTENT_FILTER,
}


def model_of(message: dict[str, Any]) -> str | None:
    """The model that a message says wrote it."""
    metadata = _object(message.get("metadata"))
    for key in ("model_slug", "resolved_model_slug"):
        slug = plain(metadata.get(key))
        if isinstance(slug, str) and slug and slug != "auto":
            return slug
    return None


def reasoning_status(message: dict[str, Any]) -> str | None:
    """``is_reasoning`` or ``reasoning_ended``, where a message says so."""
    status = plain(_object(message.get("metadata")).get("reasoning_status"))
    return status if isinstance(status, str) else None


def system_error(message: dict[str, Any]) -> str:
    """What a ``system_error`` message says, in a few words."""
    content = _object(message.get("content"))
    said = [plain(content.get(key)) for key in ("name", "text")]
    return ": ".join(one for one in said if isinstance(one, str) and one)[:300] or "system_error"


# --- citations and other marked runs ---------------------------------------------------------------


@attrs.define(eq=False)
class References:
    """What a message's metadata says about the marked runs in its text."""

    _known: dict[str, str] = attrs.field(factory=dict, init=False)
    _list: Any = attrs.field(default=None, init=False)
    _read: int = attrs.field(default=0, init=False)

    def update(self, message: dict[str, Any]) -> None:
        """Take in the references that came since the last call."""
        listed = _object(message.get("metadata")).get("content_references")
        if not isinstance(listed, list):
            return
        if listed is not self._list:
            self._list, self._read = listed, 0
        for reference in listed[self._read :]:
            if isinstance(reference, dict):
                matched = plain(reference.get("matched_text"))
                if isinstance(matched, str) and matched.startswith("\ue200"):
                    self._known[matched] = _shown(reference)
        self._read = len(listed)

    def shown(self, run: MarkedRun) -> str | None:
        """What a reader sees instead of a run; None when nothing is known about it."""
        return self._known.get(run.matched)


def text_of_run(run: MarkedRun) -> str | None:
    """What a run says by itself, without references; None when that is nothing.

    An entity carries its own name: ``entity``, ``["city","Paris","capital of France"]``.
    """
    fields = run.fields
    if fields[0] == "entity" and len(fields) > 1:
        try:
            parts = decode_json(fields[1].encode("utf-8", "replace"))
        except ValueError:
            return None
        if isinstance(parts, list) and len(parts) > 1 and isinstance(parts[1], str):
            return parts[1]
    return None


def _shown(reference: dict[str, Any]) -> str:
    if reference.get("type") == "hidden":
        return ""
    alt = plain(reference.get("alt"))
    if isinstance(alt, str) and alt:
        return alt
    items = reference.get("items")
    first = items[0] if isinstance(items, list) and items else reference
    url, title = (plain(_object(first).get(key)) for key in ("url", "title"))
    if not isinstance(url, str) or re.match(r"https?://[^\s<>]+\Z", url) is None:
        return ""
    title = title if isinstance(title, str) and title.strip() else re.sub(r"\Ahttps?://(www\.)?|/.*", "", url)
    title = re.sub(r"([\[\]\\])", r"\\\1", " ".join(title.split()))
    return f"[{title}]({url.replace('(', '%28').replace(')', '%29')})"


def _word(value: Any) -> str:
    return str(plain(value))[:60]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
