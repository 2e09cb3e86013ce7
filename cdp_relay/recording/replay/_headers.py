"""Headers of an answer, as a server at the true address can send them again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from cdp_relay.recording.session import Headers

__all__ = ["preflight_headers", "served_headers"]

_Pairs: TypeAlias = list[tuple[str, str]]

_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"content-length", "content-encoding", "age", "server-timing"}
    # What would lead past this server, or tell others of it.
    | {"alt-svc", "strict-transport-security", "public-key-pins", "expect-ct", "clear-site-data"}
    | {"report-to", "nel", "reporting-endpoints", "content-security-policy-report-only", "refresh"}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_EXPIRES = re.compile(r";\s*expires=([^;]*)", re.IGNORECASE)


def served_headers(headers: Headers, *, origin: str | None, recorded_on: str) -> _Pairs:
    """Those of a recorded answer that still hold: its body is sent unpacked, over another connection.

    Args:
      origin: who asks, if it says so; whoever was allowed then is the one who asks now.
      recorded_on: the day, by which a cookie that was set is told from one that was deleted.
    """
    return list(_served(headers, origin, recorded_on))


def _served(headers: Headers, origin: str | None, recorded_on: str) -> Iterator[tuple[str, str]]:
    for name, values in headers:
        low = name.lower()
        if low in _OF_THE_CONNECTION or not _NAME.fullmatch(name):
            continue
        for value in values.split("\n"):
            value = _printable(value)
            if low == "set-cookie":
                value = _kept_alive(value, recorded_on)
            elif low == "access-control-allow-origin" and value != "*" and origin is not None:
                value = origin
            yield name, value


def preflight_headers(origin: str, method: str, wanted: str) -> _Pairs:
    """The answer to a page that asks whether it may ask."""
    return [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", method),
        *([("access-control-allow-headers", wanted)] if wanted else []),
        ("access-control-max-age", "0"),
        ("content-length", "0"),
    ]


def _kept_alive(cookie: str, recorded_on: str) -> str:
    """A cookie that was valid on that day has no end any more; one that was deleted is so again."""
    found = _EXPIRES.search(cookie)
    if found is None:
        return cookie
    try:
        until = parsedate_to_datetime(found[1].strip().replace("-", " "))
        then = datetime.combine(date.fromisoformat(recorded_on), time(), UTC)
        if (until if until.tzinfo else until.replace(tzinfo=UTC)) <= then:
            return cookie
    except ValueError:
        return cookie
    return _EXPIRES.sub("", cookie)


def _printable(value: str) -> str:
    """What HTTP/1 allows in a value; other characters come from a damaged recording."""
    value = value.encode("latin-1", "replace").decode("latin-1")
    return "".join(one if one == "\t" or one >= " " else " " for one in value).replace("\x7f", " ").strip()
