"""How long an answer is waited for, and what its silence means; in virtual time."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import attrs
import pytest
import trio
import trio.testing

from cdp_relay import errors
from cdp_relay.chat import Drift, FinishReason, Notice, RequestId, Step
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import Submission
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.page_answer import PageAnswer
from cdp_relay.chat.receiving import Receiver
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.sending import Sent
from cdp_relay.chat.timeline import Timeline
from cdp_relay.page import (
    BodyData,
    BodyEnded,
    Capture,
    CaptureEvent,
    RenderedText,
    RequestSent,
    ResponseStarted,
    SocketMessage,
)

SSE = {"content-type": "text/event-stream"}
MESSAGE = {
    "id": "a",
    "author": {"role": "assistant"},
    "recipient": "all",
    "channel": "final",
    "content": {"content_type": "text", "parts": ["Half"]},
}
HALF = f"data: {json.dumps({'v': {'message': MESSAGE, 'conversation_id': 'c'}, 'c': 0})}\n\n".encode()
COMPLETE = b'data: {"type": "message_stream_complete", "conversation_id": "c"}\n\n'
DONE = b"data: [DONE]\n\n"
RESUME = "https://chatgpt.com/backend-api/f/conversation/resume"


@attrs.define(eq=False)
class Wire:
    """A capture that gives out what the test says, at its time."""

    script: list[tuple[float, CaptureEvent]]

    async def __anext__(self) -> CaptureEvent:
        if not self.script:
            await trio.sleep_forever()
        at, event = self.script[0]
        await trio.sleep_until(at)
        self.script.pop(0)
        return event


def started(status: int = 200, headers: dict[str, str] | None = None, request: str = "r") -> ResponseStarted:
    chosen = SSE if headers is None else headers
    return ResponseStarted(request_id=request, status=status, headers=chosen, mime_type="")


def data(chunk: bytes, request: str = "r") -> BodyData:
    return BodyData(request_id=request, data=chunk)


def ended(error: str | None = None, request: str = "r") -> BodyEnded:
    return BodyEnded(request_id=request, error=error, canceled=error == "net::ERR_ABORTED", source="stream")


def resumed() -> RequestSent:
    return RequestSent(
        request_id="again", method="POST", url=RESUME, body=b'{"offset": 1}', session=cast(Any, None)
    )


HEARTBEATS: list[tuple[float, CaptureEvent]] = [
    (at, SocketMessage(url="wss://ws.chatgpt.com/", text='[{"type":"heartbeat"}]')) for at in range(5, 600, 5)
]
ANOTHER_CHAT = [(at, attrs.evolve(resumed(), request_id=f"other-{at}")) for at in range(5, 600, 5)]


@attrs.define(eq=False)
class Shown:
    """A page that shows a whole answer from a moment on, or never."""

    at: float = math.inf
    error: errors.RelayError | None = None
    known: bool = True

    async def whole(self, *, timeout: float, appear: float) -> RenderedText | None:
        with trio.move_on_after(min(timeout, appear)):
            await trio.sleep_until(self.at)
            if self.error is not None:
                raise self.error
            return RenderedText(markdown="**Shown**", thinking="", done=True)
        return None


def receiver(*script: tuple[float, CaptureEvent], page: Shown | None = None) -> Receiver:
    now = trio.current_time()
    provider = load_provider("chatgpt")
    delivery = Delivery()
    made = Receiver(
        provider,
        cast(Capture, Wire([(now + at, event) for at, event in script])),
        AnswerReader(provider.new_decoder(), delivery),
        Interruptions(),
        Timeline(RequestId("r"), delivery),
        attrs.evolve(provider.site.limits, first_byte_seconds=60, idle_seconds=100, recover_seconds=20),
        cast(PageAnswer, page),
    )
    made.sent(Sent(request_id="r", submission=Submission(prompt="hi"), presses=1, exact=True))
    return made


@pytest.mark.parametrize(
    ("script", "expected", "at"),
    [
        ([], errors.SiteTimeout, 60),
        ([(50, started())], errors.SiteTimeout, 110),
        ([(1, started()), (2, data(HALF))], errors.SiteTimeout, 102),
        (
            [(1, started()), (2, data(HALF)), (3, ended("net::ERR_FAILED"))],
            errors.AnswerIncomplete,
            23,
        ),
        ([(1, started()), (2, data(HALF)), (3, ended())], errors.AnswerIncomplete, 23),
        # A page that tries again and again, in vain, does not go on.
        (
            [
                *((1, started()), (2, data(HALF)), (3, ended("net::ERR_FAILED"))),
                *((10, resumed()), (11, started(404, {}, "again")), (11, ended(None, "again"))),
                *((20, resumed()), (21, started(404, {}, "again")), (21, ended(None, "again"))),
            ],
            errors.AnswerIncomplete,
            23,
        ),
        # What else the page hears and asks does not make a site that hangs look alive.
        ([(1, started()), *HEARTBEATS], errors.SiteTimeout, 61),
        ([(1, started()), (2, data(HALF)), *HEARTBEATS], errors.SiteTimeout, 102),
        ([(1, started()), (2, data(HALF)), *ANOTHER_CHAT], errors.SiteTimeout, 102),
        ([(1, ended("net::ERR_CONNECTION_RESET"))], errors.AnswerIncomplete, 21),
        # A page that does not read a refusal's body never lets it end.
        ([(1, started(503, {}))], errors.SiteOverloaded, 4),
        ([(1, started(429, {"retry-after": "9"})), (2, ended())], errors.RateLimited, 2),
        ([(1, started(200, {"content-type": "text/html"})), (1, ended())], errors.SiteError, 1),
    ],
)
async def test_silence_ends_in_the_error_that_it_means(
    script: list[tuple[float, CaptureEvent]],
    expected: type[errors.RelayError],
    at: float,
    autojump_clock: trio.testing.MockClock,
) -> None:
    started_at = trio.current_time()
    with pytest.raises(expected):
        await receiver(*script).receive()
    assert trio.current_time() - started_at == pytest.approx(at)


async def test_a_resume_that_is_refused_leaves_the_page_time_to_try_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    done = data(COMPLETE, "third")
    taken = receiver(
        (1, started()),
        (2, data(HALF)),
        (3, ended("net::ERR_FAILED")),
        (5, resumed()),
        (6, started(404, {}, "again")),
        (6, ended(None, "again")),
        (9, attrs.evolve(resumed(), request_id="third")),
        (10, started(request="third")),
        (11, done),
    )
    await taken.receive()
    assert taken.reader.text_bytes == len("Half")
    assert taken.reader.finish_reason is not None


async def test_a_state_that_shows_while_the_stream_is_silent_is_the_outcome(
    autojump_clock: trio.testing.MockClock,
) -> None:
    taken = receiver((1, started()), (2, data(HALF)))
    shown = errors.GenerationFailed("Something went wrong.")

    async def show() -> None:
        await trio.sleep(10)
        taken.interruptions._show(shown)

    started_at = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show)
        with pytest.raises(errors.GenerationFailed):
            await taken.receive()
    assert trio.current_time() - started_at == pytest.approx(13)


async def test_a_state_beside_a_stream_that_goes_on_is_only_a_banner(
    autojump_clock: trio.testing.MockClock,
) -> None:
    done = data(COMPLETE)
    taken = receiver((1, started()), (2, data(HALF)), (4, done), (5, ended()))
    taken.interruptions.state = errors.GenerationFailed("Something went wrong.")
    await taken.receive()
    assert taken.timeline.reached(Step.STREAMING)


@pytest.mark.parametrize(
    ("script", "shown_at", "at"),
    [
        # The body ends and says nothing: the page is asked at once.
        ([(1, started()), (2, data(DONE)), (2, ended())], 3, 3),
        ([(1, started()), (2, ended("the body was lost: command_timeout"))], 3, 3),
        # The body stays open and silent: the page is watched, and the wire has a last chance.
        ([(1, started())], 30, 35),
        ([], 5, 13),
    ],
)
async def test_what_the_wire_does_not_give_is_read_off_the_page(
    script: list[tuple[float, CaptureEvent]],
    shown_at: float,
    at: float,
    autojump_clock: trio.testing.MockClock,
) -> None:
    begun = trio.current_time()
    taken = receiver(*script, page=Shown(at=begun + shown_at))
    await taken.receive()
    assert trio.current_time() - begun == pytest.approx(at)
    assert taken.reader.text == "**Shown**"
    assert taken.reader.capture == "page"
    assert taken.reader.finish_reason is FinishReason.STOP
    taken.timeline.delivery.close()
    events = [event async for event in taken.timeline.delivery]
    assert [event.code for event in events if isinstance(event, Notice)] == ["captured_from_page"]
    assert [event.kind for event in events if isinstance(event, Drift)] == ["capture"]
    assert taken.timeline.reached(Step.STREAMING)


@pytest.mark.parametrize(
    ("script", "page", "expected"),
    [
        # Half an answer of the wire is never made whole by the page.
        ([(1, started()), (2, data(HALF)), (3, ended())], Shown(at=0), errors.AnswerIncomplete),
        ([(1, started()), (2, data(HALF))], Shown(at=0), errors.SiteTimeout),
        # The site's own word is the outcome, whatever stands on the page.
        ([(1, started(503, {})), (2, ended())], Shown(at=0), errors.SiteOverloaded),
        # A state that the page shows says more than its text; a page without an answer says nothing.
        ([(1, started()), (2, ended())], Shown(at=0, error=errors.CapReached("Enough.")), errors.CapReached),
        ([(1, started()), (2, data(DONE)), (2, ended())], Shown(), errors.EmptyAnswer),
        ([(1, started()), (2, ended())], Shown(at=0, known=False), errors.AnswerIncomplete),
    ],
)
async def test_the_page_has_no_word_where_the_wire_or_the_site_has_one(
    script: list[tuple[float, CaptureEvent]],
    page: Shown,
    expected: type[errors.RelayError],
    autojump_clock: trio.testing.MockClock,
) -> None:
    taken = receiver(*script, page=page)
    with pytest.raises(expected):
        await taken.receive()
    assert taken.reader.capture != "page"


async def test_a_wire_that_begins_late_is_believed_before_the_page(
    autojump_clock: trio.testing.MockClock,
) -> None:
    late = (12.0, data(HALF + COMPLETE))
    taken = receiver((1, started()), late, (13, ended()), page=Shown(at=trio.current_time()))
    await taken.receive()
    assert taken.reader.text == "Half"
    assert taken.reader.capture == "stream"


async def test_a_body_that_was_read_at_its_end_is_told_as_such(
    autojump_clock: trio.testing.MockClock,
) -> None:
    whole = attrs.evolve(data(HALF + COMPLETE), source="body")
    taken = receiver((1, started()), (2, whole), (2, ended()))
    await taken.receive()
    assert taken.reader.capture == "body"
