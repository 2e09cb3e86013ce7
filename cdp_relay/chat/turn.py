"""One turn: the state machine from a request to the last word of its answer.

``queued → leased → opened → ready → composed → submitted → streaming → finished | stopped | failed``.
Each step has a time limit, is verified, and is written to the timeline. Until the send control is
pressed a lost page costs nothing and the turn starts over once; from then on nothing is ever repeated.

A turn goes on in the chat that holds its conversation so far, where there is one, and tells it only what is
new. Where that chat turns out to be gone, changed or full, the turn goes on in a new one with everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import structlog
import trio

from cdp_relay.chat.admission import Admission
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.chains import Refusals, leads_on
from cdp_relay.chat.continuing import ChatTie, HeldChats
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.controls import NOT_OFFERED, apply_controls
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.dialogue import Dialogue
from cdp_relay.chat.health import needs_person
from cdp_relay.chat.interruptions import watch_interruptions
from cdp_relay.chat.job import Job, prepare_job
from cdp_relay.chat.opening import SiteTab, make_ready, open_chat, open_conversation
from cdp_relay.chat.place import Place
from cdp_relay.chat.produced import DEFAULT_MAX_FILE_BYTES
from cdp_relay.chat.record import NoRecord, TurnRecord
from cdp_relay.chat.status import Route
from cdp_relay.chat.tabs import Tabs
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    ChatRequest,
    Drift,
    Notice,
    Step,
)
from cdp_relay.errors import (
    BrowserError,
    InternalError,
    PageNavigated,
    RelayError,
    SiteTimeout,
)
from cdp_relay.nursery import sole_error
from cdp_relay.page import UploadFolder, open_upload_folder

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
    _job: Job = attrs.field(init=False)
    _dialogue: Dialogue | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.timeline = Timeline(self.request.id, self.delivery)
        self.delivery.watch = self._watch
        self._tie = ChatTie(self.request, self.chats)
        self._move_to(self.places[0])

    def _move_to(self, place: Place) -> None:
        """Take up a place; the request is planned anew there."""
        self.place, self.pool, self._dialogue = place, place.desk.pool, None
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
        return self._job.plan.temporary

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
            if self.scope.cancelled_caught and not self.timeline.reached(Step.FINISHED):
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
        self.record.ended("failed", error)
        self.delivery.close(error)

    def _bug(self, error: BaseException) -> InternalError:
        _log.error("turn_bug", request=self.request.id, exc_info=error)
        return InternalError(f"A bug in CDP Relay ended the request ({type(error).__name__}).")

    async def _run_somewhere(self) -> None:
        """Run at the first of the places that can take it."""
        refusals = Refusals(self.chain)
        for place in self.places:
            if place is not self.place:
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
        self._job = prepare_job(self.request, self.place, self._tie, self.calls)

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
        return self._dialogue is not None and self._dialogue.may_have_sent

    def _leaves_chat(self, error: BaseException) -> bool:
        """Whether the turn goes on in a new chat."""
        return self._tie.leaves(error, None if self._dialogue is None else self._dialogue.exchange)

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
                    if not isinstance(error, RelayError) or not self._leaves_chat(error):
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
        self._dialogue = None
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
                self._dialogue = self._new_dialogue()
                try:
                    await self._dialogue.hold(site_tab, folder, interruptions)
                finally:
                    self.desk.pacer.leave(entered, sent=self._may_have_sent())
            except RelayError as error:
                site_tab.doubtful = site_tab.doubtful or isinstance(error, BrowserError)
                if not self._leaves_chat(error):
                    site_tab.met = error if needs_person(error) else None
                    self._admission.failed(error)
                raise

    def _new_dialogue(self) -> Dialogue:
        return Dialogue(
            job=self._job,
            place=self.place,
            tie=self._tie,
            pool=self.pool,
            admission=self._admission,
            record=self.record,
            timeline=self.timeline,
            counter=self.counter,
            named=self._named,
            max_file_bytes=self.max_file_bytes,
        )

    async def _open(self, site_tab: SiteTab) -> None:
        plan = self._job.plan
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
        self._job = attrs.evolve(self._job, plan=plan.without(missing))
        facts = {"controls": dict(controls), "dismissed": readiness.dismissed}
        shown = {name: fact for name, fact in facts.items() if fact}
        self.timeline.reach(Step.READY, composer_rank=readiness.composer_rank, **shown)
