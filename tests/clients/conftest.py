"""A relay as a person starts it, in front of the replica sites, and a desk at which an agent works."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from tests.clients.assistant import Assistant
from tests.clients.job import make_job
from tests.clients.matrix import DOCUMENT, cited_tests, render
from tests.clients.programs import PROGRAMS, SITES, Place, Program
from tests.clients.running import Desk
from tests.clients.wire import tapped
from tests.conftest import Sites
from tests.sites.kit import ChatSite

_RELAY = [sys.executable, "-c", "from cdp_relay.cli import main; main()"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of ``launch/clients``."""
    parser.addoption(
        "--write-clients", action="store_true", help="run all that docs/clients.md names, and write it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have what the matrix names run as well, wherever it is, and gather how it ends."""
    if config.getoption("--write-clients", default=False):
        named = {name.partition("[")[0] for name in cited_tests()}
        config.args += sorted(name for name in named if not name.startswith("tests/clients/"))
        config.option.markexpr = ""
        config.pluginmanager.register(_Results(), "clients-matrix")


class _Results:
    """Gathers what passed, and writes the matrix at the end."""

    def __init__(self) -> None:
        self._passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a test, or of what it needed."""
        if report.failed or (report.when == "call" and report.passed):
            self._passed[report.nodeid] = self._passed.get(report.nodeid, True) and report.passed

    def pytest_sessionfinish(self) -> None:
        """Write the document, if anything was run."""
        if not self._passed:
            return
        before = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
        DOCUMENT.write_text(render(self._passed, before), "utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs a real agent, unless it was asked for by its marker."""
    if "clients" in config.option.markexpr or config.getoption("--write-clients", default=False):
        return
    left_out = [item for item in items if item.get_closest_marker("clients")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("clients")]


@attrs.frozen(kw_only=True)
class Running:
    """A relay that runs, with the replica sites that it asks."""

    port: int
    key: str
    sites: Mapping[str, ChatSite[Any]]


@pytest.fixture(scope="session")
def running_relay(sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """The service with a browser of its own, as ``cdp-relay up`` has it."""
    replicas = {kind.name: site for kind, site in sites.chats.items() if kind.name in SITES}
    for site in replicas.values():
        site.bundle_page()
        site.reset()
    with _up(tmp_path_factory.mktemp("relay"), sites.server.chromium_flags) as ready:
        yield Running(port=urlsplit(ready["base_url"]).port or 0, key=ready["key"], sites=replicas)
    for site in replicas.values():
        site.reset()


@pytest.fixture(params=[pytest.param(program, id=program.name) for program in PROGRAMS])
def program(request: pytest.FixtureRequest) -> Program:
    """Each of the programs."""
    found: Program = request.param
    if not found.installed:
        pytest.skip("run launch/clients, which installs it")
    return found


@pytest.fixture
def site_name(program: Program) -> str:
    """The site that a test asks; a test that is about each of them says so."""
    return program.site


@pytest.fixture
async def desk(
    running_relay: Running, program: Program, site_name: str, sites: Sites, tmp_path: Path
) -> AsyncGenerator[Desk]:
    """A program, a scratch repository with a job in it, and a site whose model knows what to do."""
    site = running_relay.sites[site_name]
    job = make_job(tmp_path / "repository")
    assistant = Assistant(job)
    sites.server.failures.clear()
    async with tapped(running_relay.port) as wire:
        place = Place(
            home=tmp_path / "home",
            root_url=f"http://127.0.0.1:{wire.port}",
            key=running_relay.key,
            model=site.name,
        )
        desk = Desk(program=program, place=place, job=job, site=site, assistant=assistant, wire=wire)
        site.answer_with(desk.answer)
        yield desk
        site.answer_with(None)
    failures, sites.server.failures[:] = list(sites.server.failures), []
    assert not failures, "\n".join(failures)


@contextmanager
def _up(home: Path, flags: tuple[str, ...]) -> Generator[dict[str, Any]]:
    lines = ["[chat]", f"sites = {json.dumps(SITES)}", "tabs = 2"]
    for site in SITES:
        lines += [f"[sites.{site}]", "gap_seconds = 0", "per_hour = 0"]
    (home / "config.toml").write_text("\n".join(lines), "utf-8")
    given = {name: value for name, value in os.environ.items() if not name.startswith("CDP_RELAY_")}
    chrome = list(flags)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        chrome.append("--no-sandbox")  # Chromium has no sandbox for root
    given |= {"CDP_RELAY_HOME": str(home), "CDP_RELAY_CHROME_ARGS": shlex.join(chrome)}
    words = [*_RELAY, "up", "--json", "--headless", "--port=0"]
    with (
        (home / "errors").open("wb") as errors,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, env=given) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (home / "errors").read_text("utf-8")
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
