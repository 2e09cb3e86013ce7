"""The relay: every site behind one question. This is also the library's face."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial

import attrs
import trio
from structlog.contextvars import bound_contextvars

from cdp_relay.chat.answers import Answers
from cdp_relay.chat.begun import BegunChats
from cdp_relay.chat.changes import SiteChanges
from cdp_relay.chat.continuing import HeldChats
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.conversations import Conversations
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.desk import Desk, ProfileBrowser
from cdp_relay.chat.desks import open_desk
from cdp_relay.chat.examine import SiteReport, examine_answer, examine_page, merge_reports, probe_request
from cdp_relay.chat.fingerprint import fingerprint
from cdp_relay.chat.labels import DEFAULT_PROFILE, desk_name, split_desk
from cdp_relay.chat.left_tabs import TabNotes
from cdp_relay.chat.live import TurnBoard
from cdp_relay.chat.loan import Loan
from cdp_relay.chat.menus import learn_menu, look_up_menu
from cdp_relay.chat.offering import Offering, load_offering
from cdp_relay.chat.opening import SiteTab, open_chat
from cdp_relay.chat.overview import Overview
from cdp_relay.chat.place import Place
from cdp_relay.chat.profiles import profile_chrome
from cdp_relay.chat.record import NO_JOURNAL, Journal
from cdp_relay.chat.recovery import Recovery
from cdp_relay.chat.sharing import SharedTurn, Sharing
from cdp_relay.chat.status import ModelInfo, RelayStatus, Route
from cdp_relay.chat.tidying import Tidier
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.turn import Turn
from cdp_relay.chat.usage import TokenCount, TokenCounter, load_tokenizer
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, RequestId
from cdp_relay.chat.wording import call_protocol, word_prompt
from cdp_relay.chrome import supervise
from cdp_relay.errors import NotFound, RelayError
from cdp_relay.nursery import sole_error
from cdp_relay.settings import Home, Settings, load_settings

__all__ = ["Relay", "open_relay"]


@asynccontextmanager
async def open_relay(
    settings: Settings | None = None,
    home: Home | None = None,
    *,
    browser_context_id: str | None = None,
    journal: Journal = NO_JOURNAL,
    lazy: bool = False,
) -> AsyncGenerator[Relay, None]:
    """Start (or attach to) the browser and hold it for as long as the block lasts.

    Leaving the block stops running answers on their pages, closes the relay's tabs, and closes the
    browser if the relay started it.

    Args:
      settings: as loaded from *home* when left out.
      home: where the relay keeps its things; the user's own folders when left out.
      browser_context_id: work in this context of an attached browser, apart from its profile.
      lazy: start the browser with the first request; those of further profiles always wait for theirs.
      journal: keeps requests, answers and chats, as ``cdp_relay.store.open_journal`` does; nothing is
        kept when left out.

    Raises:
      SettingsError: a setting or a provider's file is wrong.
      ProfileRefused: a further profile's folder is somebody's everyday profile.
      BrowserError: there is no usable browser.
    """
    home = home or Home.locate()
    settings = settings or load_settings(home).settings
    offering = load_offering(home, settings)
    providers, memory = offering.registry.providers, offering.memory
    # Before there is a browser to be kept waiting: other threads stand still while it is loaded.
    counter = TokenCounter(await trio.to_thread.run_sync(load_tokenizer))
    try:
        async with AsyncExitStack() as stack:
            for provider in providers.values():
                served = provider.open_site()
                if served is not None:
                    provider.base = await stack.enter_async_context(served)
            browsers: dict[str, ProfileBrowser] = {}
            notes = TabNotes(home.tabs)
            for profile in (DEFAULT_PROFILE, *settings.profiles):
                chrome, is_first = profile_chrome(settings, profile), profile == DEFAULT_PROFILE
                supervising = supervise(chrome, home, lazy=lazy or not is_first)
                browsers[profile] = ProfileBrowser(
                    profile=profile,
                    supervisor=await stack.enter_async_context(supervising),
                    settings=chrome,
                    context=browser_context_id if is_first else None,
                    notes=notes,
                )
            async with trio.open_nursery() as tabs:
                desks = [
                    open_desk(providers[site], browsers[profile], settings, memory, tabs)
                    for site, profile in offering.desks.values()
                ]
                async with trio.open_nursery() as turns:
                    by_name = {desk.name: desk for desk in desks}
                    relay = Relay(settings, offering, by_name, turns, counter, journal)
                    if settings.chat.tidy != "keep":
                        begun = BegunChats(home.begun_chats_file, settings.chat.tidy_hours * 3600)
                        relay.tidier = Tidier(
                            settings.chat.tidy, begun, by_name, relay.chats.forget_named, relay.chats.is_busy
                        )
                        tabs.start_soon(relay.tidier.run)
                    await relay.chats.load()
                    recovery = Recovery(
                        desks=by_name,
                        notes=notes,
                        journal=journal,
                        answers=relay.answers,
                        counter=counter,
                        measures=relay.board.measures,
                        wanted=settings.journal.recover,
                    )
                    turns.start_soon(recovery.run)
                    await recovery.known()
                    yield relay
                    turns.cancel_scope.cancel()
                relay.close()
                tabs.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise sole_error(group) from None
    finally:
        # Turns that were cut off have told nobody what they learned.
        memory.save()


@attrs.define(eq=False)
class Relay:
    """Asks chat sites questions, many at once. Made by :func:`open_relay`."""

    _settings: Settings
    _offering: Offering
    _desks: Mapping[str, Desk]
    """By their names."""
    _turns: trio.Nursery
    _counter: TokenCounter
    _journal: Journal
    tidier: Tidier | None = attrs.field(default=None, init=False)
    """Puts chats away, where the user wants that."""
    chats: Conversations = attrs.field(init=False)
    """What the chats hold that can be gone on with; it stays empty where each request gets a new chat."""
    _held: HeldChats | None = attrs.field(default=None, init=False)
    answers: Answers = attrs.field(init=False)
    """What was answered, and is being answered, to be read by whoever asked."""
    _key: bytes = attrs.field(factory=partial(secrets.token_bytes, 32), init=False)
    """A secret, which tells the model's calls from what only looks like them."""
    board: TurnBoard = attrs.field(factory=TurnBoard, init=False)
    """The turns that run, the last that ended, and the figures of all."""
    _overview: Overview = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        chat, goes_on = self._settings.chat, self._settings.chat.conversations == "auto"
        self.chats = Conversations(self._journal if goes_on else NO_JOURNAL)
        self._held = HeldChats(self.chats) if goes_on else None
        sharing = Sharing(retry_seconds=chat.retry_seconds, finish=chat.after_disconnect == "finish")
        self.answers = Answers(sharing, self._journal, self._turns)
        self._overview = Overview(self._offering, self._desks, chat)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The sites by name, in the order of their preference."""
        return self._offering.registry.providers

    async def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Ask one question; yields steps, deltas and notices as they come, and ``Finished`` last.

        A reader that lags finds deltas joined, and holds nothing up. Closing the generator, or
        cancelling whoever iterates it, stops the answer on the page, unless the request has a key, the
        settings let such answers finish, or others read it as well.

        A request with the key of another one, or one that is sent again, shares the other's answer:
        ``AnswerShared`` comes first then, and the answer from its start.

        Raises:
          RelayError: there is no (whole) answer; the class says why and whether to try again.
        """
        if request.key and not request.fingerprint:
            request = attrs.evolve(request, fingerprint=fingerprint(request))
        found = await self.answers.find(request)
        if found is not None:
            self.board.measures.shared["running" if found.running else "kept"] += 1
        events = self.answers.tell(found or self._begin(request), shared=found is not None)
        async with aclosing(events):
            async for event in events:
                yield event  # noqa: ASYNC119  # whoever iterates it closes it, as the docstring wants

    async def shared_with(self, request: ChatRequest) -> RequestId | None:
        """The request whose answer this one would be given; None when it would be asked.

        Raises:
          UserError: its key allows neither.
        """
        found = await self.answers.find(request)
        return None if found is None else found.id

    def follow(self, id_: RequestId, *, raw: bool = False) -> AsyncGenerator[ChatEvent, None]:
        """The events of a turn that runs, or ended a short while ago, from its start.

        Args:
          raw: what was taken back since is told as well, as it was told at the time.

        Raises:
          NotFound: there is no such turn.
          RelayError: as the turn ended.
        """
        return self.answers.follow(id_, raw=raw)

    def stop(self, id_: RequestId) -> bool:
        """Stop a turn on its page, whoever reads it; False when no such turn runs."""
        return self.answers.stop(id_)

    def forget(self, id_: RequestId) -> None:
        """Give an answer to nobody any more."""
        self.answers.forget(id_)

    def route(self, label: str) -> Route:
        """Where a model label leads: ``SITE``, ``SITE@PROFILE``, each with ``/MODEL`` and ``:EFFORT`` or
        without; anything else leads to the default site. Of a chain, the place that would be asked now.

        Raises:
          ModelNotFound: it names a site in a profile that there is not, or that does not offer it.
        """
        return self._overview.route(label)

    def count_tokens(self, request: ChatRequest) -> TokenCount:
        """Count the tokens of the prompt that a request becomes, tools included; no page is touched.

        Files are not counted.

        Raises:
          InvalidRequest, InvalidText: there is nothing to say, or it cannot be said.
        """
        calls = call_protocol(request, self._key)
        return self._counter.count(word_prompt(request, request.messages, calls))

    def models(self) -> tuple[ModelInfo, ...]:
        """The labels that name a site, one of its models, or a chain, without touching the browser."""
        return tuple(self._overview.models())

    async def look_up_models(self, site: str | None = None) -> Mapping[str, RelayError]:
        """Open a site's own menu of models, and remember what it offers; nothing is sent.

        Args:
          site: all sites that have such a menu, in all profiles, when left out.

        Returns:
          Why a site could not be asked, by its name; empty for one that was named.

        Raises:
          NotFound: no such site is offered.
          UnsupportedValue: the site that was named has no such menu.
          RelayError: no tab could be opened, its page did not open, or its menu did not.
        """
        if site is not None:
            await look_up_menu(self._desk(site), self._offering.memory)
            return {}
        failures: dict[str, RelayError] = {}
        for name, desk in self._desks.items():
            if "model" in desk.provider.site.controls:
                try:
                    await look_up_menu(desk, self._offering.memory)
                except RelayError as error:
                    failures[name] = error
        return failures

    def _desk(self, name: str) -> Desk:
        desk = self._desks.get(desk_name(*split_desk(name)))
        if desk is None:
            raise NotFound(f"No site {name!r} is offered; there are {', '.join(self._desks)}.", param="site")
        return desk

    def status(self) -> RelayStatus:
        """How the browser and the sites are, as far as is known without asking them."""
        return self._overview.status()

    def watch_sites(self) -> SiteChanges:
        """Follow the changes of the sites' states from now on; a context manager and an async iterator."""
        return self._overview.watch()

    async def examine(self, site: str, *, ask: bool = False) -> SiteReport:
        """Open a site and see how its definition fits the page; nothing is sent unless *ask* is set.

        Args:
          ask: also ask one short question, to look at what is only there with an answer.

        Raises:
          NotFound: no such site is offered.
          RelayError: no tab could be opened, or the page did not open.
        """
        desk = self._desk(site)
        pool = desk.pool
        timeline = Timeline(RequestId(f"examine-{site}"), Delivery())
        async with pool.lease(timeline) as site_tab:
            site_tab.spend()
            await open_chat(site_tab, pool.provider.new_chat_url(None), pool.limits)
            report = await examine_page(site_tab, ready_seconds=pool.limits.ready_seconds)
            if ask and report.state is None:
                site_tab.spend()
                answered = await examine_answer(self._turn(probe_request(desk.name)), site_tab)
                report = merge_reports(report, answered)
        return attrs.evolve(report, drifts=desk.drifts.seen)

    @asynccontextmanager
    async def loan(self, site: str) -> AsyncGenerator[Loan, None]:
        """Open a tab of a site that only the block uses, still empty; it is closed with the block.

        Raises:
          NotFound: no such site is offered.
          BrowserError: no tab could be opened.
        """
        desk = self._desk(site)
        async with desk.browser.open_tab() as tab:
            yield Loan(desk=desk, site_tab=SiteTab(tab, desk.provider, lent=True), turn_of=self._turn)

    def close(self) -> None:
        """Close the tabs; part of leaving :func:`open_relay`'s block."""
        for desk in self._desks.values():
            desk.pool.close()

    # --- turns

    def _turn(self, request: ChatRequest) -> Turn:
        routes = self._overview.routes(request.model)
        if len(routes) > 1:
            # Where the conversation stands already, wherever the chain would begin a new one.
            holder = self._holder(request, {route.desk for route in routes})
            routes = sorted(routes, key=lambda route: route.desk != holder)
        places = [self._place(route) for route in routes]
        return Turn(
            request=request,
            places=places,
            chain=places[0].route.chain,
            record=self.board.begin(request, self._journal.begin(request)),
            counter=self._counter,
            calls=call_protocol(request, self._key),
            chats=self._held,
            max_file_bytes=self._settings.chat.max_file_bytes,
            person_seconds=self._settings.chat.person_seconds,
        )

    def _holder(self, request: ChatRequest, desks: Collection[str]) -> str | None:
        """Which of some desks has the chat that a request names, or that holds its conversation so far."""
        named = request.chat.conversation_id
        if named is None:
            return self.chats.find_desk(request.messages, desks)
        return next((chat.desk for chat in self.chats.chats if chat.conversation_id == named), None)

    def _begin(self, request: ChatRequest) -> SharedTurn:
        turn = self._turn(request)
        shared = self.answers.begin(request, turn.delivery, turn.scope.cancel)
        self._turns.start_soon(self._run_shared, turn, shared)
        return shared

    async def _run_shared(self, turn: Turn, shared: SharedTurn) -> None:
        try:
            await self._run(turn)
        finally:
            self.answers.ended(shared)

    def _place(self, route: Route) -> Place:
        desk = self._desks[route.desk]
        return Place(
            desk=desk,
            route=route,
            temporary=self._temporary(route.site),
            seen_models=self._offering.memory.menus.get(desk.name),
            learn_models=partial(learn_menu, desk, self._offering.memory),
        )

    def _temporary(self, site: str) -> bool:
        own = self._settings.site(site).temporary
        return self._settings.chat.temporary if own is None else own

    async def _run(self, turn: Turn) -> None:
        # On each line that the turn's own tasks log; those that outlive it take it off again.
        with bound_contextvars(request=turn.request.id):
            await turn.run()
        if self.tidier is not None and turn.conversation_id is not None and not turn.is_temporary:
            begun = turn.request.chat.conversation_id is None
            await self.tidier.note(turn.desk.name, turn.conversation_id, begun=begun)
        if self._offering.memory.is_news:
            await trio.to_thread.run_sync(self._offering.memory.write, self._offering.memory.news())
