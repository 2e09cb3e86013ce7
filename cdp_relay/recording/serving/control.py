"""The control desk: what tests call in Python, over plain HTTP for everybody else.

``POST /__control`` with ``{"site": "chatgpt", "do": "say", "with": {"text": "Hello"}}`` gives a site a
command; ``GET /__control?site=chatgpt`` lists what happened there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cdp_relay.recording.serving.exchange import Exchange
from cdp_relay.recording.serving.site import Site

__all__ = ["ControlDesk"]


class ControlDesk(Site):
    """Takes commands for the sites of a server."""

    name = "control"
    hosts: ClassVar[tuple[str, ...]] = ("127.0.0.1", "localhost")

    def __init__(self, sites: Sequence[Site]) -> None:
        super().__init__()
        self._sites = {site.name: site for site in sites}

    async def handle(self, exchange: Exchange) -> None:
        """Run a command, or list a journal."""
        if exchange.path != "/__control" or exchange.host not in self.hosts or "origin" in exchange.headers:
            await exchange.respond_json({"error": "POST or GET /__control"}, 404)
            return
        order: dict[str, Any] = {**exchange.query, "do": "journal"}
        if exchange.method == "POST":
            order = exchange.json()
        site = self._sites.get(order.get("site", ""))
        if site is None:
            await exchange.respond_json({"error": "no such site", "sites": sorted(self._sites)}, 404)
            return
        try:
            result = site.command(str(order.get("do")), order.get("with", {}))
        except (TypeError, ValueError, LookupError) as error:
            await exchange.respond_json({"error": f"{type(error).__name__}: {error}"}, 400)
        else:
            await exchange.respond_json({"result": result})
