"""What is remembered of a site, and what that refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
import trio.testing

from cdp_relay.chat.health import SiteHealth, SiteMemory
from cdp_relay.errors import (
    AccountBlocked,
    CapReached,
    ChallengeShown,
    CommandTimeout,
    ConsentNeeded,
    RateLimited,
    RelayError,
    SelectorDrift,
    SignedOut,
    SiteOverloaded,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SignedOut("x"), "signed_out"),
        (ChallengeShown("x"), "challenge"),
        (SelectorDrift("x"), "drift"),
        (CapReached("x"), "cooling_down"),
        (CommandTimeout("x"), "unknown"),
    ],
)
def test_an_error_tells_the_state_of_its_site_or_nothing(error: RelayError, state: str) -> None:
    health = SiteHealth(name="s")
    health.failed(error)
    assert health.state == state


def test_a_cap_refuses_until_the_stated_time_and_no_longer() -> None:
    clock = Clock()
    health = SiteHealth(name="s", clock=clock)
    health.failed(CapReached("Come back later.", retry_after_seconds=90))
    clock.now += 60
    with pytest.raises(CapReached) as refused:
        health.check()
    assert refused.value.retry_after_seconds == 30
    assert refused.value.message == "Come back later."
    clock.now += 31
    health.check()
    assert health.state == "unknown"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimited("Slow down."), 60),
        (CapReached("Full."), 300),
        (CapReached("The site says: you have hit the limit; try again in 2 hours."), 7200),
        (CapReached("Try again in 2 hours.", retry_after_seconds=90), 90),
    ],
)
def test_a_rest_lasts_as_long_as_the_site_said_in_whatever_form(error: RelayError, seconds: int) -> None:
    health = SiteHealth(name="s", clock=Clock())
    health.failed(error)
    assert error.retry_after_seconds == pytest.approx(seconds), "the first client is told as well"
    with pytest.raises(type(error)) as refused:
        health.check()
    assert refused.value.retry_after_seconds == pytest.approx(seconds)


@pytest.mark.parametrize("error", [SelectorDrift("x"), SiteOverloaded("x")])
def test_states_that_may_pass_by_themselves_refuse_nobody_and_an_answer_clears_them(
    error: RelayError,
) -> None:
    health = SiteHealth(name="s")
    health.failed(error)
    assert not health.check()
    health.worked()
    assert (health.state, health.signed_in, health.message) == ("ready", True, "")


def make_paused(clock: Clock) -> SiteHealth:
    health = SiteHealth(name="s", monotonic=clock)
    health.failed(ChallengeShown("A check."))
    return health


def test_a_site_that_needs_the_person_refuses_and_lets_one_request_a_minute_look() -> None:
    clock = Clock()
    health = make_paused(clock)
    for _ in range(2):
        with pytest.raises(ChallengeShown, match="A check"):
            health.check()
        clock.now += 59
    clock.now -= 57
    assert health.check(), "a minute has passed"
    assert health.check(looking=True), "whoever looks may go on"
    with pytest.raises(ChallengeShown):
        health.check()
    health.worked(looking=True)
    assert not health.check()


def test_a_site_that_nobody_watches_any_more_may_be_looked_at_at_once() -> None:
    health = make_paused(Clock())
    health.look_now()
    assert health.check()


def test_an_answer_that_began_before_a_pause_does_not_end_it() -> None:
    health = make_paused(Clock())
    health.worked(looking=False)
    with pytest.raises(ChallengeShown):
        health.check()
    health.mended()
    assert not health.check()
    assert health.state == "ready"


def test_an_answer_that_began_before_a_cap_does_not_end_it() -> None:
    health = SiteHealth(name="s")
    health.failed(CapReached("Full.", retry_after_seconds=600))
    health.worked()
    with pytest.raises(CapReached):
        health.check()


@pytest.mark.parametrize(
    ("error", "window", "said"),
    [
        (SignedOut("x"), True, "relay's Chrome window; or stop the relay"),
        (SignedOut("x"), False, "no window: stop the relay, run 'cdp-relay sign-in chatgpt'"),
        (ChallengeShown("x"), True, "Pass the check in the relay's Chrome window"),
        (ConsentNeeded("x"), False, "no window"),
        (AccountBlocked("x"), True, "Follow what the site asks in the relay's Chrome window"),
    ],
)
def test_what_the_person_can_do_is_said(error: RelayError, window: bool, said: str) -> None:
    health = SiteHealth(name="chatgpt", has_window=lambda: window)
    health.failed(error)
    assert said in error.next_step
    with pytest.raises(type(error)) as refused:
        health.check()
    assert refused.value.next_step == error.next_step
    assert refused.value.status == 503


def test_a_cap_that_names_a_model_leaves_the_others_alone() -> None:
    clock = Clock()
    health = SiteHealth(name="s", clock=clock)
    cap = CapReached("gpt-x is used up.", retry_after_seconds=600, details={"model": "gpt-x"})
    health.failed(cap, None)
    for refused in (None, "gpt-x"):
        with pytest.raises(CapReached, match="gpt-x"):
            health.check(refused)
    assert not health.check("gpt-mini")
    assert health.state == "unknown"
    clock.now += 601
    assert not health.check(None)


async def test_whoever_waits_hears_of_every_change() -> None:
    health = make_paused(Clock())
    told: list[str] = []
    health.on_change = lambda: told.append(health.state)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(health.changed)
        await trio.testing.wait_all_tasks_blocked()
        health.mended()
    assert told == ["ready"]


def test_sign_in_and_cool_downs_survive_a_restart(tmp_path: Path) -> None:
    memory = SiteMemory(tmp_path / "state" / "sites.json")
    memory.health("a").worked()
    memory.health("b").failed(CapReached("Full.", retry_after_seconds=3600))
    cap = CapReached("m is full.", retry_after_seconds=3600, details={"model": "m"})
    memory.health("a").failed(cap, "m")
    memory.save()
    assert (tmp_path / "state" / "sites.json").stat().st_mode & 0o777 == 0o600

    again = SiteMemory(tmp_path / "state" / "sites.json")
    again.load(("a", "b", "new"))
    assert again.health("a").signed_in is True
    with pytest.raises(CapReached, match="Full"):
        again.health("b").check()
    with pytest.raises(CapReached, match="m is full"):
        again.health("a").check("m")
    assert not again.health("a").check("other")
    assert again.health("new").signed_in is None


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"a": 3}), json.dumps({"a": {"until": "x"}})])
def test_a_broken_memory_costs_only_the_memory(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sites.json"
    path.write_text(content)
    memory = SiteMemory(path)
    memory.load(("a",))
    memory.health("a").check()
    memory.health("a").worked()
    memory.save()
    assert json.loads(path.read_text())["a"]["signed_in"] is True


def test_a_folder_that_cannot_be_written_does_not_stop_the_service(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = SiteMemory(tmp_path / "file" / "sites.json")
    memory.health("a").worked()
    memory.save()
    memory.load(("a",))
    assert memory.health("a").signed_in is True


def test_a_late_writer_does_not_undo_newer_news(tmp_path: Path) -> None:
    memory = SiteMemory(tmp_path / "sites.json")
    older = memory.news()
    memory.health("a").worked()
    newer = memory.news()
    memory.write(newer)
    memory.write(older)
    assert json.loads((tmp_path / "sites.json").read_text())["a"]["signed_in"] is True
    assert not memory.is_news


def test_news_that_could_not_be_written_stays_news(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = SiteMemory(tmp_path / "file" / "sites.json")
    memory.health("a").worked()
    memory.save()
    assert memory.is_news
