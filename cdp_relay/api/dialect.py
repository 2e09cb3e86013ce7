"""What a dialect is to the rest of the door: a request that was read, and writers of its answer.

A dialect is a folder here with a reader (its body in, a :class:`ChatRequest` out), two writers (events
in, bytes out), and routes. Adding one touches nothing in ``chat/``. Sans-IO.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Finished
from cdp_relay.errors import GenerationFailed, InternalError, RelayError

__all__ = [
    "SSE_TYPE",
    "AnswerFacts",
    "Asked",
    "StreamWriter",
    "WholeWriter",
    "no_end",
    "require_end",
    "text_taken_back",
]

SSE_TYPE = "text/event-stream; charset=utf-8"


@attrs.frozen(kw_only=True)
class AnswerFacts:
    """What is settled about an answer before its first event."""

    id: str
    """32 hexadecimal digits; dialects put their own prefix before it."""
    request_id: str
    created: int
    """Unix seconds."""
    label: str
    """The model as the client named it; clients compare it with what they sent."""


def no_end() -> InternalError:
    """The error for a turn whose last event never came."""
    return InternalError("The turn ended without saying how.")


def require_end(event: ChatEvent | None) -> Finished:
    """The last event of a turn.

    Raises:
      InternalError: it is another, or there was none.
    """
    if not isinstance(event, Finished):
        raise no_end()
    return event


class StreamWriter(Protocol):
    """Writes the events of one turn as they come."""

    notices: list[str]
    """Sentences for the client that came with the events, or that were there before them."""

    @property
    def finished(self) -> bool:
        """Whether the stream has had its last word."""
        ...

    def open(self) -> bytes:
        """What is said before the first event."""
        ...

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          RelayError: the event cannot be told to a client that has what came before.
        """
        ...

    def keep_alive(self) -> bytes:
        """An event that says nothing: idle timers of clients count events, and not comments."""
        ...

    def fail(self, error: RelayError) -> bytes:
        """The last word of a stream that broke; it must not look like the end of a whole answer."""
        ...


class WholeWriter(Protocol):
    """Collects the events of one turn into one answer."""

    notices: list[str]

    def feed(self, event: ChatEvent) -> None:
        """Take the next event."""
        ...

    @property
    def end(self) -> Finished:
        """The turn's last event.

        Raises:
          InternalError: there was none.
        """
        ...

    def render(self) -> bytes:
        """The answer as JSON."""
        ...


@attrs.frozen(kw_only=True)
class Asked:
    """A request in any dialect, understood."""

    request: ChatRequest
    stream: bool
    given: tuple[str, ...] = ()
    """Parameters that were given and that not every site honours, in the order of the body."""
    new_stream: Callable[[AnswerFacts], StreamWriter]
    new_whole: Callable[[AnswerFacts], WholeWriter]
    stream_type: str = SSE_TYPE


def text_taken_back(chars: int) -> GenerationFailed:
    """The error of a stream whose client has text that the site took back; no dialect can say that."""
    return GenerationFailed(
        f"The site took back {chars} characters of its answer, which had been streamed.",
        next_step="Send the request again; without 'stream' such an answer comes out right.",
    )
