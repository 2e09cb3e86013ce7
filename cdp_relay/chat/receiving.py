"""Receive one answer off the wire: response bodies, resumed bodies and socket messages, in order."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.page_answer import PageAnswer
from cdp_relay.chat.sending import Sent
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Drift, FinishReason, Notice, Step
from cdp_relay.errors import (
    AnswerIncomplete,
    BrowserError,
    EmptyAnswer,
    RelayError,
    SiteTimeout,
    StreamDrift,
)
from cdp_relay.page import (
    BodyData,
    BodyEnded,
    Capture,
    CaptureEvent,
    RequestSent,
    ResponseStarted,
    SocketMessage,
    Tab,
    click_control,
)

__all__ = ["Receiver"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")

_STATE_PATIENCE_SECONDS = 3.0
"""How long a stream may be silent after the page showed an error, before the page is believed."""

_DRAIN_SECONDS = 5.0
"""How long the tail after the answer (title, limits) is waited for before the tab goes on; measured
elsewhere at 3 s on ChatGPT. The client has its whole answer by then."""

_PAGE_WATCH_SECONDS = 8.0
"""After this time without a word from the wire the page is watched: it may get its text in a way that
nobody sees, and show the answer while every limit of the wire still runs."""

_PAGE_PATIENCE_SECONDS = 5.0
"""How long the wire may still begin once the page shows a whole answer: a body that could not be read
live is asked for at its end."""

_APPEAR_SECONDS = 5.0
"""How long a page may show neither an answer nor work on one, once the wire has ended without a text."""

_UNHEARD = (AnswerIncomplete, EmptyAnswer, SiteTimeout, StreamDrift)
"""What it may mean that the wire gave no text; everything else is the site's own word."""

_WHOLE = (FinishReason.STOP, FinishReason.LENGTH)

_MAX_REFUSAL_BYTES = 256 * 1024

_REFUSAL_SECONDS = 3.0
"""How long the body of a refusal is waited for: a page that does not read it never lets it end."""


