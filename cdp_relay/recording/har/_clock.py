"""Times of a recording, as HAR writes them: dates to the microsecond, and milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

__all__ = ["from_ms", "midnight", "of_stamp", "seconds", "stamp", "to_ms", "to_us"]

# Everything is counted in whole microseconds, so that what is read is what was written.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def midnight(day: str) -> int:
    """Where a date begins: microseconds since 1970.

    Raises:
      ValueError: it is no date.
    """
    return (date.fromisoformat(day) - _EPOCH.date()).days * 86_400_000_000


def to_us(at: float) -> int:
    """Seconds as microseconds."""
    return round(at * 1e6)


def seconds(us: int) -> float:
    """Microseconds as seconds."""
    return us / 1e6


def to_ms(us: int) -> float:
    """Microseconds as milliseconds; a whole number where they are whole."""
    return us // 1000 if us % 1000 == 0 else us / 1000


def from_ms(ms: float) -> int:
    """Milliseconds as microseconds."""
    return round(ms * 1000)


def stamp(us: int) -> str:
    """Microseconds since 1970 as ``2026-11-21T00:00:01.500000Z``."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def of_stamp(text: str) -> int:
    """Any ISO 8601 date and time as microseconds since 1970; one without a zone is taken as UTC.

    Raises:
      ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
