"""Fixtures that the rooms share: a Chromium, a connection to it, and the replica sites.

One browser and one sites' server serve a whole test process; each test gets its own browser context,
and the sites forget everything in between.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import pytest
import trio

import cdp_relay

if importlib.util.find_spec("cdp_relay.providers") is None:  # a bare checkout, nothing installed
    cdp_relay.__path__.append(str(Path(__file__).parents[1]))

from cdp_relay.testing import replayed_site, replica_site  # noqa: F401  # fixtures
from cdp_relay.testing.web import LocalWeb
from tests.sites.aistudio import AIStudioSite
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.chats import CHAT_SITES
from tests.sites.claude import ClaudeSite
from tests.sites.deepseek import DeepSeekSite
from tests.sites.gemini import GeminiSite
from tests.sites.kit import ChatSite, ChromiumProcess, PlainSite, Site, SiteServer, start_chromium

if TYPE_CHECKING:
    from cdp_relay.cdp import Connection

S = TypeVar("S", bound=ChatSite[Any])
StartChromium = Callable[..., Awaitable[ChromiumProcess]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest: one that is begun last keeps a single process busy."""
    items.sort(key=_most_seconds, reverse=True)


def _most_seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker is not None else 0.0


@attrs.frozen(kw_only=True)
class Sites:
    """The replica sites and their server."""

    server: SiteServer
    plain: PlainSite
    chats: Mapping[type[ChatSite[Any]], ChatSite[Any]]


@pytest.fixture(scope="session")
def sites() -> Generator[Sites]:
    """All replica sites, served over TLS on a free loopback port."""
    plain, chats = PlainSite(), {kind: kind() for kind in CHAT_SITES}
    server = SiteServer([plain, *chats.values()], control=True)
    server.start()
    yield Sites(server=server, plain=plain, chats=chats)
    server.stop()


@pytest.fixture(scope="session")
def chromium(sites: Sites) -> Generator[ChromiumProcess]:
    """One headless browser for all tests of the process; never crash or close it."""
    browser = start_chromium(*sites.server.chromium_flags)
    yield browser
    browser.stop()


@pytest.fixture(scope="session")
def local_web(sites: Sites, chromium: ChromiumProcess) -> LocalWeb:
    """The same server and browser, for what ``cdp_relay.testing`` serves."""
    return LocalWeb(server=sites.server, chrome=chromium)


@pytest.fixture
async def private_chromium(sites: Sites) -> AsyncGenerator[StartChromium]:
    """Start browsers that the test may crash and kill: ``browser = await private_chromium("--flag")``."""
    started: list[ChromiumProcess] = []

    async def start(*flags: str, without: tuple[str, ...] = ()) -> ChromiumProcess:
        launch = functools.partial(start_chromium, *sites.server.chromium_flags, *flags, without=without)
        browser = await trio.to_thread.run_sync(launch)
        started.append(browser)
        return browser

    yield start
    for browser in started:
        await trio.to_thread.run_sync(browser.stop)


@pytest.fixture
async def connection(chromium: ChromiumProcess) -> AsyncGenerator[Connection]:
    """A DevTools connection to the shared browser."""
    from cdp_relay.cdp import open_connection  # here, so that rooms below it are tested without it

    async with open_connection(chromium.ws_url) as opened:
        yield opened


@pytest.fixture
async def browser_context(connection: Connection) -> AsyncGenerator[str]:
    """The id of a browser context of this test's own: own cookies, storage and sockets."""
    # A machine full of tests is slow at this, and that is nobody's failure.
    reply = await connection.root.call("Target.createBrowserContext", {"disposeOnDetach": True}, timeout=30)
    context: str = reply["browserContextId"]
    yield context
    await connection.root.call("Target.disposeBrowserContext", {"browserContextId": context}, timeout=30)


@pytest.fixture(scope="session")
def kept_pages() -> list[str]:
    """The page of :func:`kept_page`, once it was opened."""
    return []


@pytest.fixture
async def kept_page(connection: Connection, kept_pages: list[str]) -> str:
    """The id of an empty page that tests take in turns, for those that only need some page to load into.

    A window of its own would cost them more CPU than what they do in it. Such a test leaves nothing that
    outlives its documents: no cookies, storage, permissions, dialogs, windows or workers.
    """
    if kept_pages and await _is_emptied(connection, kept_pages[0]):
        return kept_pages[0]
    reply = await connection.root.call("Target.createBrowserContext", timeout=30)
    context = {"browserContextId": reply["browserContextId"]}
    page = {"url": "about:blank", "newWindow": True, **context}
    kept_pages[:] = [(await connection.root.call("Target.createTarget", page, timeout=30))["targetId"]]
    return kept_pages[0]


async def _is_emptied(connection: Connection, target: str) -> bool:
    """Lead a page back to nothing; False when an earlier test left it in no state for that."""
    from cdp_relay.errors import BrowserError

    try:
        session = await connection.targets.attach_page(target)
        await session.call("Page.navigate", {"url": "about:blank"}, timeout=5)
        await session.detach()
    except BrowserError:
        return False
    return True


@pytest.fixture
def plain_site(sites: Sites) -> Generator[PlainSite]:
    """A site for the test's own pages: ``url = plain_site.page("/", "<p>hello")``."""
    with _fresh(sites, sites.plain):
        yield sites.plain


def _chat_fixture(kind: type[S]) -> Callable[[Sites], Generator[S]]:
    """A fixture for a chat site: ``chatgpt_site.say(Answer(text="Hello"))``."""

    @pytest.fixture(name=f"{kind.name}_site")
    def chat_site(sites: Sites) -> Generator[S]:
        site = sites.chats[kind]
        assert isinstance(site, kind)
        site.bundle_page()
        with _fresh(sites, site):
            yield site

    return chat_site


chatgpt_site = _chat_fixture(ChatGPTSite)
claude_site = _chat_fixture(ClaudeSite)
aistudio_site = _chat_fixture(AIStudioSite)
gemini_site = _chat_fixture(GeminiSite)
deepseek_site = _chat_fixture(DeepSeekSite)


@contextmanager
def _fresh(sites: Sites, site: Site) -> Generator[None]:
    """A site that knows of no other test, and whose own mistakes fail the test."""
    site.reset()
    sites.server.failures.clear()
    yield
    site.reset()
    failures, sites.server.failures[:] = list(sites.server.failures), []
    assert not failures, "\n".join(failures)
