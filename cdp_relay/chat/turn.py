"""One turn: the state machine from a request to the last word of its answer.

``queued → leased → opened → ready → composed → submitted → streaming → finished | stopped | failed``.
Each step has a time limit, is verified, and is written to the timeline. Until the send control is
pressed a lost page costs nothing and the turn starts over once; from then on nothing is ever repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import structlog
import trio

from cdp_relay.chat.admission import Admission
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.attaching import Attachment, plan_files
from cdp_relay.chat.composing import Composed, Composer, check_length
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.controls import apply_controls
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.drift import DriftRecord
from cdp_relay.chat.health import SiteHealth, needs_person
from cdp_relay.chat.interruptions import Interruptions, watch_interruptions
from cdp_relay.chat.offers import SeenModels
from cdp_relay.chat.opening import SiteTab, chat_name, make_ready, open_chat, open_conversation
from cdp_relay.chat.pacing import Pacer
from cdp_relay.chat.page_answer import PageAnswer
from cdp_relay.chat.plan import Plan, plan_turn
from cdp_relay.chat.produced import DEFAULT_MAX_FILE_BYTES, fetch_files
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.receiving import Receiver
from cdp_relay.chat.sending import Sender
from cdp_relay.chat.status import Route
from cdp_relay.chat.tabs import Tabs
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import ChatRequest, Drift, FileProduced, Finished, FinishReason, Notice, Step
from cdp_relay.errors import (
    AnswerBlocked,
    AnswerIncomplete,
    AnswerStopped,
    BrowserError,
    EmptyAnswer,
    InternalError,
    RelayError,
    SiteTimeout,
)
from cdp_relay.nursery import sole_error
from cdp_relay.page import Capture, MenuItem, UploadFolder, open_upload_folder, watch_requests

__all__ = ["Turn"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")


@attrs.define(eq=False)
class Turn:
    """Runs one request on one site.

    :meth:`run` never raises but when it is cancelled from outside; the outcome goes to ``delivery``.
    Cancelling :attr:`scope` stops the answer on the page, and leaves the tab usable or closed.
    """

    request: ChatRequest
    route: Route
    provider: Provider
    pool: Tabs
    health: SiteHealth
    pacer: Pacer
    limits: StepLimits
    drifts: DriftRecord
    temporary: bool = False
    """Whether the settings want a temporary chat, for a request that does not say."""
    seen_models: SeenModels | None = None
    """What the site's menu of models had when it was last open."""
    learn_models: Callable[[Sequence[MenuItem]], None] = lambda _: None
    """Told of what the menu of models has, where it had to be opened."""
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES
    """The largest file of an answer that is fetched."""
    person_seconds: float = 0.0
    """How long to wait for the person where the site asks for one."""
    counter: TokenCounter = attrs.field(factory=TokenCounter)
    delivery: Delivery = attrs.field(factory=Delivery)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    timeline: Timeline = attrs.field(init=False)
    done: trio.Event = attrs.field(factory=trio.Event, init=False)
    _admission: Admission = attrs.field(init=False)
    _plan: Plan = attrs.field(init=False)
    _prompt: str = attrs.field(default="", init=False)
    _files: tuple[Attachment, ...] = attrs.field(default=(), init=False)
    _sender: Sender | None = attrs.field(default=None, init=False)
    _submitted: str = attrs.field(default="", init=False)
    """The address of the prompt's request."""
    _model_sent: str | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.timeline = Timeline(self.request.id, self.delivery)
        self.delivery.on_drift = self.drifts.note
        self._admission = Admission(self.health, self.timeline, self.route.model, self.person_seconds)

    async def run(self) -> None:
        """Run the turn to one of its three ends."""
        try:
            with self.scope:
                await self._run()
            if self.scope.cancelled_caught:
                self.timeline.reach(Step.STOPPED)
                self.delivery.close()
        except (RelayError, ExceptionGroup) as raised:
            error = sole_error(raised)
            self._fail(error if isinstance(error, RelayError) else self._bug(error))
        except Exception as raised:
            # The edge of the component: a bug costs its own request, never the service.
            self._fail(self._bug(raised))
        finally:
            self.delivery.close()
            self.done.set()

    def _fail(self, error: RelayError) -> None:
        self.timeline.reach(Step.FAILED, code=error.code)
        _log.info("turn_failed", request=self.request.id, site=self.provider.site.name, code=error.code)
        self.delivery.close(error)

    def _bug(self, error: BaseException) -> InternalError:
        _log.error("turn_bug", request=self.request.id, exc_info=error)
        return InternalError(f"A bug in CDP Relay ended the request ({type(error).__name__}).")

    async def _run(self) -> None:
        self._plan = plan_turn(
            self.request, self.route, self.provider, temporary=self.temporary, seen=self.seen_models
        )
        planned = plan_files(self._plan.messages, self.provider.site, of=self.request.messages)
        self._prompt, self._files = render_prompt(planned.messages), planned.files
        check_length(self._prompt, self.provider.site, self._files)
        with trio.move_on_after(self.limits.total_seconds) as total:
            while True:
                await self._admission.enter()
                try:
                    await self._attempts()
                    break
                except RelayError as error:
                    if self._may_have_sent() or not self._admission.may_wait(error):
                        raise
        if total.cancelled_caught:
            raise SiteTimeout(
                f"The turn took longer than {self.limits.total_seconds:g} s (limits.total_seconds).",
                details={"site": self.provider.site.name, "step": str(self.timeline.last)},
            )

    async def _attempts(self) -> None:
        try:
            await self._attempt()
        except (RelayError, ExceptionGroup) as raised:
            error = sole_error(raised)
            if not isinstance(error, BrowserError) or not error.retryable or self._may_have_sent():
                raise error from None
            # Nothing was pressed: a fresh tab is free of risk.
            self.delivery.put(Notice(code="restarted", message=f"The page was lost: {error.message}"))
            await self._attempt()

    def _may_have_sent(self) -> bool:
        return self._sender is not None and self._sender.pressed

    async def _attempt(self) -> None:
        async with self.pool.lease(self.timeline) as site_tab, open_upload_folder() as folder:
            # Once more: what others met while this turn waited for a tab holds for it as well.
            self._admission.check()
            self.timeline.reach(Step.LEASED, tab=site_tab.tab.target_id, turns=site_tab.turns)
            async with watch_interruptions(site_tab.tab, self.provider) as interruptions:
                try:
                    with interruptions.applied():
                        await self._open(site_tab)
                        entered = await self.pacer.enter(self.timeline)
                    try:
                        await self._converse(site_tab, folder, interruptions)
                    finally:
                        self.pacer.leave(entered, sent=self._may_have_sent())
                except RelayError as error:
                    site_tab.doubtful = site_tab.doubtful or isinstance(error, BrowserError)
                    site_tab.met = error if needs_person(error) else None
                    self._admission.failed(error)
                    raise

    async def _open(self, site_tab: SiteTab) -> None:
        plan = self._plan
        if plan.conversation_id is not None:
            readiness = await open_conversation(site_tab, plan.url, plan.conversation_id, self.limits)
            self.timeline.reach(Step.OPENED, warm=False, chat="old")
        else:
            opened = await open_chat(site_tab, plan.url, self.limits)
            self.timeline.reach(Step.OPENED, warm=not opened)
            readiness = await make_ready(site_tab, self.limits)
        for drift in readiness.drift:
            self.delivery.put(drift)
        controls = await apply_controls(
            site_tab, plan.controls, self.limits, seen=plan.seen, learn=self.learn_models
        )
        facts = {"controls": dict(controls), "dismissed": readiness.dismissed}
        shown = {name: fact for name, fact in facts.items() if fact}
        self.timeline.reach(Step.READY, composer_rank=readiness.composer_rank, **shown)

    async def _converse(self, site_tab: SiteTab, folder: UploadFolder, interruptions: Interruptions) -> None:
        site_tab.spend()
        interruptions.document = site_tab.tab.loader_id
        wanted = watch_requests(site_tab.tab, want=self._is_wanted, want_socket=self.provider.is_socket)
        with wanted as capture:
            reader = AnswerReader(self.provider.new_decoder(), self.delivery, counter=self.counter)
            page = PageAnswer(site_tab.tab, self.provider)
            receiver = Receiver(
                self.provider, capture, reader, interruptions, self.timeline, self.limits, page
            )
            try:
                with interruptions.applied():
                    composed = await self._compose(site_tab, folder)
                    await page.mark()
                    await self._send(site_tab, composed, capture, receiver, interruptions)
                with interruptions.applied(states=False):
                    await receiver.receive()
                    await self._fetch_files(site_tab, composed, reader)
                    await self._name_chat(site_tab, reader)
                    self._finish(reader)
                    with self.pool.while_unwanted():
                        await receiver.drain()
                        await self._compare(page, reader)
            finally:
                if self._may_have_sent() and not receiver.at_rest and interruptions.lost is None:
                    site_tab.doubtful = True
                    with trio.move_on_after(self.limits.stop_seconds, shield=True):
                        site_tab.doubtful = not await self._stopped(site_tab, receiver)

    def _is_wanted(self, method: str, url: str) -> bool:
        provider = self.provider
        return any(
            wanted(method, url) for wanted in (provider.is_submission, provider.is_resume, provider.is_stop)
        )

    async def _compose(self, site_tab: SiteTab, folder: UploadFolder) -> Composed:
        composer = Composer(
            site_tab=site_tab, prompt=self._prompt, files=self._files, folder=folder, limits=self.limits
        )
        composed = await composer.compose()
        insertion = composed.insertion
        self.timeline.reach(
            Step.COMPOSED,
            characters=len(self._prompt),
            editor=insertion.editor,
            rung=insertion.rung,
            attempts=len(insertion.attempts),
            attached=insertion.attached,
            attachments=composed.attachments,
            removed=composed.removed,
        )
        if len(insertion.attempts) > 1:
            failed = ", ".join(attempt.rung for attempt in insertion.attempts[:-1])
            self.delivery.put(Drift(kind="insertion", detail=f"{insertion.editor}: {failed} did not work"))
        return composed

    async def _send(
        self,
        site_tab: SiteTab,
        composed: Composed,
        capture: Capture,
        receiver: Receiver,
        interruptions: Interruptions,
    ) -> None:
        self._sender = Sender(site_tab, capture, composed.text, self.limits, interruptions)
        sent = await self._sender.send()
        self._submitted = sent.url
        receiver.sent(sent)
        self._model_sent = sent.submission.model
        self.timeline.reach(Step.SUBMITTED, presses=sent.presses, model=sent.submission.model)
        composed.check_sent(sent.submission, self.provider.site.title)
        for difference in self._plan.differences(sent.submission):
            self.delivery.put(difference)
        if sent.missing is not None:
            self.delivery.put(Drift(kind="selector", detail=f"send: {sent.missing.message} Enter sent it."))
        if not sent.exact:
            self.delivery.put(
                Notice(code="prompt_spacing", message="The site changed white space inside the prompt.")
            )

    async def _fetch_files(self, site_tab: SiteTab, composed: Composed, reader: AnswerReader) -> None:
        named = [
            attrs.evolve(file, url=self.provider.file_url(file.url, self._submitted)) for file in reader.files
        ]
        files = fetch_files(
            site_tab.tab,
            named,
            max_bytes=self.max_file_bytes,
            places=self.provider.site.answer.files,
            known=composed.shown,
        )
        async for event in files:
            reader.files_fetched += isinstance(event, FileProduced)
            self.delivery.put(event)

    async def _name_chat(self, site_tab: SiteTab, reader: AnswerReader) -> None:
        seconds = self.provider.site.pages.named_seconds
        if seconds and reader.conversation_id is None and reader.text_bytes and not self._plan.temporary:
            reader.conversation_id = self._plan.conversation_id or await chat_name(site_tab, seconds)

    def _finish(self, reader: AnswerReader) -> None:
        title = self.provider.site.title
        if reader.finish_reason is FinishReason.INTERRUPTED:
            # Half an answer must never look whole: an agent would apply half an edit.
            raise AnswerStopped(f"The answer was stopped on {title}'s page.")
        if not reader.text_bytes and not reader.files_fetched:
            if reader.finish_reason is FinishReason.CONTENT_FILTER:
                raise AnswerBlocked(f"{title} withheld the answer.")
            if reader.files:
                raise AnswerIncomplete(f"{title}'s answer is a file that could not be fetched.")
            raise EmptyAnswer(f"{title} ended its answer without any text.")
        if reader.model is not None and not self._plan.is_asked(reader.model):
            message = f"{self.route.model} was asked for; {reader.model} answered."
            self.delivery.put(Notice(code="model_differs", message=message))
        self._admission.worked()
        conversation = reader.conversation_id
        self.timeline.reach(Step.FINISHED, bytes=reader.text_bytes, capture=reader.capture)
        self.delivery.put(
            Finished(
                finish_reason=reader.finish_reason or FinishReason.STOP,
                usage=reader.usage(self.counter.count(self._prompt)),
                site=self.provider.site.name,
                model=reader.model or self._model_sent,
                conversation_id=conversation,
                conversation_url=self.provider.conversation_url(conversation) if conversation else None,
                capture=reader.capture,
                timeline=tuple(self.timeline.steps),
            )
        )
        self.delivery.close()

    async def _compare(self, page: PageAnswer, reader: AnswerReader) -> None:
        """Compare what the wire said with what the page shows; the client has its answer already."""
        if not page.known or not reader.text or reader.capture == "page":
            return
        drift = await page.compare(reader.text)
        if drift is not None:
            _log.warning("capture_differs", request=self.request.id, kind=drift.kind, detail=drift.detail)
            self.delivery.put(drift)

    async def _stopped(self, site_tab: SiteTab, receiver: Receiver) -> bool:
        """Stop the answer on the page; False when nobody can say that it stopped."""
        try:
            return await receiver.stop(site_tab.tab)
        except RelayError:
            return False
