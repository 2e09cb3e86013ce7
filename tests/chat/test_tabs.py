"""A site's tabs are lent in a fair order; the queue is bounded, and every slot comes back."""

from __future__ import annotations

from contextlib import AsyncExitStack

import attrs
import pytest
import trio
import trio.testing

from cdp_relay.chat import Step
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.tabs import TabPool
from cdp_relay.errors import LaunchFailed, QueueFull, QueueTimeout, ShuttingDown
from cdp_relay.page import Tab
from tests.chat.stand_in_tabs import StandInBrowser, make_pool, new_timeline, stand_in


@pytest.fixture
def provider() -> Provider:
    return load_provider("practice")


@pytest.fixture
def browser() -> StandInBrowser:
    return StandInBrowser()


@pytest.fixture
def pool(provider: Provider, browser: StandInBrowser, nursery: trio.Nursery) -> TabPool:
    return make_pool(provider, browser, nursery)


async def hold(pool: TabPool, order: list[str], name: str, release: trio.Event) -> None:
    async with pool.lease(new_timeline()):
        order.append(name)
        await release.wait()


async def test_a_tab_is_opened_once_and_used_again(pool: TabPool, browser: StandInBrowser) -> None:
    for _ in range(3):
        async with pool.lease(new_timeline()) as site_tab:
            turns = site_tab.turns
        await trio.testing.wait_all_tasks_blocked()
    assert turns == 3
    assert len(browser.opened) == 1
    assert browser.visited == [pool.provider.new_chat_url(None)] * 3, "led to a new chat after each turn"
    assert pool.statistics.busy == 0


async def test_no_chat_is_opened_ahead_where_none_may_stand_unused(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery
) -> None:
    limits = attrs.evolve(provider.site.limits, fresh_seconds=0)
    pool = make_pool(provider, browser, nursery, limits=limits)
    async with pool.lease(new_timeline()):
        pass
    await trio.testing.wait_all_tasks_blocked()
    async with pool.lease(new_timeline()) as site_tab:
        assert not site_tab.is_fresh(provider.new_chat_url(None), 0)
    assert browser.visited == []
    assert len(browser.opened) == 1


async def test_turns_are_served_in_the_order_they_came(pool: TabPool, nursery: trio.Nursery) -> None:
    order: list[str] = []
    releases = {name: trio.Event() for name in "abc"}
    for name, release in releases.items():
        nursery.start_soon(hold, pool, order, name, release)
        await trio.testing.wait_all_tasks_blocked()
    assert order == ["a"]
    assert pool.statistics.waiting == 2
    for name in "abc":
        releases[name].set()
        await trio.testing.wait_all_tasks_blocked()
    assert order == ["a", "b", "c"]


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    order: list[str] = []
    release = trio.Event()
    for name in "abc":
        nursery.start_soon(hold, pool, order, name, release)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(QueueFull) as refused:
        async with pool.lease(new_timeline()):
            pass
    assert refused.value.retry_after_seconds is not None
    assert refused.value.status == 429
    release.set()


