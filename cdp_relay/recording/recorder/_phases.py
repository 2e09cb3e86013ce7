"""Where the time of a request went, from the browser's resource timing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdp_relay.recording.session import Timings

__all__ = ["phases"]


def phases(
    at: float, timing: Mapping[str, Any] | None, answered_at: float | None, ended_at: float | None
) -> Timings:
    """The phases of a request, which add up to the time from *at* to *ended_at*.

    Args:
      at: when it began; all in seconds on the browser's clock.
      timing: ``Network.ResourceTiming``: a base in seconds, all else in milliseconds after it, -1 where
        a phase did not apply.
      answered_at: when the browser reported the answer's head.
      ended_at: the end, or the last that was heard of it.
    """
    end = max(at, ended_at if ended_at is not None else answered_at if answered_at is not None else at)
    base = float((timing or {}).get("requestTime") or 0)
    if timing is None or base <= 0 or timing.get("sendStart", -1) < 0:
        head = end if answered_at is None else min(max(at, answered_at), end)
        return Timings(wait=_micro(head - at), receive=_micro(end - head))
    dns, connect = _span(timing, "dns"), _span(timing, "connect")
    send_at = base + timing["sendStart"] / 1000
    sent_at = max(send_at, base + timing.get("sendEnd", -1) / 1000)
    head = max(sent_at, base + timing.get("receiveHeadersEnd", -1) / 1000)
    blocked = send_at - at - (dns or 0) - (connect or 0)
    return Timings(
        blocked=_micro(max(0.0, blocked)),
        dns=dns,
        connect=connect,
        ssl=_span(timing, "ssl"),
        send=_micro(sent_at - send_at),
        wait=_micro(head - sent_at),
        receive=_micro(max(0.0, end - head)),
    )


def _span(timing: Mapping[str, Any], phase: str) -> float | None:
    start, end = timing.get(f"{phase}Start", -1), timing.get(f"{phase}End", -1)
    return _micro((end - start) / 1000) if 0 <= start <= end else None


def _micro(seconds: float) -> float:
    """To the microsecond: more than that the browser's clock does not know."""
    return round(seconds, 6)
