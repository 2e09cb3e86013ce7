"""When an allowance is back is read from the site's own words, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat.reset_time import seconds_until_reset

ZONE = timezone(timedelta(hours=-8))
NOW = datetime(2026, 11, 21, 10, 30, tzinfo=ZONE)  # a Saturday

HOUR = 3600.0
DAY = 86400.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("You've hit the limit. Your limit resets at 3 PM.", 4.5 * HOUR),
        ("5-hour limit reached ∙ resets 3pm", 4.5 * HOUR),
        ("You are out of free messages until 3:00 PM", 4.5 * HOUR),
        ("Your limit resets at 10:15 AM.", 23.75 * HOUR),
        ("Your limit resets at 12:00 AM", 13.5 * HOUR),
        ("Limit resets at 14:05.", 3 * HOUR + 35 * 60),
        ("Please try again after 11.00 a.m.", 0.5 * HOUR),
        ("Try again in 2 hours.", 2 * HOUR),
        ("Your access will be back in 3 hours and 20 minutes.", 3 * HOUR + 20 * 60),
        ("Resets in 4h 5m", 4 * HOUR + 5 * 60),
        ("Please wait for about an hour", HOUR),
        ("Try again in half an hour", HOUR / 2),
        ("Try again in 90 seconds", 90.0),
        ("Your weekly limit resets in 2 days, 3 hours", 2 * DAY + 3 * HOUR),
        ("You can use it again tomorrow at 9 AM", 22.5 * HOUR),
        ("Resets tomorrow", 13.5 * HOUR),
        ("Your limit resets on Nov 23, 3 PM", 2 * DAY + 4.5 * HOUR),
        ("available again on November 23rd, 2026 at 15:00", 2 * DAY + 4.5 * HOUR),
        ("Your limit will reset on December 1.", 9 * DAY + 13.5 * HOUR),
        ("Weekly limit reached, resets Monday 9:00 AM", DAY + 22.5 * HOUR),
        ("resets on Saturday at 9 AM", 7 * DAY - 1.5 * HOUR),
        ("reset_at 2026-11-21T20:30:00Z", 2 * HOUR),
        ("until 2026-11-21 12:30", 2 * HOUR),
        ("Limit erreicht. Nachrichten sind bis 15:00 Uhr gesperrt.", 4.5 * HOUR),
        ("Has alcanzado el límite hasta 15:00", 4.5 * HOUR),
    ],
)
def test_a_stated_time_is_read(text: str, seconds: float) -> None:
    assert seconds_until_reset(text, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You've reached your limit. Upgrade to continue.",
        "You have used 75% of your weekly limit.",
        "You can send 50 messages every 5 hours.",
        "Too many requests. Please wait a few minutes.",
        "Choose one of 3 plans at 20 dollars.",
        "resets at 25:00",
        "resets at 13 PM",
        "resets on February 31",
        "Since 3 PM you have sent too much.",
        "in 900 days",
        "until 2020-01-01T00:00:00Z",
    ],
)
def test_a_text_that_states_no_time_says_nothing(text: str) -> None:
    assert seconds_until_reset(text, NOW) is None


@given(st.text(max_size=400) | st.from_regex(r"(resets|until|in) [0-9 :apmPMhdTZ,.-]{0,30}"))
def test_any_text_is_read_without_harm(text: str) -> None:
    seconds = seconds_until_reset(text, NOW)
    assert seconds is None or 0 < seconds <= 32 * DAY


def test_a_year_that_is_left_out_is_the_next_that_fits() -> None:
    new_year = datetime(2026, 12, 31, 12, 0, tzinfo=ZONE)
    assert seconds_until_reset("resets on Jan 1 at 6 AM", new_year) == pytest.approx(18 * HOUR)
