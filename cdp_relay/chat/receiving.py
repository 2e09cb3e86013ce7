"""Receive one answer off the wire: response bodies, resumed bodies and socket messages, in order."""

from __future__ import annotations

import attrs
import structlog
import trio

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.sending import Sent
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Drift, Step
from cdp_relay.errors import AnswerIncomplete, EmptyAnswer, RelayError, SiteTimeout
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
    _requests: set[str] = attrs.field(factory=set, init=False)
    """Those whose bodies belong to the answer."""
    _open: set[str] = attrs.field(factory=set, init=False)
    """Those of them whose bodies have not ended."""
    _first: str = attrs.field(default="", init=False)
    _status: int | None = attrs.field(default=None, init=False)
    _headers: dict[str, str] = attrs.field(factory=dict, init=False)
    _refusal: bytearray | None = attrs.field(default=None, init=False)
    """The body of a response that is no answer."""
    _flowing: bool = attrs.field(default=False, init=False)
    """Whether any byte of the answer has come."""
    _broken: str | None = attrs.field(default=None, init=False)
    """Why the last body ended, while the page is given time to go on by itself."""
    _wait: trio.CancelScope | None = attrs.field(default=None, init=False)

    def sent(self, sent: Sent) -> None:
        """The prompt left in this request."""
        self._first = sent.request_id
        self._requests.add(sent.request_id)
        self._open.add(sent.request_id)

    @property
    def at_rest(self) -> bool:
        """Whether nothing that a client would want is on its way any more."""
        return self.reader.over or (not self._open and self.reader.topic is None)

    async def receive(self) -> None:
        """Read until the answer is whole.

        Raises:
          RelayError: the site refused, failed, fell silent, or its stream ended early.
        """
        self.interruptions.on_state = self._hasten
        try:
            while not self.reader.over:
                self._take(await self._next())
        finally:
            self.interruptions.on_state = None
        if self.reader.error is not None:
            raise self.reader.error

    async def drain(self) -> None:
        """Read what follows the answer, for a short time; nothing in it can fail the turn."""
        with trio.move_on_after(_DRAIN_SECONDS):
            while self._open:
                self._take(await self.capture.__anext__())

    async def stop(self, tab: Tab) -> bool:
        """Press the page's own stop control and see the answer end; True when it did."""
        if not self._requests:
            # Pressed, but not seen to leave: only closing the page makes sure.
            return False
        await click_control(tab, self.provider.site.selectors.stop, timeout=self.limits.stop_seconds)
        while self._open:
            event = await self.capture.__anext__()
            if isinstance(event, BodyEnded):
                self._open.discard(event.request_id)
        return True

    # --- waiting

    async def _next(self) -> CaptureEvent:
        seconds, name = self._patience()
        if self.interruptions.state is not None:
            seconds = min(seconds, _STATE_PATIENCE_SECONDS)
        with trio.move_on_after(seconds) as self._wait:
            return await self.capture.__anext__()
        self._wait = None
        if self._refusal is not None:
            raise self._refused()
        if self.interruptions.state is not None:
            raise self.interruptions.state
        raise self._silence(seconds, name)

    def _hasten(self) -> None:
        """The page shows a state: unless the stream goes on soon, that is the outcome."""
        if self._wait is not None:
            self._wait.deadline = min(self._wait.deadline, trio.current_time() + _STATE_PATIENCE_SECONDS)

    def _patience(self) -> tuple[float, str]:
        if self._refusal is not None:
            return _REFUSAL_SECONDS, ""
        if self._broken is not None:
            return self.limits.recover_seconds, "recover_seconds"
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

    # --- events

    def _take(self, event: CaptureEvent) -> None:
        match event:
            case RequestSent():
                self._another_request(event)
            case ResponseStarted() if event.request_id in self._requests:
                self._response(event)
            case BodyData() if event.request_id in self._requests:
                self._flowing = True
                if self._refusal is None:
                    self.reader.body(event.data)
                elif len(self._refusal) < _MAX_REFUSAL_BYTES:
                    self._refusal += event.data
            case BodyEnded() if event.request_id in self._requests:
                self._body_ended(event)
            case SocketMessage():
                self.reader.frame(event.text)
                if self.reader.topic is not None:
                    self._flowing = True
            case _:
                pass

    def _another_request(self, event: RequestSent) -> None:
        if self.provider.is_resume(event.method, event.url):
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
                self.timeline.reach(Step.STREAMING, status=event.status)
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
        if event.source == "body" and self.reader.topic is None:
            self.reader.capture = "body"
        if self._refusal is not None and event.request_id == self._first:
            raise self._refused()
        over_before = self.reader.over
        self.reader.end_body()
        if over_before or self.reader.over:
            return
        if self._status is None:
            self._broken = event.error or "no response"
        elif self.reader.topic is None or event.error is not None:
            self._broken = event.error or "the stream ended without the site's sign of completion"
