"""The browser of the tests here, for tests that those run inside of themselves."""

from __future__ import annotations

from cdp_relay.testing.web import LocalWeb

__all__ = ["CONFTEST", "webs"]

webs: list[LocalWeb] = []

CONFTEST = """
import pytest
from tests.testing.outer import webs

pytest_plugins = ["cdp_relay.testing"]

@pytest.fixture(scope="session")
def local_web():
    return webs[-1]
"""
