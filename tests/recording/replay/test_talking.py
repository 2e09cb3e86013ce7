"""What a recorded socket says, and after what; without a socket."""

from __future__ import annotations

import pytest

from cdp_relay.recording.replay.talking import OPENED, Said, TalkPlan
from tests.recording.replay.sessions import exchange, socket


def said(*messages: tuple[float, str | bytes | None]) -> list[tuple[object, object]]:
    return [(pytest.approx(after, abs=1e-6), message) for after, message in messages]


def told(due: tuple[Said, ...]) -> list[tuple[float, str | bytes | None]]:
    return [(one.after, one.message) for one in due]


def test_each_message_follows_what_came_before_it() -> None:
    recorded = socket(
        "/s",
        (1.5, False, "hello"),
        (3, True, '{"type": "ask"}'),
        (3.5, False, b"one"),
        (7, False, "two"),
        at=1,
    )
    prompt = exchange("POST", "/prompt", at=5, id="prompt")
    listing = exchange("GET", "/list", at=6.5, id="list")
    earlier = exchange("POST", "/before", at=0.5, id="before")
    plan = TalkPlan(recorded, [earlier, recorded, prompt, listing])
    assert told(plan.due(OPENED)) == said((0.5, "hello"))
    assert told(plan.due(1)) == said((0.5, b"one"))
    assert told(plan.due("prompt")) == said((2, "two"))
    assert plan.due("list") == plan.due("before") == ()


def test_a_pulse_is_answered_and_causes_nothing_else() -> None:
    ping, pong = '{"type": "ping", "at": %d}', '{"type": "pong"}'
    recorded = socket(
        "/s",
        (1, True, '{"type": "subscribe"}'),
        *(
            (at, sent, ping % at if sent else pong)
            for tick in (2, 4, 6)
            for at, sent in ((tick, True), (tick + 0.1, False))
        ),
        (6.5, False, "streamed"),
    )
    plan = TalkPlan(recorded, [recorded])
    assert told(plan.due(0)) == said((5.5, "streamed"))
    assert [told(plan.due(number)) for number in (1, 3, 5)] == [said((0.1, pong))] * 3


def test_a_connection_breaks_after_its_last_words() -> None:
    recorded = socket("/s", (1, False, "hello"), ended_at=3, error="net::ERR_CONNECTION_RESET")
    assert told(TalkPlan(recorded, [recorded]).due(OPENED)) == said((1, "hello"), (3, None))


def test_a_message_is_recognised_by_its_kind() -> None:
    recorded = socket(
        "/s",
        (1, True, '[{"id": 1, "command": {"type": "connect"}}]'),
        (2, True, '[{"id": 2, "command": {"type": "subscribe", "topic": "a"}}]'),
        (3, True, '[{"id": 3, "command": {"type": "subscribe", "topic": "b"}}]'),
        (4, True, b"\x00\x01"),
        (5, True, '42["typed", {"at": 1}]'),
        (6, True, "plain words"),
    )
    plan = TalkPlan(recorded, [recorded])
    subscribe = '[{"id": 9, "command": {"type": "subscribe", "topic": "%s"}}]'
    found = [
        plan.recognise(one)
        for one in (
            subscribe % "z",
            '[{"id": 7, "command": {"type": "connect"}}]',
            subscribe % "z",
            subscribe % "z",
            b"\x07",
            '42["typed", {"at": 5}]',
            "plain words",
            "other words",
            '{"unknown": true}',
        )
    ]
    assert [one[0] if one else None for one in found] == [1, 0, 2, 2, 3, 4, 5, None, None]


def test_the_very_message_is_preferred() -> None:
    recorded = socket("/s", (1, True, '{"topic": "a"}'), (2, True, '{"topic": "b"}'))
    plan = TalkPlan(recorded, [recorded])
    assert [plan.recognise('{"topic": "b"}'), plan.recognise('{"topic": "b"}')] == [
        (1, '{"topic": "b"}'),
        (0, '{"topic": "a"}'),
    ]
