"""Claude: its stream format, its refusals, and the proof of what the page sent.

The stream is server-sent events in the form of Anthropic's Messages API, with events and blocks of the
site's own. When it breaks, the page reads the whole chat anew, and the rest is taken from that.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from cdp_relay.chat.contract import Provider, SiteDefinition, Submission
from cdp_relay.errors import ChallengeShown, RelayError
from cdp_relay.wire import decode_json

from ._claude_blocks import OUTPUT_SCHEME
from ._claude_errors import error_of, read_error
from ._claude_stream import ClaudeDecoder
from ._refusals import is_challenge

__all__ = ["SiteProvider"]

_GZIP = b"\x1f\x8b"
_MAX_REQUEST_BYTES = 64 << 20
"""A body that unpacks to more than this is not looked into."""


class SiteProvider(Provider):
    """Claude on claude.ai."""

    def __init__(self, site: SiteDefinition, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(site)
        self._now = now

    def new_decoder(self) -> ClaudeDecoder:
        """Return a decoder for one turn."""
        return ClaudeDecoder(now=self._now)

    def read_submission(self, body: bytes) -> Submission:
        """Read the page's own request, which since 2026 is packed.

        Every request to this address starts an answer. So one whose body cannot be read counts as
        sent, with a prompt that nobody has seen; else it would be sent once more.
        """
        try:
            request = decode_json(_unpacked(body))
        except ValueError:
            request = None
        return _submission(request) if isinstance(request, dict) else Submission(prompt=None)

    def file_url(self, url: str, submitted: str) -> str:
        """Files in the site's own machine are served beside the chat that made them."""
        if not url.startswith(OUTPUT_SCHEME):
            return url
        chat = urlsplit(submitted).path.replace("/chat_conversations/", "/conversations/")
        path = quote(url.removeprefix(OUTPUT_SCHEME), safe="")
        return f"{chat.rpartition('/')[0]}/wiggle/download-file?path={path}"

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RelayError:
        """Turn a refused submission into an error, in the site's own words where it has some."""
        if is_challenge(status, headers, body):
            return ChallengeShown(
                "Claude is behind Cloudflare's check, which wants proof that a person is there "
                f"(HTTP {status}).",
                details={"site": self.site.name, "http_status": status},
            )
        retry_after = headers.get("retry-after", "")
        return error_of(read_error(body), status=status, retry_after=retry_after, now=self._now)


def _unpacked(body: bytes) -> bytes:
    """Undo gzip.

    Raises:
      ValueError: the packed bytes are broken, cut off, or unpack to too much.
    """
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, _MAX_REQUEST_BYTES)
    except zlib.error as error:
        raise ValueError(f"no gzip: {error}") from None
    if not unpacker.eof:
        raise ValueError("the packed body is cut off or too long")
    return data


def _submission(request: dict[str, Any]) -> Submission:
    creation = request.get("create_conversation_params")
    creation = creation if isinstance(creation, dict) else {}
    ids = request.get("turn_message_uuids")
    temporary = creation.get("is_temporary")
    prompt = request.get("prompt")
    return Submission(
        prompt=prompt if isinstance(prompt, str) else None,
        message_id=_text(ids.get("human_message_uuid")) if isinstance(ids, dict) else None,
        model=_text(request.get("model")) or _text(creation.get("model")),
        attachments=sum(len(_items(request.get(key))) for key in ("attachments", "files")),
        temporary=temporary if isinstance(temporary, bool) else None,
        wishes=_wishes(request, creation),
    )


def _wishes(request: dict[str, Any], creation: dict[str, Any]) -> dict[str, str | float | tuple[str, ...]]:
    """What the switch for extended thinking was at; older pages said it when they made the chat."""
    mode = _text(request.get("thinking_mode"))
    if mode is None and "paprika_mode" in {**creation, **request}:
        mode = _text(request.get("paprika_mode")) or _text(creation.get("paprika_mode")) or "off"
    if mode is None:
        return {}
    return {"effort": "off" if mode == "off" else "on"}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
