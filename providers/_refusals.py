"""What refusals of several sites have in common: Cloudflare's check, and ways to write a reset time."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["is_challenge", "seconds_until"]


def is_challenge(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a response is Cloudflare's check instead of the site's own answer."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    if status not in (403, 429, 503) or body.lstrip()[:1] != b"<":
        return False
    page = body[:65536].lower()
    return b"cf-chl" in page or b"challenges.cloudflare.com" in page or b"just a moment" in page


def seconds_until(reset: Any, now: Callable[[], float]) -> float | None:
    """Seconds until a reset time in any of the sites' notations; None when it is none."""
    if isinstance(reset, str):
        text = reset.strip()
        if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
            reset = float(text)
        else:
            moment = _moment(text)
            return None if moment is None else max(0.0, moment - now())
    if isinstance(reset, bool) or not isinstance(reset, (int, float)) or not 0 <= reset < 1e13:
        return None
    seconds = float(reset)
    if seconds > 1e11:
        seconds /= 1000  # a time stamp in milliseconds
    return max(0.0, seconds - now()) if seconds > 1e9 else seconds


def _moment(text: str) -> float | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):
        return None
