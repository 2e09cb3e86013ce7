"""The stages of the contract's scenarios, and the option that writes their matrix."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.cdp import Connection
from cdp_relay.chat.relay import open_relay
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, Settings, SiteSettings
from tests.chat.conftest import LIMITS
from tests.conftest import Sites
from tests.contract.matrix import DOCUMENT, Cells, documented, render
from tests.contract.scenarios import SCENARIOS
from tests.contract.stage import Stage, begin
from tests.providers.documented import write_documented_provider
from tests.sites.chats import CHAT_SITES
from tests.sites.kit import ChatSite, ChromiumProcess

_LIMITS = {"ready_seconds": 10.0, "submit_seconds": 15.0, "fresh_seconds": 0.0}
"""Every turn opens its page itself: one that was opened ahead would show the scene before."""

OpenStages = Callable[..., AbstractAsyncContextManager[list[Stage]]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest tests/contract``."""
    parser.addoption("--write-matrix", action="store_true", help="write docs/contract-matrix.md")
    parser.addoption("--contract-site", action="append", help="only this site; may be given more than once")


def chosen_sites(config: pytest.Config) -> list[str]:
    """The sites that this run is about, in the order of the matrix."""
    only = config.getoption("--contract-site", default=None)
    return [kind.name for kind in CHAT_SITES if not only or kind.name in only]


@pytest.fixture(scope="session")
def site_names(request: pytest.FixtureRequest) -> list[str]:
    """The sites that this run is about."""
    return chosen_sites(request.config)


@pytest.fixture
def chat_sites(sites: Sites, site_names: list[str]) -> Generator[dict[str, ChatSite[Any]]]:
    """The replicas, which know of no other test, and whose own mistakes fail the test."""
    replicas = {kind.name: site for kind, site in sites.chats.items() if kind.name in site_names}
    for name, site in replicas.items():
        site.bundle_page()
        begin(name, site)
    sites.server.failures.clear()
    yield replicas
    for site in replicas.values():
        site.reset()
    failures, sites.server.failures[:] = list(sites.server.failures), []
    assert not failures, "\n".join(failures)


@pytest.fixture
def open_stages(
    chromium: ChromiumProcess,
    connection: Connection,
    browser_context: str,
    chat_sites: dict[str, ChatSite[Any]],
    tmp_path: Path,
) -> OpenStages:
    """``async with open_stages(**limits) as stages``: one relay with all sites, and a stage on each."""
    _write_overrides(tmp_path / "providers", chat_sites)
    home = Home(config=tmp_path, state=tmp_path)

    @asynccontextmanager
    async def opened(**limits: float) -> AsyncGenerator[list[Stage]]:
        settings = Settings(
            chrome=ChromeSettings(attach=chromium.http_url),
            chat=ChatSettings(sites=tuple(chat_sites)),
            limits=attrs.evolve(LIMITS, **{**_LIMITS, **limits}),
            sites={name: SiteSettings(gap_seconds=0, per_hour=0) for name in chat_sites},
        )
        async with open_relay(settings, home, browser_context_id=browser_context) as relay:
            yield [
                Stage(name=name, site=site, relay=relay, connection=connection, context=browser_context)
                for name, site in chat_sites.items()
            ]

    return opened


def _write_overrides(folder: Path, names: Iterable[str]) -> None:
    """Have send pressed again sooner: a test should not wait as long as a person would.

    A site that is not built in is the one that the docs build.
    """
    write_documented_provider(folder)
    for file in set(folder.glob("*")):
        if file.stem not in names:
            file.unlink()
    sooner = "[submission]\ngrace_seconds = 1.0\n"
    for name in names:
        file = folder / f"{name}.toml"
        text = file.read_text("utf-8") if file.exists() else "[submission]\n"
        file.write_text(text.replace("[submission]\n", sooner), "utf-8")


# --- the matrix ----------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Gather what the scenarios find."""
    config.pluginmanager.register(_Matrix(config), "contract-matrix")


class _Matrix:
    """Gathers the tests' reports, those of other processes included, and writes the matrix at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[str, Cells] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test of scenarios recorded."""
        for name, value in report.user_properties:
            if name == "contract" and isinstance(value, dict):
                self._results.update(value)

    def pytest_sessionfinish(self) -> None:
        """Write the document, when that was asked for and every scenario has played."""
        wanted = self._config.getoption("--write-matrix", default=False)
        if wanted and len(self._results) == len(SCENARIOS):
            # The columns of sites that this run was not about stay as they are.
            text = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
            results = {
                scenario.name: {**(documented(text, scenario) or {}), **self._results[scenario.name]}
                for scenario in SCENARIOS
            }
            DOCUMENT.write_text(render([kind.name for kind in CHAT_SITES], results), "utf-8")
