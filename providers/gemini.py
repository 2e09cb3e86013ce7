"""Gemini: its stream format, its refusals, and the proof of what the page sent.

The answer comes by one ``XMLHttpRequest`` as frames that say their length in UTF-16 units; each tells
all of the answer so far (see ``cdp_relay.wire.frames`` and ``cdp_relay.wire.cumulative``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from cdp_relay.chat.contract import Provider, SiteDefinition, Submission
from cdp_relay.errors import RelayError
from cdp_relay.wire import decode_json

from ._gemini_errors import refusal_of
from ._gemini_payload import dig, first_text
from ._gemini_stream import HISTORY_RPC, GeminiDecoder

__all__ = ["SiteProvider"]

_MODE_HEADER = "x-goog-ext-525001261-jspb"
_STOP_RPC = "NkpXw"
_REQUEST_ID_PLACE, _TEMPORARY_PLACE = 59, 45


class SiteProvider(Provider):
    """Gemini on gemini.google.com, as of autumn 2026."""

    def __init__(self, site: SiteDefinition, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(site)
        self._now = now

    def new_decoder(self) -> GeminiDecoder:
        """Return a decoder for one turn."""
        return GeminiDecoder(now=self._now)

    def read_submission(self, body: bytes) -> Submission | None:
        """Read the page's own request: a form whose ``f.req`` is JSON within JSON."""
        try:
            form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=64)
            request = decode_json(dig(decode_json(form["f.req"][0]), 1) or "")
        except (KeyError, ValueError, TypeError):
            return None
        said = dig(request, 0)
        prompt, files = dig(said, 0), dig(said, 3)
        count = len(files) if isinstance(files, list) else 0
        if not isinstance(prompt, str) or not (prompt or count):
            return None
        temporary = dig(request, _TEMPORARY_PLACE)
        return Submission(
            prompt=prompt,
            conversation_id=first_text(dig(request, 2, 0)) or None,
            message_id=first_text(dig(request, _REQUEST_ID_PLACE)) or None,
            attachments=count,
            temporary=bool(temporary),
        )

    def read_model(self, headers: Mapping[str, str]) -> str | None:
        """The id of the mode that the page sends the prompt with."""
        try:
            return first_text(dig(decode_json(headers.get(_MODE_HEADER, "")), 4)) or None
        except ValueError:
            return None

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RelayError:
        """Turn a refused submission into an error, in the site's own words where it has some."""
        return refusal_of(status, headers, body, now=self._now) or super().refusal(status, headers, body)

    def is_resume(self, method: str, url: str) -> bool:
        """Whether the page reads a chat, which it does after a stream that ended early."""
        return super().is_resume(method, url) and HISTORY_RPC in _calls(url)

    def is_stop(self, method: str, url: str) -> bool:
        """Whether the page stops the answer: by a call of its own, after which the stream ends as ever."""
        return super().is_resume(method, url) and _STOP_RPC in _calls(url)

    def id_in_address(self, conversation_id: str) -> str:
        """A chat's id as its address has it: on the wire it begins with ``c_``."""
        return conversation_id.removeprefix("c_")


def _calls(url: str) -> list[str]:
    """The names of the procedures that a request calls."""
    return ",".join(parse_qs(urlsplit(url).query).get("rpcids", [])).split(",")
