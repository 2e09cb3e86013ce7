"""ChatGPT: its stream format, its refusals, and the proof of what the page sent.

The stream is server-sent events whose ``delta`` events patch a document (see
``cdp_relay.wire.patch``); typed events stand between them. Long turns are handed off to a WebSocket
that carries the same syntax in pieces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from cdp_relay.chat.contract import Provider, SiteDefinition, Submission
from cdp_relay.errors import ChallengeShown, RelayError
from cdp_relay.wire import decode_json

from ._chatgpt_errors import error_of, read_body
from ._chatgpt_stream import ChatGPTDecoder
from ._refusals import is_challenge

__all__ = ["SiteProvider"]

_EFFORTS = {"standard": "medium", "extended": "high", "max": "xhigh"}
"""The wire's words for the efforts of models that think."""


class SiteProvider(Provider):
    """ChatGPT on chatgpt.com, both page generations of 2026."""

    def __init__(self, site: SiteDefinition, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(site)
        self._now = now

    def new_decoder(self) -> ChatGPTDecoder:
        """Return a decoder for one turn."""
        return ChatGPTDecoder(now=self._now)

    def read_submission(self, body: bytes) -> Submission | None:
        """Read the page's own request: the newest user message, its id, and where it goes."""
        try:
            request = decode_json(body)
        except ValueError:
            return None
        if not isinstance(request, dict):
            return None
        messages = request.get("messages")
        for message in reversed(messages if isinstance(messages, list) else []):
            if isinstance(message, dict) and _member(message, "author").get("role", "user") == "user":
                return _submission(request, message)
        return None

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RelayError:
        """Turn a refused submission into an error, in the site's own words where it has some."""
        if is_challenge(status, headers, body):
            return ChallengeShown(
                "ChatGPT is behind Cloudflare's check, which wants proof that a person is there "
                f"(HTTP {status}).",
                details={"site": self.site.name, "http_status": status},
            )
        return error_of(
            read_body(body), status=status, retry_after=headers.get("retry-after", ""), now=self._now
        )


def _submission(request: dict[str, Any], message: dict[str, Any]) -> Submission | None:
    content = _member(message, "content")
    parts = content.get("parts")
    parts = parts if isinstance(parts, list) else [content.get("text")]
    texts = [part for part in parts if isinstance(part, str)]
    # Pictures stand among the parts as well as in the list, by the same ids.
    pictures = {
        str(part["asset_pointer"]).rpartition("://")[2].partition("#")[0]
        for part in parts
        if isinstance(part, dict) and "asset_pointer" in part
    }
    attachments = _member(message, "metadata").get("attachments")
    listed = attachments if isinstance(attachments, list) else []
    named = {str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one}
    count = max(len(pictures | named), len(listed))
    if not texts and not count:
        return None
    return Submission(
        prompt="".join(texts) if texts else None,
        conversation_id=_text(request.get("conversation_id")),
        message_id=_text(message.get("id")),
        model=_text(request.get("model")),
        attachments=count,
        temporary=request.get("history_and_training_disabled") is True,
        wishes=_wishes(request),
    )


def _wishes(request: dict[str, Any]) -> dict[str, str]:
    """The effort, in a client's words: the model's name and a second field tell of it together."""
    model, effort = _text(request.get("model")) or "", _text(request.get("thinking_effort"))
    if model.endswith("-pro"):
        return {"effort": "pro"}
    if effort is not None:
        return {"effort": _EFFORTS.get(effort, effort)}
    unsaid = not model or model == "auto" or model.endswith("-thinking")
    return {} if unsaid else {"effort": "none"}


def _member(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    member = value.get(key)
    return member if isinstance(member, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
