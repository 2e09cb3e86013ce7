"""Every client by its name."""

from __future__ import annotations

from collections.abc import Mapping

from cdp_relay.cli.clients._editors import EDITORS
from cdp_relay.cli.clients._programs import PROGRAMS
from cdp_relay.cli.clients._terminal import TERMINAL
from cdp_relay.cli.clients.plan import Client, Endpoint, Places, Plan

__all__ = ["CLIENTS", "plan_for"]

CLIENTS: Mapping[str, Client] = {client.name: client for client in (*TERMINAL, *EDITORS, *PROGRAMS)}
"""In the order of the list."""


def plan_for(name: str, endpoint: Endpoint, places: Places) -> Plan:
    """What connecting a client takes. Touches nothing.

    A test of a client against a relay, in a home folder of its own::

        plan = plan_for("codex", Endpoint(root=root, key=key, model="chatgpt"), Places(home=folder))
        for edit in plan.edits:
            write_edit(edit)
        subprocess.run([...], env={**os.environ, **plan.environment, "HOME": str(folder)})

    Raises:
      KeyError: there is no such client.
    """
    return CLIENTS[name].plan(endpoint, places)
