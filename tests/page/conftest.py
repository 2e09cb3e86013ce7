"""Pages and tabs for the tests of the page room."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from cdp_relay.cdp import Connection
from cdp_relay.page import Tab, open_tab
from tests.sites.kit import PlainSite, bundle

_EDITORS = Path(__file__).parent / "editors"

EDITORS = ("prosemirror", "lexical", "quill", "textarea", "contenteditable")


@pytest.fixture
async def own_tab(connection: Connection, browser_context: str) -> AsyncGenerator[Tab]:
    """An empty tab in a browser context of its own."""
    async with open_tab(connection, browser_context_id=browser_context) as opened:
        yield opened


@pytest.fixture
def tab(own_tab: Tab) -> Tab:
    """The tab of a test; modules whose tests leave nothing behind replace it by ``kept_tab``."""
    return own_tab


@pytest.fixture
async def kept_tab(connection: Connection, kept_page: str) -> AsyncGenerator[Tab]:
    """An empty tab that tests take in turns."""
    async with open_tab(connection, target_id=kept_page, close=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def editor_bundles() -> dict[str, bytes]:
    """The real editors, bundled once."""
    return dict(bundle(_EDITORS, {name: f"{name}.js" for name in EDITORS}))


@pytest.fixture
def editor_url(plain_site: PlainSite, editor_bundles: dict[str, bytes]) -> Callable[[str], str]:
    """The address of a page with an editor of the given kind."""
    html = (_EDITORS / "index.html").read_text("utf-8")

    def url(kind: str) -> str:
        script = editor_bundles[kind].decode()
        plain_site.page(f"/editors/{kind}.js", script, content_type="text/javascript; charset=utf-8")
        return plain_site.page(f"/{kind}", html.replace("BUNDLE", kind))

    return url
