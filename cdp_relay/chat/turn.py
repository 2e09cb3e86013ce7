"""One turn: the state machine from a request to the last word of its answer.

``queued → leased → opened → ready → composed → submitted → streaming → finished | stopped | failed``.
Each step has a time limit, is verified, and is written to the timeline. Until the send control is
pressed a lost page costs nothing and the turn starts over once; from then on nothing is ever repeated.

A turn goes on in the chat that holds its conversation so far, where there is one, and tells it only what is
new. Where that chat turns out to be gone, changed or full, the turn goes on in a new one with everything.

An answer that is wrong in its form is asked for once more, in the same chat: another prompt, and not the
first one again. What comes of that can make the answer better, and never lose it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

import attrs
import structlog
import trio

from cdp_relay.chat.admission import Admission
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.attaching import Attachment, plan_files
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.chains import Refusals, leads_on
from cdp_relay.chat.composing import check_length
from cdp_relay.chat.continuing import ChatTie, HeldChats
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.controls import NOT_OFFERED, apply_controls
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.exchange import Exchange, open_exchange
from cdp_relay.chat.health import needs_person
from cdp_relay.chat.interruptions import Interruptions, watch_interruptions
from cdp_relay.chat.opening import SiteTab, make_ready, open_chat, open_conversation
from cdp_relay.chat.place import Place
from cdp_relay.chat.plan import Plan, plan_turn
from cdp_relay.chat.produced import DEFAULT_MAX_FILE_BYTES
from cdp_relay.chat.record import NoRecord, TurnRecord
from cdp_relay.chat.shaping import Shape, Shaper, shape_of
from cdp_relay.chat.status import Route
from cdp_relay.chat.tabs import Tabs
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    ChatRequest,
    Drift,
    Finished,
    FinishReason,
    Notice,
    Step,
    Usage,
)
from cdp_relay.chat.wording import word_closing, word_prompt
from cdp_relay.errors import (
    AnswerBlocked,
    AnswerIncomplete,
    AnswerStopped,
    BrowserError,
    EmptyAnswer,
    InternalError,
    PageNavigated,
    RelayError,
    SiteTimeout,
)
from cdp_relay.nursery import sole_error
from cdp_relay.page import UploadFolder, open_upload_folder, watch_requests

__all__ = ["Turn"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")


@attrs.define(eq=False)
class Turn:
    """Runs one request on one site.

    :meth:`run` never raises but when it is cancelled from outside; the outcome goes to ``delivery``.
    Cancelling :attr:`scope` stops the answer on the page, and leaves the tab usable or closed.
    """

    request: ChatRequest
    places: Sequence[Place]
    """Where it may be answered: the next where one can't take work now, while nothing was sent."""
    chain: str = ""
    """What the label called them, where there are several."""
    record: TurnRecord = attrs.field(factory=NoRecord)
    """Told of all that happens."""
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES
    """The largest file of an answer that is fetched."""
    person_seconds: float = 0.0
    """How long to wait for the person where the site asks for one."""
    counter: TokenCounter = attrs.field(factory=TokenCounter)
    calls: CallProtocol | None = None
    """How calls of tools stand in the prompt of a new chat and in its answer, where there are any."""
    chats: HeldChats | None = None
    """The chats that can be gone on with; None to ask in a new one."""
    delivery: Delivery = attrs.field(factory=Delivery)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    conversation_id: str | None = attrs.field(default=None, init=False)
    """What the site calls the chat of its answer, once it has said so."""
    place: Place = attrs.field(init=False)
    """Where it is answered, as far as is known by now."""
    pool: Tabs = attrs.field(init=False)
    """Where its tab comes from."""
    timeline: Timeline = attrs.field(init=False)
    done: trio.Event = attrs.field(factory=trio.Event, init=False)
    _tie: ChatTie = attrs.field(init=False)
    """To the chat that the turn goes on in."""
    _admission: Admission = attrs.field(init=False)
    _plan: Plan = attrs.field(init=False)
    _prompt: str = attrs.field(default="", init=False)
    _files: tuple[Attachment, ...] = attrs.field(default=(), init=False)
    _calls: CallProtocol | None = attrs.field(default=None, init=False)
    """How calls stand in the chat that it goes to."""
    _closing: str = attrs.field(default="", init=False)
    """What is said beside a prompt that goes as a file."""
    _shape: Shape | None = attrs.field(default=None, init=False)
    _exchange: Exchange | None = attrs.field(default=None, init=False)
    """The one of the request's own prompt."""

    def __attrs_post_init__(self) -> None:
        self.timeline = Timeline(self.request.id, self.delivery)
        self.delivery.watch = self._watch
        self._tie = ChatTie(self.request, self.chats)
        self._move_to(self.places[0])

    def _move_to(self, place: Place) -> None:
        """Take up a place; the request is planned anew there."""
        self.place, self.pool, self._exchange = place, place.desk.pool, None
        # Nobody waits for a person at one site while another one may answer.
        person_seconds = self.person_seconds if place is self.places[-1] else 0.0
        self._admission = Admission(place.desk.health, self.timeline, place.route.model, person_seconds)

    @property
    def desk(self) -> Desk:
        """The site, in its profile."""
        return self.place.desk

    @property
    def route(self) -> Route:
        """What the request's label means there."""
        return self.place.route

    @property
    def is_temporary(self) -> bool:
        """Whether its chat is one that the site does not keep."""
        return self._plan.temporary

    @property
    def provider(self) -> Provider:
        """The site."""
        return self.desk.provider

    @property
    def limits(self) -> StepLimits:
        """How long each step may take."""
        return self.desk.pool.limits

    def _watch(self, event: ChatEvent) -> None:
        if isinstance(event, Drift):
            self.desk.drifts.note(event)
        self._tie.hear(event)
        self.record.event(event)

    def _named(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        url = self.provider.conversation_url(conversation_id)
        self.delivery.put(ChatNamed(conversation_id=conversation_id, conversation_url=url))

    async def run(self) -> None:
        """Run the turn to one of its three ends."""
        try:
            with self.scope:
                await self._run_somewhere()
            if self.scope.cancelled_caught:
                self.timeline.reach(Step.STOPPED)
                self.record.ended("stopped")
                self.delivery.close()
        except (RelayError, ExceptionGroup) as raised:
            error = sole_error(raised)
            self._fail(error if isinstance(error, RelayError) else self._bug(error))
        except Exception as raised:
            # The edge of the component: a bug costs its own request, never the service.
            self._fail(self._bug(raised))
        finally:
            self._tie.release()
            self.delivery.close()
            self.done.set()

    def _fail(self, error: RelayError) -> None:
        if self.timeline.reached(Step.FINISHED):
            # The client has its answer; what happens to its page afterwards is the page's own affair.
            _log.info("page_lost_after_answer", site=self.desk.name, code=error.code)
            return
        self.timeline.reach(Step.FAILED, code=error.code)
        _log.info("turn_failed", request=self.request.id, site=self.desk.name, code=error.code)
        self.record.ended("failed", error)
        self.delivery.close(error)

    def _bug(self, error: BaseException) -> InternalError:
        _log.error("turn_bug", request=self.request.id, exc_info=error)
        return InternalError(f"A bug in CDP Relay ended the request ({type(error).__name__}).")

    async def _run_somewhere(self) -> None:
        """Run at the first of the places that can take it."""
        refusals = Refusals(self.chain)
        for place in self.places:
            self._move_to(place)
            self.record.routed(self.desk.name, self.route.model)
            try:
                await self._run()
                return
            except (RelayError, ExceptionGroup) as raised:
                error = sole_error(raised)
                if not isinstance(error, RelayError) or self._may_have_sent() or not leads_on(error):
                    raise error from None
                refusals.add(self.desk.name, error)
                if place is self.places[-1]:
                    raise refusals.conclusion() from None
                following = self.places[len(refusals)].desk.name
                message = f"{self.desk.name} can't answer now, so {following} is asked: {error.message}"
                self.delivery.put(Notice(code="fell_back", message=message))

    async def _run(self) -> None:
        self._tie.seek(self.place)
        try:
            self._prepare()
        except RelayError:
            if self._tie.claim is None:
                raise
            # What is new may be nothing that can be said by itself.
            self._tie.release()
            self._prepare()
        # Over all places: what one has used up, the next has not.
        with trio.move_on_at(self.timeline.started + self.limits.total_seconds) as total:
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

    def _prepare(self) -> None:
        """Plan the turn in the chat that it goes on in, or in a new one, and word its prompt."""
        claim, place = self._tie.claim, self.place
        self._plan = plan_turn(
            self.request,
            self.route,
            self.provider,
            temporary=place.temporary,
            seen=place.seen_models,
            claim=claim,
        )
        planned = plan_files(self._plan.messages, self.provider.site, of=self.request.messages)
        self._calls = self._tie.calls(self.calls)
        if claim is None:
            self._prompt = word_prompt(self.request, planned.messages, self._calls)
        else:
            self._prompt = self._tie.word(planned.messages, self._calls)
        self._files = planned.files
        self._closing = word_closing(self.request, self._calls)
        self._shape = shape_of(self.request, self._calls)
        check_length(self._prompt, self.provider.site, self._files)

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
        return self._exchange is not None and self._exchange.may_have_sent

    async def _attempt(self) -> None:
        party = f"{self.request.client} {self.request.session}"
        await self._tie.arrive()
        chat = None if self._tie.chat is None else self._tie.chat.id
        try:
            async with (
                self.pool.lease(self.timeline, party=party, chat=chat) as site_tab,
                open_upload_folder() as folder,
            ):
                # Once more: what others met while this turn waited for a tab holds for it as well.
                self._admission.check()
                self.timeline.reach(
                    Step.LEASED, site=self.desk.name, tab=site_tab.tab.target_id, turns=site_tab.turns
                )
                try:
                    await self._use(site_tab, folder)
                except (RelayError, ExceptionGroup) as raised:
                    error = sole_error(raised)
                    if not isinstance(error, RelayError) or not self._tie.leaves(error, self._exchange):
                        raise error from None
                    self._leave_chat(error, site_tab)
                    await self._use(site_tab, folder)
        finally:
            self._tie.gone()

    def _leave_chat(self, error: RelayError, site_tab: SiteTab) -> None:
        """The chat cannot be gone on with, and has taken nothing: plan the turn anew, in a new one.

        Raises:
          PageNavigated: it has to be done on another tab.
        """
        _log.info("chat_left", request=self.request.id, site=self.desk.name, code=error.code)
        self.delivery.put(self._tie.leave(error))
        self._exchange = None
        self._prepare()
        if not site_tab.usable:
            raise PageNavigated(f"The chat was left: {error.message}")

    async def _use(self, site_tab: SiteTab, folder: UploadFolder) -> None:
        """Ask on a tab."""
        async with watch_interruptions(site_tab.tab, self.provider) as interruptions:
            try:
                with interruptions.applied():
                    await self._open(site_tab)
                    entered = await self.desk.pacer.enter(self.timeline)
                try:
                    await self._converse(site_tab, folder, interruptions)
                finally:
                    self.desk.pacer.leave(entered, sent=self._may_have_sent())
            except RelayError as error:
                site_tab.doubtful = site_tab.doubtful or isinstance(error, BrowserError)
                if not self._tie.leaves(error, self._exchange):
                    site_tab.met = error if needs_person(error) else None
                    self._admission.failed(error)
                raise

    async def _open(self, site_tab: SiteTab) -> None:
        plan = self._plan
        if self._tie.chat is not None:
            how, readiness = await self._tie.open(site_tab, self.limits)
            self.timeline.reach(Step.OPENED, warm=how == "held", chat=how, continued=self._tie.continued)
        elif plan.conversation_id is not None:
            readiness = await open_conversation(site_tab, plan.url, plan.conversation_id, self.limits)
            self.timeline.reach(Step.OPENED, warm=False, chat="old")
        else:
            opened = await open_chat(site_tab, plan.url, self.limits)
            self.timeline.reach(Step.OPENED, warm=not opened, chat="new")
            readiness = await make_ready(site_tab, self.limits)
        if plan.conversation_id is not None and self.conversation_id != plan.conversation_id:
            self._named(plan.conversation_id)
        for drift in readiness.drift:
            self.delivery.put(drift)
        controls = await apply_controls(
            site_tab,
            plan.controls,
            self.limits,
            optional=plan.optional,
            seen=plan.seen,
            learn=self.place.learn_models,
        )
        missing = [name for name, outcome in controls.items() if outcome == NOT_OFFERED]
        for name in missing:
            message = f"{self.provider.site.title} does not offer {name} {plan.controls[name]!r} here."
            self.delivery.put(Notice(code="wish_not_granted", message=message))
        self._plan = plan.without(missing)
        facts = {"controls": dict(controls), "dismissed": readiness.dismissed}
        shown = {name: fact for name, fact in facts.items() if fact}
        self.timeline.reach(Step.READY, composer_rank=readiness.composer_rank, **shown)

    async def _converse(self, site_tab: SiteTab, folder: UploadFolder, interruptions: Interruptions) -> None:
        site_tab.spend()
        interruptions.document = site_tab.tab.loader_id
        shaper = None if self._shape is None else Shaper(self._shape, _new_call_id)
        wanted = watch_requests(site_tab.tab, want=self._is_wanted, want_socket=self.provider.is_socket)
        with wanted as capture:
            self._exchange = Exchange(
                site_tab=site_tab,
                plan=self._plan,
                prompt=self._prompt,
                files=self._files,
                closing=self._closing,
                reader=self._reader(shaper),
                capture=capture,
                interruptions=interruptions,
                timeline=self.timeline,
                folder=folder,
                limits=self.limits,
                facts={"continued": self._tie.continued} if self._tie.continued else {},
            )
            try:
                last = await self._exchanged(self._exchange, shaper)
            except BaseException as raised:
                self._broke_off(raised)
                raise
        if not last.reader.over or last.drained:
            self._tie.stand(site_tab)

    async def _exchanged(self, asked: Exchange, shaper: Shaper | None) -> Exchange:
        """Send the prompt, give out its answer, and leave the page at rest.

        Returns:
          The last exchange with the page.
        """
        interruptions = asked.interruptions
        async with open_exchange(asked) as exchange:
            with interruptions.applied():
                await exchange.send(self.record.sending)
            with interruptions.applied(states=False):
                await exchange.receive()
                if exchange.reader.over:
                    await exchange.fetch_files(self.max_file_bytes)
                    await exchange.name_chat()
                self._check(exchange.reader)
                self._admission.worked()
                last = exchange if shaper is None else await self._shaped(exchange, shaper)
                self._finish(exchange, last, shaper)
                if last.reader.over:
                    with self.pool.while_unwanted():
                        await last.drain()
                        # The next turn in this chat wants the page, and no look at it.
                        with self._tie.leisure():
                            await last.compare()
        return last

    def _broke_off(self, raised: BaseException) -> None:
        """Note what the chat holds of a turn that did not come to its end."""
        error = sole_error(raised) if isinstance(raised, ExceptionGroup) else raised
        exchange = self._exchange
        if exchange is not None and exchange.may_have_sent and not self._tie.leaves(error, exchange):
            self._tie.broke_off(error, self._plan, self._calls, exchange)

    def _reader(self, shaper: Shaper | None) -> AnswerReader:
        decoder, known = self.provider.new_decoder(), self._plan.conversation_id
        return AnswerReader(
            decoder, self.delivery, shaper, self.counter, named=self._named, conversation_id=known
        )

    async def _shaped(self, exchange: Exchange, shaper: Shaper) -> Exchange:
        """Give out what the shaper made of the answer, once the model has corrected it where it has to.

        Returns:
          The last exchange with the page.
        """
        self._deliver(shaper.close(exchange.reader.finish_reason))
        if shaper.correction is None:
            return exchange
        corrective = attrs.evolve(
            exchange,
            prompt=shaper.correction,
            reader=self._reader(shaper),
            files=(),
            closing="",
            facts={"correction": True},
        )
        try:
            with exchange.interruptions.applied(states=False):
                await self._correct(exchange, corrective, shaper)
        except (RelayError, ExceptionGroup) as raised:
            error = sole_error(raised)
            if not isinstance(error, RelayError):
                raise
            # What the model said first is still the answer, and what the site says now holds for the next.
            site_tab = exchange.site_tab
            site_tab.doubtful = site_tab.doubtful or isinstance(error, BrowserError)
            site_tab.met = error if needs_person(error) else None
            self._admission.failed(error)
            self._deliver(shaper.give_up(f"The model could not be asked to correct it: {error.message}"))
        else:
            self._deliver(shaper.close(corrective.reader.finish_reason))
        return corrective

    async def _correct(self, exchange: Exchange, corrective: Exchange, shaper: Shaper) -> None:
        """Ask once more, in the same chat on the same page."""
        await exchange.settle()
        entered = await self.desk.pacer.enter(self.timeline)
        try:
            async with open_exchange(corrective):
                shaper.begin_correction()
                with corrective.interruptions.applied():
                    await corrective.send(self.record.sending)
                with corrective.interruptions.applied(states=False):
                    await corrective.receive()
                if corrective.reader.finish_reason is FinishReason.INTERRUPTED:
                    raise AnswerStopped("The correction was stopped on the page.")
        finally:
            self.desk.pacer.leave(entered, sent=corrective.may_have_sent)

    def _deliver(self, events: Iterable[ChatEvent]) -> None:
        for event in events:
            self.delivery.put(event)

    def _is_wanted(self, method: str, url: str) -> bool:
        provider = self.provider
        return any(
            wanted(method, url) for wanted in (provider.is_submission, provider.is_resume, provider.is_stop)
        )

    def _check(self, reader: AnswerReader) -> None:
        """See that there is an answer.

        Raises:
          AnswerStopped, AnswerBlocked, AnswerIncomplete, EmptyAnswer: there is none, or half of one.
        """
        title = self.provider.site.title
        if reader.finish_reason is FinishReason.INTERRUPTED:
            # Half an answer must never look whole: an agent would apply half an edit.
            raise AnswerStopped(f"The answer was stopped on {title}'s page.")
        if reader.text_bytes or reader.files_fetched or reader.enough:
            return
        if reader.finish_reason is FinishReason.CONTENT_FILTER:
            raise AnswerBlocked(f"{title} withheld the answer.")
        if reader.files:
            raise AnswerIncomplete(f"{title}'s answer is a file that could not be fetched.")
        raise EmptyAnswer(f"{title} ended its answer without any text.")

    def _finish(self, exchange: Exchange, last: Exchange, shaper: Shaper | None) -> None:
        """Say that the turn worked; the client has its answer.

        Args:
          last: the corrective exchange, where there was one.
        """
        reader = exchange.reader
        if reader.model is not None and not self._plan.is_asked(reader.model):
            message = f"{self.route.model} was asked for; {reader.model} answered."
            self.delivery.put(Notice(code="model_differs", message=message))
        usage = reader.usage(self.counter.count(self._whole_prompt()))
        if last is not exchange:
            usage = _added(usage, last.reader.usage(self.counter.count("")))
        conversation = reader.conversation_id or last.reader.conversation_id
        reason = reader.finish_reason or FinishReason.STOP
        self._tie.keep(self._plan, self._calls, last, conversation)
        self.timeline.reach(Step.FINISHED, bytes=reader.text_bytes, capture=reader.capture)
        self.delivery.put(
            Finished(
                finish_reason=reason if shaper is None else shaper.finish_reason(reader.finish_reason),
                usage=usage,
                site=self.desk.name,
                model=reader.model or exchange.model_sent,
                conversation_id=conversation,
                conversation_url=self.provider.conversation_url(conversation) if conversation else None,
                stop_sequence=None if shaper is None else shaper.stop_sequence,
                capture=reader.capture,
                timeline=tuple(self.timeline.steps),
            )
        )
        self.record.ended("finished")
        self.delivery.close()

    def _whole_prompt(self) -> str:
        """All that the model answers to, of which a chat that was gone on with held the most: clients watch
        how long their conversations get."""
        if self._tie.claim is None:
            return self._prompt
        return word_prompt(self.request, self.request.messages, self.calls)


def _new_call_id() -> str:
    return f"call_{secrets.token_hex(12)}"


def _added(usage: Usage, more: Usage) -> Usage:
    """What both answers cost; of the corrective prompt nothing counts, as no client can foresee it."""
    return attrs.evolve(
        usage,
        completion_tokens=usage.completion_tokens + more.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens + more.reasoning_tokens,
    )
