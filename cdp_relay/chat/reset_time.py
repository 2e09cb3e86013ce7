"""When an allowance is back, from a site's own words: "resets at 3 PM", "in 2 hours", "until Nov 23, 09:00".

Sans-IO. Only times that a preposition or a verb of return leads in count, so that an hour that is
merely mentioned is not taken for one. English; a text in another language mostly still tells its
hour as digits after such a word, and a text that tells nothing leaves the default rest.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

__all__ = ["seconds_until_reset"]

_MAX_CHARS = 2000
_LONGEST = timedelta(days=32)
"""Allowances are renewed within a month; a longer time is a misreading."""

_LEAD = (
    r"(?:resets?|renews?|until|till|after|again|available|back|at|on|by"
    r"|bis|ab|um|hasta|jusqu['’]?[àa]|fino|até)"
)
_NUMBER = r"(?:(\d{1,3})\s*|(an?|one|half\s+an)\s+)"
_UNITS = {
    "second": 1,
    "sec": 1,
    "minute": 60,
    "min": 60,
    "hour": 3600,
    "hr": 3600,
    "day": 86400,
    "week": 604800,
}
_SPAN = re.compile(rf"{_NUMBER}(second|sec|minute|min|hour|hr|day|week|[dhms])(?:s|\b)", re.IGNORECASE)
_SPANS = re.compile(
    rf"(?:\bin|\bafter|\bwithin|\bwait(?:\s+for)?)\s+(?:about\s+)?"
    rf"((?:{_NUMBER}(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[dhms]\b)[\s,]*(?:and\s+)?)+)",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DATE = (
    rf"(?:(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    r"(?:,?\s+(?P<year>20\d\d))?)"
)
_WEEKDAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
_CLOCK = r"(?:(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?\s?m\b\.?)?)"
_MOMENT = re.compile(
    rf"\b{_LEAD}\s*:?\s+(?:on\s+)?(?:(?P<tomorrow>tomorrow)|(?P<today>today)|{_DATE}|{_WEEKDAY})?"
    rf"(?:,|\s+at)?\s*(?:{_CLOCK})?(?=\W|$)",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")


def seconds_until_reset(text: str, now: datetime) -> float | None:
    """Seconds until the moment that *text* names; None when it names none.

    Args:
      now: with the time zone that the page shows its times in.
    """
    text = " ".join(text[:_MAX_CHARS].split())
    moment = _iso(text, now) or _span(text, now) or _named(text, now)
    if moment is None or not timedelta(0) < moment - now <= _LONGEST:
        return None
    return (moment - now).total_seconds()


def _iso(text: str, now: datetime) -> datetime | None:
    found = _ISO.search(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[0])
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _span(text: str, now: datetime) -> datetime | None:
    found = _SPANS.search(text)
    if found is None:
        return None
    return now + timedelta(seconds=sum(_seconds(*pair) for pair in _SPAN.findall(found[1])))


def _seconds(digits: str, word: str, unit: str) -> float:
    count = float(digits) if digits else 0.5 if word.lower().startswith("half") else 1.0
    unit = unit.lower()
    if len(unit) == 1:
        unit = {"d": "day", "h": "hour", "m": "minute", "s": "second"}[unit]
    return count * _UNITS[unit]


def _named(text: str, now: datetime) -> datetime | None:
    for found in _MOMENT.finditer(text):
        moment = _moment(found, now)
        if moment is not None:
            return moment
    return None


def _moment(found: re.Match[str], now: datetime) -> datetime | None:
    clock = _clock(found)
    dated = any(found[name] for name in ("tomorrow", "month", "weekday"))
    if clock is None and not dated:
        return None
    hour, minute = clock or (0, 0)
    try:
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if found["month"]:
            moment = _on_date(found, moment, now)
    except ValueError:
        return None
    if found["tomorrow"]:
        return moment + timedelta(days=1)
    if found["weekday"]:
        ahead = (_DAYS.index(found["weekday"][:3].lower()) - now.weekday()) % 7
        moment += timedelta(days=ahead)
        return moment if moment > now else moment + timedelta(days=7)
    if not dated and moment <= now:
        moment += timedelta(days=1)
    return moment


def _clock(found: re.Match[str]) -> tuple[int, int] | None:
    """The hour and minute; None for a bare number, which may count anything."""
    if not found["hour"] or not (found["minute"] or found["half"]):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"][0].lower() == "p" else 0)
    return (hour, minute) if hour < 24 and minute < 60 else None


def _on_date(found: re.Match[str], moment: datetime, now: datetime) -> datetime:
    month = _MONTHS.index(found["month"][:3].lower()) + 1
    year = int(found["year"]) if found["year"] else now.year
    moment = moment.replace(year=year, month=month, day=int(found["day"]))
    if not found["year"] and moment < now - timedelta(days=1):
        moment = moment.replace(year=year + 1)
    return moment
