"""Whatever befalls turns and tabs, and in whatever order: no tab has two turns, and no turn is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import hypothesis.strategies as st
import trio
import trio.testing
from hypothesis import given, settings

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.tabs import TabPool
from cdp_relay.errors import LaunchFailed, QueueFull, SignedOut
from tests.chat.stand_in_tabs import StandInBrowser, make_pool, new_timeline, stand_in

IDLE_SECONDS = 100.0

_begin = st.tuples(st.just("begin"), st.sampled_from("abc"), st.sampled_from([None, None, "one", "two"]))
_end = st.tuples(
    st.just("end"),
    st.integers(0, 9),
    st.sampled_from(["plain", "stands", "doubtful", "gone", "big", "asks"]),
)
_other = st.tuples(
    st.sampled_from(["give_up", "close_by_hand", "browser_fails", "browser_works", "wait"]), st.integers(0, 9)
)
STEPS = st.lists(st.one_of(_begin, _begin, _end, _end, _other), min_size=5, max_size=30)


@attrs.define(eq=False)
class Asked:
    """A turn that asks for a tab."""

    chat: str | None
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    tab: SiteTab | None = None
    end: trio.Event = attrs.field(factory=trio.Event)
    how: str = "plain"
    over: str = ""


@attrs.define(eq=False)
class Story:
    """What happens to one pool, step by step, and what holds after each."""

    size: int
    provider: Provider = attrs.field(factory=lambda: load_provider("practice"))
    browser: StandInBrowser = attrs.field(factory=StandInBrowser)
    turns: list[Asked] = attrs.field(factory=list)
    pool: TabPool = attrs.field(init=False)
    nursery: trio.Nursery = attrs.field(init=False)

    async def tell(self, steps: list[tuple[str, object, object] | tuple[str, object]], fresh: bool) -> None:
        async with trio.open_nursery() as nursery:
            limits = self.provider.site.limits
            self.pool = make_pool(
                self.provider,
                self.browser,
                nursery,
                size=self.size,
                queue=4,
                queue_seconds=1e9,
                idle_seconds=IDLE_SECONDS,
                memory_mb=100,
                limits=limits if fresh else attrs.evolve(limits, fresh_seconds=0),
            )
            self.nursery = nursery
            for name, *facts in steps:
                act: Callable[..., Awaitable[None]] = getattr(self, name)
                await act(*facts)
                await trio.testing.wait_all_tasks_blocked()
                self.check()
            await self.come_to_an_end()
            nursery.cancel_scope.cancel()

    @property
    def running(self) -> list[Asked]:
        return [turn for turn in self.turns if turn.tab is not None and not turn.over]

    @property
    def waiting(self) -> list[Asked]:
        return [turn for turn in self.turns if turn.tab is None and not turn.over]

    # --- what can happen

    async def begin(self, party: str, chat: str | None) -> None:
        self.turns.append(Asked(chat))
        self.nursery.start_soon(self._turn, self.turns[-1], party)

    async def _turn(self, turn: Asked, party: str) -> None:
        try:
            with turn.scope:
                async with self.pool.lease(new_timeline(), party=party, chat=turn.chat) as site_tab:
                    lent = [other.tab for other in self.running]
                    assert site_tab not in lent
                    assert not stand_in(site_tab).closed
                    assert site_tab.chat in (None, turn.chat)
                    turn.tab = site_tab
                    await turn.end.wait()
                    self._leave_tab(site_tab, turn)
            turn.over = turn.over or "ended"
        except (QueueFull, LaunchFailed) as error:
            turn.over = error.code

    def _leave_tab(self, site_tab: SiteTab, turn: Asked) -> None:
        site_tab.spend()
        match turn.how:
            case "stands":
                site_tab.chat = turn.chat or "three"
            case "doubtful":
                site_tab.doubtful = True
            case "gone":
                stand_in(site_tab).gone.set()
            case "big":
                stand_in(site_tab).megabytes = 1000
                site_tab.chat = turn.chat
            case "asks":
                site_tab.met = SignedOut("Who are you?")

    async def end(self, which: int, how: str) -> None:
        if self.running:
            turn = self.running[which % len(self.running)]
            turn.how = how
            turn.end.set()

    async def give_up(self, which: int) -> None:
        there = self.waiting + self.running
        if there:
            turn = there[which % len(there)]
            turn.over = "left"
            turn.scope.cancel()

    async def close_by_hand(self, which: int) -> None:
        if self.browser.open:
            self.browser.open[which % len(self.browser.open)].gone.set()

    async def browser_fails(self, _: int) -> None:
        self.browser.failing = True

    async def browser_works(self, _: int) -> None:
        self.browser.failing = False

    async def wait(self, seconds: int) -> None:
        await trio.sleep(seconds * IDLE_SECONDS / 4)

    # --- what holds

    def check(self) -> None:
        figures = self.pool.statistics
        assert figures.waiting == len(self.waiting)
        assert figures.busy == len(self.running) <= self.size
        assert not self.waiting or figures.busy == self.size, "somebody waits beside a free slot"
        assert figures.tabs == len(self.browser.open) <= self.size
        assert figures.opened - figures.closed == figures.tabs
        lent = [stand_in(turn.tab) for turn in self.running if turn.tab is not None]
        assert len({id(tab) for tab in lent}) == len(lent)
        assert not any(tab.closed for tab in lent), "closed under a turn"

    async def come_to_an_end(self) -> None:
        """End what runs until nothing is left; then no tab stays either."""
        self.browser.failing = False
        while self.running:
            for turn in self.running:
                turn.end.set()
            await trio.testing.wait_all_tasks_blocked()
            self.check()
        assert not self.waiting
        await trio.sleep(IDLE_SECONDS + 1)
        assert not self.browser.open


@given(STEPS, st.integers(1, 3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_tab_has_two_turns_and_no_turn_is_forgotten(
    steps: list[tuple[str, object, object] | tuple[str, object]], size: int, fresh: bool
) -> None:
    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(Story(size).tell, steps, fresh, clock=clock, strict_exception_groups=True)
