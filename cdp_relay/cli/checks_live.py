"""The doctor's checks that start a browser: the debugging port, the protocol, and a whole turn."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import aclosing

import attrs
import trio

from cdp_relay.cdp import fetch_protocol
from cdp_relay.cdp.generate import missing_in
from cdp_relay.chat.relay import open_relay
from cdp_relay.chat.vocabulary import ChatRequest, Message, RequestId, Role, TextDelta, TextPart
from cdp_relay.chrome import open_browser
from cdp_relay.cli.checks import Check, turn_check
from cdp_relay.cli.logs import set_up_logs
from cdp_relay.errors import RelayError
from cdp_relay.nursery import sole_error
from cdp_relay.settings import Home, LogSettings, Settings

__all__ = ["check_live"]


def check_live(home: Home, settings: Settings) -> Iterator[Check]:
    """Start (or attach to) the browser, and ask the practice page one question through it."""
    set_up_logs(LogSettings(level="error"))
    logging.getLogger("cdp_relay").setLevel(logging.CRITICAL)  # the checks say it themselves
    checks: list[Check] = []
    try:
        trio.run(_check, home, settings, checks)
    except* RelayError as group:
        error = sole_error(group)
        assert isinstance(error, RelayError)
        names = ("devtools", "protocol", "turn")
        checks.append(Check.failed(names[min(len(checks), 2)], error))
    yield from checks


async def _check(home: Home, settings: Settings, checks: list[Check]) -> None:
    headless = None if settings.chrome.headless is False else True
    async with open_browser(settings.chrome, home, headless=headless) as browser:
        checks.append(
            Check(
                name="devtools",
                result="ok",
                message=f"Chrome {browser.version} answers at {browser.http_url}",
            )
        )
        checks.append(_protocol(missing_in(await fetch_protocol(browser.http_url))))
        attached = attrs.evolve(
            settings,
            chrome=attrs.evolve(settings.chrome, attach=browser.http_url),
            chat=attrs.evolve(settings.chat, sites=("practice",), default_site="auto"),
            sites={},
            profiles={},
            chains={},
        )
        checks.append(await _turn(home, attached))


def _protocol(missing: list[str]) -> Check:
    if not missing:
        return Check(name="protocol", result="ok", message="every command and event that is used is there")
    return Check(
        name="protocol",
        result="failed",
        message=f"this browser lacks {', '.join(missing)}",
        next_step="Install a newer Chrome or Chromium, and name it in chrome.executable.",
    )


async def _turn(home: Home, settings: Settings) -> Check:
    question = "doctor: eins, zwei, drei"
    request = ChatRequest(
        id=RequestId(f"req_{secrets.token_hex(16)}"),
        model="practice/echo",
        messages=(Message(role=Role.USER, parts=(TextPart(question),)),),
        client="cdp-relay-doctor",
    )
    answer = ""
    async with open_relay(settings, home) as relay, aclosing(relay.ask(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                answer += event.text
    return turn_check(question, answer)
