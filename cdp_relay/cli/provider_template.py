"""The two files that a new provider starts from: they load, and decode the commonest of formats."""

from __future__ import annotations

import re

from cdp_relay.errors import SettingsError

__all__ = ["new_provider"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")

_DEFINITION = """\
# TITLE as a provider. Every key is explained in docs/definition.md; 'cdp-relay provider check NAME' names
# what is wrong, 'cdp-relay doctor --site NAME' says which selectors fit the page.

name = "NAME"
title = "TITLE"

[pages]
new_chat = "https://chat.example.com/"
conversation = "https://chat.example.com/c/{id}"
sign_in = "https://chat.example.com/login"
hosts = ["chat.example.com"]

# Alternatives in order, the first that is visible counts. Lasting marks first (test ids, roles, structure);
# labels are translated and classes are made anew with every build.
[selectors]
composer = ["textarea"]
send = ['''form button[type="submit"]''']
stop = ['''button[aria-label="Stop"]''']
signed_in = ['''[data-testid="user-menu"]''']

[insertion.ladder]
textarea = ["drop", "paste", "insert-text"]
prosemirror = ["drop-html", "paste", "insert-text"]

# The page's own request for an answer: the path as the network panel of the browser shows it.
[submission]
paths = ["/api/chat/completions"]

[answer]
turn = ['''[data-role="assistant"]''']

[pacing]
gap_seconds = 2.0
per_hour = 60

[[states]]
code = "signed_out"
url = "/login"
message = "TITLE asks to sign in."

[[states]]
code = "challenge"
selector = ['''iframe[src*="challenges.cloudflare.com"]''']
after_seconds = 12.0
message = "TITLE is behind a check that wants proof that a person is there."
"""

_CODE = '''\
"""TITLE: its stream format, and the proof of what the page sent.

As it stands this reads the chunks of OpenAI's format, which many pages speak with their own servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    ModelSeen,
    Provider,
    Submission,
)
from cdp_relay.chat.vocabulary import Drift, FinishReason, ReasoningDelta, TextDelta
from cdp_relay.wire import SSEDecoder, decode_json

REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class Decoder:
    """Turns one answer's server-sent events into text."""

    def __init__(self) -> None:
        self._events = SSEDecoder()
        self._unknown = 0

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of the body, cut anywhere."""
        for event in self._events.feed(data):
            if event.data != "[DONE]":
                yield from self._read(event.data)

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """The site uses no socket."""
        return iter(())

    def end_body(self) -> Iterator[DecoderEvent]:
        """Nothing is held back."""
        return iter(())

    def resume(self, request: bytes) -> None:
        """The page does not resume."""

    def _read(self, text: str) -> Iterator[DecoderEvent]:
        try:
            chunk = decode_json(text)
            choice = chunk["choices"][0]
            delta = choice.get("delta") or {}
        except (ValueError, LookupError, TypeError, AttributeError):
            self._unknown += 1
            if self._unknown == 1:
                yield Drift(kind="event", detail="an event that is no chunk")
            return
        if chunk.get("model"):
            yield ModelSeen(str(chunk["model"]))
        if chunk.get("conversation_id"):
            yield ConversationSeen(str(chunk["conversation_id"]))
        if delta.get("reasoning_content"):
            yield ReasoningDelta(str(delta["reasoning_content"]))
        if delta.get("content"):
            yield TextDelta(str(delta["content"]))
        if choice.get("finish_reason"):
            yield AnswerEnded(REASONS.get(choice["finish_reason"], FinishReason.STOP))


class SiteProvider(Provider):
    """TITLE."""

    def new_decoder(self) -> Decoder:
        """Return a decoder for one turn."""
        return Decoder()

    def read_submission(self, body: bytes) -> Submission | None:
        """Read the newest user message out of the page's request."""
        try:
            request: Any = decode_json(body)
            message = request["messages"][-1]
            return Submission(prompt=message["content"], model=request.get("model"))
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
'''


def new_provider(name: str) -> tuple[str, str]:
    """The text of NAME.toml and of NAME.py.

    Raises:
      SettingsError: the name cannot be that of a provider.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot be a provider's name.",
            next_step="Use a lower-case letter, then letters, digits and underscores, 31 characters at most.",
        )
    title = name.replace("_", " ").title()
    definition, code = (text.replace("NAME", name).replace("TITLE", title) for text in (_DEFINITION, _CODE))
    return definition, code
