"""A relay over the shared Chromium and the ChatGPT replica, and a question in one line."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest

from cdp_relay.chat import (
    ChatRequest,
    Message,
    RequestId,
    Role,
    TextPart,
)
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, LimitSettings, Settings, SiteSettings
from cdp_relay.testing.reply import Reply
from tests.sites.kit import ChromiumProcess

Heard = Reply

_numbers = itertools.count(1)


def question(text: str, *, model: str = "chatgpt", system: str = "") -> ChatRequest:
    """A request of one user message."""
    messages = [Message(role=Role.USER, parts=(TextPart(text),))]
    if system:
        messages.insert(0, Message(role=Role.SYSTEM, parts=(TextPart(system),)))
    return ChatRequest(id=RequestId(f"test-{next(_numbers)}"), model=model, messages=tuple(messages))


async def ask(relay: Relay, request: ChatRequest) -> Heard:
    """Ask, and listen to the end."""
    heard = Heard()
    async for event in relay.ask(request):
        heard.events.append(event)
    return heard


MakeRelay = Callable[..., Awaitable[Relay]]

LIMITS = LimitSettings(
    open_seconds=10,
    ready_seconds=5,
    compose_seconds=20,
    submit_seconds=4,
    first_byte_seconds=10,
    idle_seconds=10,
    recover_seconds=6,
)
"""Short enough that a test which waits for one fails in good time."""


def relay_settings(chromium: ChromiumProcess, *sites: str, **limits: float) -> Settings:
    """Settings that attach to a test's browser; replicas need not be spared, the pace has its own tests."""
    sites = sites or ("chatgpt", "practice")
    return Settings(
        chrome=ChromeSettings(attach=chromium.http_url),
        chat=ChatSettings(sites=sites),
        limits=attrs.evolve(LIMITS, **limits),
        sites={name: SiteSettings(gap_seconds=0, per_hour=0) for name in sites},
    )


@asynccontextmanager
async def one_site_relay(
    site: str, chromium: ChromiumProcess, browser_context: str, folder: Path
) -> AsyncGenerator[Relay, None]:
    """A relay for one site alone, which keeps what it keeps in *folder*."""
    home = Home(config=folder, state=folder)
    async with open_relay(relay_settings(chromium, site), home, browser_context_id=browser_context) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A place for what a relay keeps; a user's file there makes it press send again sooner."""
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "chatgpt.toml").write_text("[submission]\ngrace_seconds = 1.0\n")
    return Home(config=tmp_path, state=tmp_path)


@pytest.fixture
async def relay(chromium: ChromiumProcess, browser_context: str, home: Home) -> AsyncGenerator[Relay, None]:
    """A relay in a browser context of this test's own."""
    async with open_relay(relay_settings(chromium), home, browser_context_id=browser_context) as opened:
        yield opened


@pytest.fixture
async def leading_relay(
    chromium: ChromiumProcess, browser_context: str, home: Home
) -> AsyncGenerator[Relay, None]:
    """A relay whose every turn opens its page itself, so that one test can go from scene to scene."""
    settings = relay_settings(chromium, fresh_seconds=0)
    async with open_relay(settings, home, browser_context_id=browser_context) as opened:
        yield opened