@attrs.define(eq=False)
class Receiver:
    """Follows the requests that carry one answer until the site says that it is whole."""

    provider: Provider
    capture: Capture
    reader: AnswerReader
    interruptions: Interruptions
    timeline: Timeline
    limits: StepLimits
    page: PageAnswer | None = None
    """The last rung; without it the wire has the only word."""
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """What the timeline says of this answer."""
    _requests: set[str] = attrs.field(factory=set, init=False)
    """Those whose bodies belong to the answer."""
    _open: set[str] = attrs.field(factory=set, init=False)
    """Those of them whose bodies have not ended."""
    _early: dict[str, list[CaptureEvent]] = attrs.field(factory=dict, init=False)
    """What came of requests that may turn out to go on with the answer, once a body ends without its end."""
    _stopped: bool = attrs.field(default=False, init=False)
    """Whether somebody has stopped the answer on the page."""
    _halted: bool = attrs.field(default=False, init=False)
    """Whether that was us, with success."""
    _first: str = attrs.field(default="", init=False)
    _status: int | None = attrs.field(default=None, init=False)
    _headers: dict[str, str] = attrs.field(factory=dict, init=False)
    _refusal: bytearray | None = attrs.field(default=None, init=False)
    """The body of a response that is no answer."""
    _flowing: bool = attrs.field(default=False, init=False)
    """Whether any byte of the answer has come."""
    _broken: str | None = attrs.field(default=None, init=False)
    """Why the last body ended, while the page is given time to go on by itself."""
    _broken_at: float = attrs.field(default=0.0, init=False)
    """When that time began: the page's vain tries do not prolong it."""
    _heard_at: float = attrs.field(factory=trio.current_time, init=False)
    """When something of the answer came last, or its prompt left."""
    _wait: trio.CancelScope | None = attrs.field(default=None, init=False)
    _stalled: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Set when a body ended without a text."""
    _page_watch: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    _on_page: bool = attrs.field(default=False, init=False)
    """Whether the page was seen to show a whole answer of which the wire gave nothing."""

    def sent(self, sent: Sent) -> None:
        """The prompt left in this request."""
        self._heard_at = trio.current_time()
        self._first = sent.request_id
        self._requests.add(sent.request_id)
        self._open.add(sent.request_id)

    @property
    def at_rest(self) -> bool:
        """Whether nothing of the answer is on its way any more."""
        return self._halted or self.reader.over or (not self._open and self.reader.topic is None)

    @property
    def refused(self) -> bool:
        """Whether the site has answered the prompt's request with something that is no answer."""
        return self._refusal is not None

    async def receive(self) -> None:
        """Read until the answer is whole, or there is enough of it.

        It comes off the wire, or off the page where the wire gives no text.
        What the wire gave is never mixed with what the page shows.

        Raises:
          RelayError: the site refused, failed, fell silent, or its stream ended early.
        """
        failure: RelayError | None = None
        self.interruptions.on_state = self._state_shows
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch_page)
                try:
                    while not (self.reader.over or self.reader.enough):
                        self._take(await self._next())
                except RelayError as error:
                    # Raised again outside of the nursery, where nothing wraps it into a group.
                    failure = error
                nursery.cancel_scope.cancel()
        finally:
            self.interruptions.on_state = None
        if self._stopped and failure is None:
            self.reader.finish_reason = FinishReason.INTERRUPTED
        failure = failure or self.reader.error
        if not await self._read_page(failure) and failure is not None:
            raise failure

    async def drain(self) -> None:
        """Read what follows the answer, for a short time; nothing in it can fail the turn."""
        with trio.move_on_after(_DRAIN_SECONDS):
            while self._open:
                self._take(await self.capture.__anext__())

    async def stop(self, tab: Tab) -> bool:
        """Press the page's own stop control and see the answer end, if it does not end by itself.

        Returns:
          Whether it ended.
        """
        if not self._requests:
            # Pressed, but not seen to leave: only closing the page makes sure.
            return False
        bodies = bool(self._open)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._press_stop, tab, nursery.cancel_scope)
            while self._open:
                event = await self.capture.__anext__()
                if isinstance(event, BodyEnded):
                    self._open.discard(event.request_id)
            if bodies:
                # An answer can end just before it is stopped: the control is gone then.
                self._halted = True
                nursery.cancel_scope.cancel()
        return self._halted

    async def _press_stop(self, tab: Tab, waiting: trio.CancelScope) -> None:
        try:
            await click_control(tab, self.provider.site.selectors.stop, timeout=self.limits.stop_seconds)
        except RelayError:
            waiting.cancel()
        else:
            self._halted = self._halted or not self._open

    # --- waiting

    async def _next(self) -> CaptureEvent:
        limit, name = self._patience()
        seconds = limit if self._broken is not None else self._heard_at + limit - trio.current_time()
        if self.interruptions.state is not None:
            seconds = min(seconds, _STATE_PATIENCE_SECONDS)
        if self._on_page and not self.reader.text_chars:
            seconds = min(seconds, self._page_patience)
        with trio.move_on_after(max(0.0, seconds)) as self._wait:
            return await self.capture.__anext__()
        self._wait = None
        if self._refusal is not None:
            raise self._refused()
        if self.interruptions.state is not None:
            raise self.interruptions.state
        raise self._silence(limit, name)

    def _state_shows(self) -> None:
        """The page shows a state: unless the stream goes on soon, that is the outcome."""
        self._hasten(_STATE_PATIENCE_SECONDS)

    def _hasten(self, seconds: float) -> None:
        if self._wait is not None:
            self._wait.deadline = min(self._wait.deadline, trio.current_time() + seconds)

    def _patience(self) -> tuple[float, str]:
        if self._refusal is not None:
            return _REFUSAL_SECONDS, ""
        if self._broken is not None:
            left = self._broken_at + self.limits.recover_seconds - trio.current_time()
            return max(0.0, left), "recover_seconds"
        if not self._flowing:
            return self.limits.first_byte_seconds, "first_byte_seconds"
        return self.limits.idle_seconds, "idle_seconds"

    def _silence(self, seconds: float, name: str) -> RelayError:
        title = self.provider.site.title
        if self._broken is not None:
            return self._cut_short()
        what = "sent nothing more" if self._flowing else "did not begin to answer"
        return SiteTimeout(
            f"{title} {what} for {seconds:g} s (limits.{name}).",
            details={"site": self.provider.site.name, "step": str(self.timeline.last), "seconds": seconds},
        )

    def _refused(self) -> RelayError:
        return self.provider.refusal(self._status or 0, self._headers, bytes(self._refusal or b""))

    def _cut_short(self) -> RelayError:
        title = self.provider.site.title
        if not self.reader.text_bytes and not self._broken:
            return EmptyAnswer(f"{title} answered with an empty stream.")
        why = f" ({self._broken})" if self._broken else ""
        return AnswerIncomplete(
            f"{title}'s answer broke off after {self.reader.text_bytes} bytes{why}, "
            "and the page did not go on with it.",
            details={"site": self.provider.site.name, "bytes": self.reader.text_bytes},
        )

    # --- the page

    async def _watch_page(self) -> None:
        """See that the page shows an answer of which the wire gives nothing."""
        if self.page is None or not self.page.known:
            return
        with self._page_watch:
            with trio.move_on_after(_PAGE_WATCH_SECONDS):
                await self._stalled.wait()
            seconds = self.limits.total_seconds
            with suppress(RelayError):
                if await self.page.whole(timeout=seconds, appear=seconds) is not None:
                    self._on_page = True
                    self._hasten(self._page_patience)

    @property
    def _page_patience(self) -> float:
        """How long the wire may still begin; no longer at all once everything has ended."""
        return 0.0 if not self._open and self.reader.topic is None else _PAGE_PATIENCE_SECONDS

    async def _read_page(self, failure: RelayError | None) -> bool:
        """Take the answer off the page, if the wire gave nothing of it; False when that is not so.

        Raises:
          RelayError: the page shows a state, which says more than its text.
        """
        reader = self.reader
        if self.page is None or not self.page.known or reader.text_chars or reader.files:
            return False
        if not isinstance(failure, _UNHEARD) and reader.finish_reason not in _WHOLE:
            return False
        shown = None
        with self.interruptions.applied(), suppress(BrowserError):
            shown = await self.page.whole(timeout=self.limits.idle_seconds, appear=_APPEAR_SECONDS)
        if shown is None:
            return False
        why = failure.code if failure is not None else "no text"
        delivery, title = self.timeline.delivery, self.provider.site.title
        _log.warning("captured_from_page", request=self.timeline.request, why=why)
        delivery.put(
            Notice(
                code="captured_from_page",
                message=f"The wire gave no text of {title}'s answer; it was read off the page, as Markdown.",
            )
        )
        delivery.put(Drift(kind="capture", detail=f"the answer was read off the page ({why})"))
        if not self.timeline.reached(Step.STREAMING):
            self.timeline.reach(Step.STREAMING, status=None)
        reader.error = None
        reader.rendered(shown.markdown, shown.thinking)
        return True

    # --- events

    def _take(self, event: CaptureEvent) -> None:
        if not isinstance(event, SocketMessage) and event.request_id in self._early:
            self._early[event.request_id].append(event)
            return
        match event:
            case RequestSent():
                self._another_request(event)
            case ResponseStarted() if event.request_id in self._requests:
                self._response(event)
            case BodyData() if event.request_id in self._requests:
                self._flowing = True
                if event.source == "body" and self.reader.topic is None:
                    self.reader.capture = "body"
                if self._refusal is None:
                    self.reader.body(event.data)
                elif len(self._refusal) < _MAX_REFUSAL_BYTES:
                    self._refusal += event.data
            case BodyEnded() if event.request_id in self._requests:
                self._body_ended(event)
            case SocketMessage():
                self.reader.frame(event.text)
                self._flowing = self._flowing or self._is_news(event)
            case _:
                pass
        if self.reader.text_chars:
            self._page_watch.cancel()

        if self._is_news(event):
            self._heard_at = trio.current_time()

    def _is_news(self, event: CaptureEvent) -> bool:
        """Whether it is about this answer. A socket's heartbeats, other chats on it, and whatever else the
        page asks do not make a site that hangs look alive."""
        if isinstance(event, SocketMessage):
            return self.reader.topic is not None and self.reader.topic in event.text
        return event.request_id in self._requests

    def _another_request(self, event: RequestSent) -> None:
        if self.provider.is_stop(event.method, event.url):
            self._stopped = True
        elif self.provider.is_resume(event.method, event.url):
            if self._open:
                # A site may read the chat anew at any time; only a broken answer goes on by that. Whether it
                # is one may not be known yet: the page hears of a break before we do.
                self._early[event.request_id] = [event]
                return
            _log.info("answer_resumed", request=self.timeline.request)
            self._requests.add(event.request_id)
            self._open.add(event.request_id)
            self.reader.resume(event.body or b"")
        elif self.provider.read_submission(event.body or b"") is not None:
            self.timeline.delivery.put(
                Drift(kind="submission", detail="a second prompt left the page while the first was answered")
            )

    def _response(self, event: ResponseStarted) -> None:
        accepted = self.provider.is_stream(event.status, event.headers)
        if event.request_id == self._first:
            self._status, self._headers = event.status, dict(event.headers)
            if accepted:
                self.timeline.reach(Step.STREAMING, status=event.status, **self.facts)
            else:
                self._refusal = bytearray()
        elif accepted:
            self._broken = None
        else:
            # The page tried to resume and was told no; it may try again.
            self._requests.discard(event.request_id)
            self._open.discard(event.request_id)

    def _body_ended(self, event: BodyEnded) -> None:
        self._open.discard(event.request_id)
        if self._refusal is not None and event.request_id == self._first:
            raise self._refused()
        over_before, broken_before = self.reader.over, self._broken
        self.reader.end_body()
        if over_before or self.reader.over:
            return
        if self._stopped and not self._open:
            self.reader.finish_reason = FinishReason.INTERRUPTED
            return
        if self._status is None:
            self._broken = event.error or "no response"
        elif self.reader.topic is None or event.error is not None:
            self._broken = event.error or "the stream ended without the site's sign of completion"
        if self._broken is not None and broken_before is None:
            self._broken_at = trio.current_time()
        if self._broken is not None and not self.reader.text_chars:
            self._stalled.set()
        if not self._open:
            early, self._early = self._early, {}
            for held in early.values():
                for one in held:
                    self._take(one)
