"""What is remembered of a site, and what that refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cdp_relay.chat.health import SiteHealth, SiteMemory
from cdp_relay.errors import (
    CapReached,
    ChallengeShown,
    CommandTimeout,
    RateLimited,
    RelayError,
    SelectorDrift,
    SignedOut,
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


def test_a_rate_limit_without_a_time_rests_a_minute() -> None:
    clock = Clock()
    health = SiteHealth(name="s", clock=clock)
    health.failed(RateLimited("Slow down."))
    with pytest.raises(RateLimited) as refused:
        health.check()
    assert refused.value.retry_after_seconds == 60


def test_an_answer_clears_every_state() -> None:
    health = SiteHealth(name="s")
    health.failed(SignedOut("x"))
    health.check()
    health.worked()
    assert (health.state, health.signed_in, health.message) == ("ready", True, "")


def test_sign_in_and_cool_downs_survive_a_restart(tmp_path: Path) -> None:
    memory = SiteMemory(tmp_path / "state" / "sites.json")
    memory.health("a").worked()
    memory.health("b").failed(CapReached("Full.", retry_after_seconds=3600))
    memory.save()
    assert (tmp_path / "state" / "sites.json").stat().st_mode & 0o777 == 0o600

    again = SiteMemory(tmp_path / "state" / "sites.json")
    again.load(("a", "b", "new"))
    assert again.health("a").signed_in is True
    with pytest.raises(CapReached, match="Full"):
        again.health("b").check()
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
