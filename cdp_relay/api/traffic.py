"""What has come through the door since the service started, in figures."""

from __future__ import annotations

from collections import Counter

import attrs
import trio

from cdp_relay.api.exchange import Exchange
from cdp_relay.chat.measures import Distribution

__all__ = ["Traffic"]

_BOUNDS = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
"""From what needs no page (milliseconds) to a stream that a model thinks in."""

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@attrs.define(eq=False)
class Traffic:
    """Counts HTTP requests that are over.

    By the route that answered them and not by their path, which anybody can make up; ``other`` is what
    met no route, or was refused at the door.
    """

    requests: Counter[tuple[str, str, int]] = attrs.field(factory=Counter)
    """By method, route and status; the status 0 is that of a client that left before it got one."""
    seconds: dict[tuple[str, str], Distribution] = attrs.field(factory=dict)
    """From the request's head to the end of its answer, by method and route."""
    cut_short: Counter[str] = attrs.field(factory=Counter)
    """Answers whose client left before their end, by route."""
    open: int = 0
    """Requests that are being answered."""

    def note(self, exchange: Exchange) -> None:
        """Count a request that is over."""
        method = exchange.method if exchange.method in _METHODS else "other"
        route = exchange.route or "other"
        self.requests[method, route, exchange.status or 0] += 1
        spread = self.seconds.get((method, route))
        if spread is None:
            spread = self.seconds[method, route] = Distribution(_BOUNDS)
        spread.add(trio.current_time() - exchange.started)
        if not exchange.whole:
            self.cut_short[route] += 1
