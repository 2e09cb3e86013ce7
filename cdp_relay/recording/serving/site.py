"""The base of a site that is served."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cdp_relay.recording.serving.exchange import Exchange
from cdp_relay.recording.serving.gates import Gates
from cdp_relay.recording.serving.journal import Entry, Journal

__all__ = ["Site"]


class Site:
    """A site: its hosts, its journal and gates, and a handler for its requests.

    A test calls methods from its own thread, requests are handled on the server's loop. :meth:`reset`
    gives the next test a new journal and new gates; whatever still runs for the last test keeps the old.
    """

    name: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which it answers; a class that has them fixed says them as an attribute."""
        raise NotImplementedError

    def __init__(self) -> None:
        self.journal = Journal()
        self.gates = Gates(self.journal)
        self.start_task: Callable[[Callable[[], Awaitable[None]]], None] | None = None
        """Start a task on the server's loop that outlives its request; only from that loop."""
        self.run_soon: Callable[[Callable[[], object]], None] | None = None
        """Run a function on the server's loop soon; from any thread. None before the server runs."""

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget everything that a test set up, and let go what is held."""
        self.gates.release_for_good()
        self.journal = Journal()
        self.gates = Gates(self.journal)

    def hold(self, *gates: str) -> None:
        """Stop at these gates from now on."""
        self.gates.shut(*gates)

    def release(self, *gates: str) -> None:
        """Open these gates, or all."""
        self.gates.open(*gates)

    async def held(self, gate: str, *, count: int = 1, timeout: float = 10.0) -> Entry:
        """Wait until the site stands at a gate."""
        return await self.gates.held(gate, count=count, timeout=timeout)

    def command(self, name: str, values: Mapping[str, Any]) -> Any:
        """Do what the control desk asks, and return something for JSON.

        Raises:
          LookupError, TypeError, ValueError: there is no such command, or it wants other values.
        """
        if name == "journal":
            return [
                {"kind": entry.kind, "at": entry.at, **_plain(entry.data)} for entry in self.journal.entries()
            ]
        if name in ("hold", "release"):
            getattr(self, name)(*values.get("gates", ()))
        elif name == "reset":
            self.reset()
        else:
            raise LookupError(f"no command {name!r}")
        return None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=repr))
