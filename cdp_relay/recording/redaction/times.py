"""Times of a recording, moved by one and the same: what came before what, and by how much, stays.

    shift = TimeShift.of(began)  # epoch seconds, UTC
    shift.text("at 2026-11-21T19:35:54.123Z")  # 'at 2026-11-21T00:00:07.123Z'
    shift.number("1790012345678")

The recording begins at 00:00:00 (UTC) of its day. The move is of whole seconds, so that fractions stay, and
so does every length. Times are numbers of epoch seconds, milli-, micro- and nanoseconds, ISO 8601 (also
percent-encoded, and as ``20261121T193554Z``), those of HTTP and of cookies, and those of JavaScript's
``Date``. Only what lies between fifteen years before the recording and two years after it is taken for one; a
date without a time stays, and so does a number that is a key in JSON, as sites number what they try out. The
shift of a recording that was shifted is none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self

import attrs

__all__ = ["TimeShift"]

_DAY = 86_400
_BEFORE = 15 * 365 * _DAY
"""An account is as old as that, and the second in which it was made tells whose it is."""
_AFTER = 2 * 365 * _DAY

_UNITS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
"""Parts of a second by how many digits the number has; so from 2001 to 2286."""

# What stands before is looked at behind the first digit: what begins with a character is found twice as fast.
_NUMBER = re.compile(r"[12](?<![A-Za-z0-9.][12])\d{9}(?:\d{3}|\d{6}|\d{9})?(?![A-Za-z0-9]|\\*\"\s?:)")
_FLOAT = re.compile(r"([12])(?<![A-Za-z0-9.][12])\.(\d{7,18})([eE]\+?0?(?:9|12))(?![A-Za-z0-9])")
_ISO = re.compile(
    r"(?P<year>\d(?<!\d\d)\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?P<middle>[T ]|%20|\+)"
    r"(?P<hour>\d\d)(?P<colon>:|%3[Aa])(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d))?(?!\d)"
)
_COMPACT = re.compile(r"\d(?<![A-Za-z0-9]\d)\d{7}T\d{6}(?=Z|[^A-Za-z0-9]|$)")
_PARTS = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)")
_HTTP = re.compile(
    r"(?P<name>Mon|Tue|Wed|Thu|Fri|Sat|Sun),(?P<gap> |%20|\+)(?P<day>\d\d)(?P<dash>[ -]|%20|\+)"
    r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?P=dash)(?P<year>\d{4})(?P=gap)"
    r"(?P<hour>\d\d)(?P<colon>:|%3[Aa])(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
)
_SCRIPT = re.compile(
    r"(?P<name>Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?P<gap> |%20|\+)"
    r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?P=gap)(?P<day>\d\d)(?P=gap)(?P<year>\d{4})"
    r"(?P=gap)(?P<hour>\d\d)(?P<colon>:|%3[Aa])(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@attrs.frozen
class TimeShift:
    """Moves times that are near a recording's."""

    began: int
    """When the recording began, in epoch seconds."""
    seconds: int
    """What is added to each time."""

    @classmethod
    def of(cls, began: float) -> Self:
        """The shift by which a recording that began then begins with its day."""
        whole = int(began // 1)
        return cls(whole, -(whole % _DAY))

    @classmethod
    def of_first_answer(cls, date: str, at: float) -> Self | None:
        """The same by a ``Date`` header, and how many seconds of the recording had passed when it came.

        Returns:
          None where the header holds no time.
        """
        try:
            return cls.of(parsedate_to_datetime(date).timestamp() - at)
        except (ValueError, TypeError, OverflowError):
            return None

    def number(self, digits: str) -> str:
        """A number, moved if it is a time that is near."""
        unit = _UNITS.get(len(digits))
        if unit is None or not self._is_near(int(digits) // unit):
            return digits
        moved = str(int(digits) + self.seconds * unit)
        return moved if len(moved) == len(digits) else digits

    def text(self, text: str) -> str:
        """A text with every time in it moved; as long as before."""
        if not self.seconds:
            return text
        text = _NUMBER.sub(lambda match: self.number(match[0]), text)
        text = _FLOAT.sub(self._float, text)
        text = _COMPACT.sub(self._compact, text)
        text = _ISO.sub(self._spelled, text)
        text = _HTTP.sub(self._spelled, text)
        return _SCRIPT.sub(self._spelled, text)

    def _is_near(self, seconds: float) -> bool:
        return -_BEFORE <= seconds - self.began <= _AFTER

    def _float(self, match: re.Match[str]) -> str:
        first, rest, exponent = match.groups()
        places = int(re.sub(r"\D", "", exponent))
        digits = first + rest
        size = len(digits) - 1 - places
        """Digits behind the point, were it written without an exponent."""
        unit = 10**size if places == 9 else 10 ** (size + 3)
        if size < (0 if places == 9 else -3) or not self._is_near(int(digits) / unit):
            return match[0]
        moved = str(int(digits) + int(self.seconds * unit))
        return f"{moved[0]}.{moved[1:]}{exponent}" if len(moved) == len(digits) else match[0]

    def _compact(self, match: re.Match[str]) -> str:
        parts = _PARTS.fullmatch(match[0])
        moved = None if parts is None else self._moved([int(one) for one in parts.groups()])
        return match[0] if moved is None else moved.strftime("%Y%m%dT%H%M%S")

    def _spelled(self, match: re.Match[str]) -> str:
        parts = match.groupdict()
        month = parts["month"]
        number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month)
        clock = (int(parts[one] or 0) for one in ("hour", "minute", "second"))
        moved = self._moved([int(parts["year"]), number, int(parts["day"]), *clock])
        if moved is None:
            return match[0]
        told = {one: f"{getattr(moved, one):02d}" for one in ("year", "day", "hour", "minute", "second")}
        told["month"] = _MONTHS[moved.month - 1] if month in _MONTHS else f"{moved.month:02d}"
        told["name"] = _DAYS[moved.weekday()]
        spelled = match[0]
        for name in sorted((one for one in told if parts.get(one)), key=match.start, reverse=True):
            start, end = (one - match.start() for one in match.span(name))
            spelled = spelled[:start] + told[name] + spelled[end:]
        return spelled

    def _moved(self, parts: list[int]) -> datetime | None:
        """A time on the wall, moved if it is one and near; of whatever zone: they are a day apart at most."""
        year, month, day, hour, minute, second = parts
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        if not self._is_near(moment.timestamp()):
            return None
        return moment + timedelta(seconds=self.seconds)
