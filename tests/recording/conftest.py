"""A tab for the tests of what is recorded of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from cdp_relay.cdp import Connection
from cdp_relay.page import Tab, open_tab


@pytest.fixture
async def tab(connection: Connection, browser_context: str) -> AsyncGenerator[Tab]:
    """An empty tab in a browser context of its own."""
    async with open_tab(connection, browser_context_id=browser_context) as opened:
        yield opened
