"""All times of a recording move by one and the same, and take as much room as before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.recording.redaction.times import TimeShift

BEGAN = datetime(2026, 3, 12, 14, 42, 54, tzinfo=UTC).timestamp() + 0.9
SHIFT = TimeShift.of(BEGAN)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2026-03-12T14:42:54.123Z", "2026-03-12T00:00:00.123Z"),
        ("2026-03-12T14:42:54+00:00", "2026-03-12T00:00:00+00:00"),
        ("2026-03-12 14:42:55", "2026-03-12 00:00:01"),
        ("2026-03-12T14%3A42%3A54", "2026-03-12T00%3A00%3A00"),
        ("20260312T144254Z", "20260312T000000Z"),
        ("Thu, 12 Mar 2026 14:42:54 GMT", "Thu, 12 Mar 2026 00:00:00 GMT"),
        ("Expires=Thu, 12-Mar-2026 14:42:53 GMT", "Expires=Wed, 11-Mar-2026 23:59:59 GMT"),
        ("Thu Mar 12 2026 14:42:54 GMT+0000", "Thu Mar 12 2026 00:00:00 GMT+0000"),
        ('{"t":1773326574.964,"m":1773326574964}', '{"t":1773273600.964,"m":1773273600964}'),
        ("[1773326574,537407000]", "[1773273600,537407000]"),
        ("1773326574964123 1773326574964123456", "1773273600964123 1773273600964123456"),
        ("1.773326574964E12 1.773326574964e9", "1.773273600964E12 1.773273600964e9"),
        ("ping - 2026-03-12T14:43:54Z", "ping - 2026-03-12T00:01:00Z"),
        # Of another time, or no time.
        ("1234567890 4102444800 17733265741 177332657", "1234567890 4102444800 17733265741 177332657"),
        ("a1773326574 0.1773326574 f1773326574964e", "a1773326574 0.1773326574 f1773326574964e"),
        ("2026-13-12T14:42:54Z 1999-03-12T14:42:54Z", "2026-13-12T14:42:54Z 1999-03-12T14:42:54Z"),
        ("2026-03-12 and 14:42:54", "2026-03-12 and 14:42:54"),
        ("20261399T996099Z", "20261399T996099Z"),
        ("", ""),
    ],
)
def test_every_way_to_tell_a_time_is_moved(text: str, moved: str) -> None:
    assert SHIFT.text(text) == moved
    assert len(moved) == len(text)


def test_a_number_alone_is_moved() -> None:
    assert SHIFT.number("1773326574964") == "1773273600964"
    assert SHIFT.number("42") == "42"


def test_the_first_answer_says_when_the_recording_began() -> None:
    assert TimeShift.of_first_answer("Thu, 12 Mar 2026 14:42:56 GMT", 1.5) == TimeShift.of(BEGAN - 0.4)
    assert TimeShift.of_first_answer("yesterday", 1.5) is None


@given(st.integers(-300 * 86_400, 300 * 86_400), st.integers(0, 10**6 - 1), st.integers(0, 86_399))
def test_order_differences_and_lengths_stay(away: int, micro: int, began: int) -> None:
    shift = TimeShift.of(BEGAN // 86_400 * 86_400 + began)
    whole = int(BEGAN) + away
    moment = datetime.fromtimestamp(whole, tz=UTC)
    text = json.dumps(
        [whole, whole * 1000 + micro // 1000, f"{moment.isoformat()}", format_datetime(moment, usegmt=True)]
    )
    moved = json.loads(shift.text(text))
    now = whole - began
    told = datetime.fromtimestamp(now, tz=UTC)
    assert moved == [now, now * 1000 + micro // 1000, told.isoformat(), format_datetime(told, usegmt=True)]
    assert len(shift.text(text)) == len(text)


@given(st.integers(0, 86_399), st.text(max_size=30))
def test_a_recording_that_was_moved_stays(began: int, text: str) -> None:
    shift = TimeShift.of(BEGAN // 86_400 * 86_400 + began)
    again = TimeShift.of(shift.began + shift.seconds)
    assert again.seconds == 0
    moved = shift.text(f"{text} {shift.began}")
    assert again.text(moved) == moved