async def test_a_turn_that_waits_too_long_leaves_the_queue(
    pool: TabPool, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(QueueTimeout, match="100 s"):
        async with pool.lease(new_timeline()):
            pass
    assert pool.statistics.waiting == 0
    release.set()


async def test_a_client_that_leaves_the_queue_lets_the_others_pass(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    order: list[str] = []
    release = trio.Event()
    nursery.start_soon(hold, pool, order, "first", release)
    await trio.testing.wait_all_tasks_blocked()
    leaver = trio.CancelScope()

    async def leave() -> None:
        with leaver:
            await hold(pool, order, "leaver", trio.Event())

    nursery.start_soon(leave)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(hold, pool, order, "last", release)
    await trio.testing.wait_all_tasks_blocked()
    leaver.cancel()
    release.set()
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["first", "last"]
    async with pool.lease(new_timeline()):
        pass


async def test_the_place_in_the_queue_is_told(pool: TabPool, nursery: trio.Nursery) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    timeline = new_timeline()

    async def wait() -> None:
        async with pool.lease(timeline):
            pass

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert timeline.steps[0].step is Step.QUEUED
    assert timeline.steps[0].facts["position"] == 1
    release.set()


async def test_a_lost_tab_is_replaced(pool: TabPool, browser: StandInBrowser) -> None:
    async with pool.lease(new_timeline()):
        browser.opened[0].gone.set()
    await trio.testing.wait_all_tasks_blocked()
    assert browser.opened[0].closed
    async with pool.lease(new_timeline()) as site_tab:
        assert stand_in(site_tab) is browser.opened[1]


async def test_a_tab_that_hangs_while_nobody_uses_it_is_replaced(
    pool: TabPool, browser: StandInBrowser
) -> None:
    async with pool.lease(new_timeline()):
        pass
    await trio.testing.wait_all_tasks_blocked()
    browser.opened[0].hangs = True
    async with pool.lease(new_timeline()) as site_tab:
        assert stand_in(site_tab) is browser.opened[1]
    await trio.testing.wait_all_tasks_blocked()
    assert browser.open == [browser.opened[1]]


async def test_a_tab_in_doubt_is_closed_and_never_lent_again(pool: TabPool, browser: StandInBrowser) -> None:
    async with pool.lease(new_timeline()) as site_tab:
        site_tab.doubtful = True
    await trio.testing.wait_all_tasks_blocked()
    assert browser.opened[0].closed
    assert pool.statistics.tabs == 0


async def test_a_browser_that_does_not_start_costs_the_turn_and_not_the_slot(
    pool: TabPool, browser: StandInBrowser
) -> None:
    browser.failing = True
    with pytest.raises(LaunchFailed):
        async with pool.lease(new_timeline()):
            pass
    browser.failing = False
    async with pool.lease(new_timeline()):
        pass


async def test_several_tabs_answer_at_once(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery
) -> None:
    pool = make_pool(provider, browser, nursery, size=3)
    order: list[str] = []
    release = trio.Event()
    for name in "abc":
        nursery.start_soon(hold, pool, order, name, release)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(order) == ["a", "b", "c"]
    assert len(browser.opened) == 3
    release.set()


async def test_closing_refuses_those_who_wait_and_those_who_come(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    refused: list[str] = []

    async def wait() -> None:
        try:
            async with pool.lease(new_timeline()):
                refused.append("served")
        except ShuttingDown as error:
            refused.append(error.code)

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    pool.close()
    await trio.testing.wait_all_tasks_blocked()
    await wait()
    assert refused == ["shutting_down", "shutting_down"]
    release.set()


# --- parties


async def test_parties_take_turns(pool: TabPool, nursery: trio.Nursery) -> None:
    order: list[str] = []
    release = trio.Event()

    async def ask(name: str) -> None:
        async with pool.lease(new_timeline(), party=name[0]):
            order.append(name)
            await release.wait()

    pool = make_pool(pool.provider, StandInBrowser(), nursery, queue=9)
    for name in ("x", "a1", "a2", "a3", "b1"):
        nursery.start_soon(ask, name)
        await trio.testing.wait_all_tasks_blocked()
    assert pool.statistics.parties == {"a": 3, "b": 1}
    release.set()
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["x", "a1", "b1", "a2", "a3"]
    assert pool.statistics.parties == {}


async def test_who_waits_is_told_again_when_its_place_has_changed(
    provider: Provider, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    pool = make_pool(provider, StandInBrowser(), nursery, queue=9)
    timelines = [new_timeline() for _ in range(4)]
    ends = [trio.Event() for _ in timelines]

    async def ask(number: int) -> None:
        async with pool.lease(timelines[number]):
            await ends[number].wait()

    for number in range(4):
        nursery.start_soon(ask, number)
        await trio.testing.wait_all_tasks_blocked()
    await trio.sleep(10)
    for end in ends[:2]:
        end.set()
    await trio.sleep(1)
    told = [(step.facts["position"], step.facts["estimated_seconds"]) for step in timelines[3].steps]
    assert told[0] == (3, 60.0)
    assert [position for position, _ in told] == [3, 1], "two steps at once are told as one"
    for end in ends:
        end.set()


async def test_a_full_queue_that_drops_lets_the_newest_in(
    provider: Provider, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    pool = make_pool(provider, StandInBrowser(), nursery, queue=2, drops=True)
    order: list[str] = []
    release = trio.Event()
    nursery.start_soon(hold, pool, order, "a", release)
    await trio.testing.wait_all_tasks_blocked()
    dropped: list[QueueFull] = []

    async def ask(name: str) -> None:
        try:
            await hold(pool, order, name, release)
        except QueueFull as error:
            dropped.append(error)

    for name in "bcd":
        nursery.start_soon(ask, name)
        await trio.testing.wait_all_tasks_blocked()
    assert len(dropped) == 1
    assert dropped[0].status == 429
    assert dropped[0].retry_after_seconds is not None
    assert "waited longest" in dropped[0].message
    release.set()
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["a", "c", "d"]
    assert pool.statistics.dropped == 1


# --- which tab


async def stand(pool: TabPool, *chats: str) -> list[SiteTab]:
    """Have turns end in held chats, one after another, each in a tab of its own."""
    async with AsyncExitStack() as leases:
        tabs = [await leases.enter_async_context(pool.lease(new_timeline())) for _ in chats]
        for site_tab, chat in zip(tabs, reversed(chats), strict=True):
            site_tab.chat = chat
    return tabs[::-1]


async def test_a_chat_goes_on_in_its_tab_which_is_led_nowhere_meanwhile(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery
) -> None:
    pool = make_pool(provider, browser, nursery, size=3)
    tabs = await stand(pool, "one", "two")
    await trio.testing.wait_all_tasks_blocked()
    assert pool.statistics.standing == 2
    for chat in ("two", "one", "two"):
        async with pool.lease(new_timeline(), chat=chat) as site_tab:
            assert site_tab is tabs[["one", "two"].index(chat)]
            assert site_tab.chat == chat
    assert browser.visited == []


async def test_others_take_new_tabs_while_there_is_room_and_then_the_one_that_stood_longest(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery
) -> None:
    pool = make_pool(provider, browser, nursery, size=3)
    tabs = await stand(pool, "one", "two")
    async with pool.lease(new_timeline()) as new:
        assert new not in tabs
        async with pool.lease(new_timeline(), chat="three") as taken:
            assert taken is tabs[0]
            assert taken.chat is None
            async with pool.lease(new_timeline(), chat="one") as other:
                assert other is tabs[1], "its own tab is busy with another chat"
    assert len(browser.opened) == 3


async def test_a_chat_that_is_waited_for_keeps_its_tab(provider: Provider, nursery: trio.Nursery) -> None:
    pool = make_pool(provider, StandInBrowser(), nursery, size=2, queue=9)
    tabs = await stand(pool, "one", "two")
    got: list[tuple[str, SiteTab]] = []
    releases = {name: trio.Event() for name in ("a", "b", "c", "d")}

    async def ask(name: str, chat: str | None = None) -> None:
        async with pool.lease(new_timeline(), party=name, chat=chat) as site_tab:
            got.append((name, site_tab))
            await releases[name].wait()
            site_tab.chat = chat

    for name, chat in {"a": "one", "b": "two", "c": None, "d": "one"}.items():
        nursery.start_soon(ask, name, chat)
        await trio.testing.wait_all_tasks_blocked()
    releases["a"].set()
    await trio.testing.wait_all_tasks_blocked()
    assert got[2] == ("c", tabs[0]), "nothing else is free"
    releases["b"].set()
    await trio.testing.wait_all_tasks_blocked()
    assert got[3] == ("d", tabs[1])
    for release in releases.values():
        release.set()


# --- tabs that are closed


async def test_a_tab_that_nobody_uses_is_closed_after_a_while(
    provider: Provider,
    browser: StandInBrowser,
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
) -> None:
    pool = make_pool(provider, browser, nursery, size=2, idle_seconds=60.0)
    await stand(pool, "one", "two")
    await trio.sleep(50)
    async with pool.lease(new_timeline(), chat="one") as site_tab:
        await trio.sleep(500)
        assert browser.open == [stand_in(site_tab)], "the other one went, this one is in use"
        site_tab.chat = "one"
    await trio.sleep(59)
    assert len(browser.open) == 1
    await trio.sleep(2)
    assert browser.open == []
    assert pool.statistics.unused == 2
    async with pool.lease(new_timeline(), chat="one"):
        assert len(browser.open) == 1


async def test_the_last_page_of_a_browser_is_kept(
    provider: Provider,
    browser: StandInBrowser,
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
) -> None:
    leaving: list[Tab] = []

    async def can_spare(tab: Tab) -> bool:
        if len(browser.open) == len(leaving) + 1:
            return False
        leaving.append(tab)
        return True

    pool = make_pool(provider, browser, nursery, size=2, idle_seconds=60.0, can_spare=can_spare)
    await stand(pool, "one", "two")
    await trio.sleep(100)
    assert len(browser.open) == 1
    async with pool.lease(new_timeline()):
        assert len(browser.opened) == 3, "there is room, and the one that is open stands in a chat"


async def test_an_unused_tab_that_is_closed_by_hand_is_let_go(pool: TabPool, browser: StandInBrowser) -> None:
    await stand(pool, "one")
    browser.opened[0].gone.set()
    await trio.testing.wait_all_tasks_blocked()
    assert pool.statistics.tabs == 0
    assert browser.opened[0].closed


@pytest.mark.parametrize("chat", [None, "held"])
async def test_a_tab_that_has_grown_too_big_is_opened_anew_after_its_turn(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery, chat: str | None
) -> None:
    pool = make_pool(provider, browser, nursery, memory_mb=100)
    async with pool.lease(new_timeline()) as site_tab:
        stand_in(site_tab).megabytes = 101
        site_tab.chat = chat
    await trio.testing.wait_all_tasks_blocked()
    assert browser.opened[0].closed
    assert pool.statistics.recycled == 1
    assert len(browser.open) == (1 if chat is None else 0), "a held chat is opened when it goes on"
    async with pool.lease(new_timeline(), chat=chat) as site_tab:
        assert stand_in(site_tab) is browser.opened[1]


async def test_a_big_tab_is_not_closed_while_its_next_turn_has_it(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery
) -> None:
    pool = make_pool(provider, browser, nursery, memory_mb=100)
    browser.weighing = trio.Event()
    await stand(pool, "one")
    browser.opened[0].megabytes = 101
    async with pool.lease(new_timeline(), chat="one"):
        browser.weighing.set()
        await trio.testing.wait_all_tasks_blocked()
        assert browser.weighed == 1
        assert len(browser.open) == 1
    await trio.testing.wait_all_tasks_blocked()
    assert browser.open == []
    assert pool.statistics.recycled == 1


@pytest.mark.parametrize("megabytes", [None, 100.0])
async def test_a_tab_that_is_small_enough_or_does_not_say_is_kept(
    provider: Provider, browser: StandInBrowser, nursery: trio.Nursery, megabytes: float | None
) -> None:
    pool = make_pool(provider, browser, nursery, memory_mb=100, queue=2)
    release = trio.Event()
    order: list[str] = []
    for name in "abc":
        nursery.start_soon(hold, pool, order, name, release)
        await trio.testing.wait_all_tasks_blocked()
    browser.opened[0].megabytes = megabytes
    release.set()
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["a", "b", "c"]
    assert browser.weighed == 3
    assert len(browser.opened) == 1
