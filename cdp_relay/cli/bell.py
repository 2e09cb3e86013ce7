"""Calling the person: a line on the terminal, and its bell, when a site asks for somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TextIO

import structlog

from cdp_relay.chat.status import SiteStatus

__all__ = ["call_person"]

_log = structlog.stdlib.get_logger("cdp_relay.site")


async def call_person(changes: AsyncIterator[SiteStatus], stream: TextIO) -> None:
    """Say on *stream* when a site begins to need the person, and when that is over.

    Rings only on a terminal: elsewhere the character would stand in somebody's file.
    """
    bell = "\a" if stream.isatty() else ""
    called: set[str] = set()
    async for site in changes:
        if site.needs_person and site.name not in called:
            called.add(site.name)
            print(f"{bell}{site.title} needs you. {site.message} {site.next_step}", file=stream, flush=True)
            _log.warning("person_needed", site=site.name, state=site.state)
        elif not site.needs_person and site.name in called:
            called.remove(site.name)
            print(f"{site.title} no longer waits for you.", file=stream, flush=True)
            _log.info("person_not_needed", site=site.name, state=site.state)
