"""The plugin in a project of somebody's own: what its tests are told when something is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cdp_relay.testing.chromium import EXECUTABLE
from cdp_relay.testing.web import LocalWeb
from tests.recordings.shelf import folder_of
from tests.testing.outer import CONFTEST, webs

pytest_plugins = ["pytester"]

Project = Callable[..., pytest.RunResult]

SITE = """
import pytest
from cdp_relay.testing import Exchange, Site

class Clock(Site):
    name = "clock"
    hosts = ("plain.test",)

    async def handle(self, exchange):
        await exchange.respond(200, 1 / 0 if exchange.path == "/broken" else "noon")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, local_web: LocalWeb, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Run a test file in a project that has the plugin, with the browser that is there."""
    webs.append(local_web)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makeconftest(CONFTEST)
        pytester.makepyfile(test_site=SITE + text)
        return pytester.runpytest_inprocess("-p", "no:anyio", *options)

    return run


@pytest.mark.browser
def test_a_handler_that_breaks_fails_its_test_alone(project: Project) -> None:
    result = project("""
import trio

async def see(served, path):
    async with served.open_page(path) as tab:
        return await tab.evaluate("() => document.body.textContent.trim()")

def test_breaks(replica_site):
    assert "broke" in trio.run(see, replica_site(Clock()), "/broken")

def test_works(replica_site):
    assert trio.run(see, replica_site(Clock()), "/") == "noon"
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_breaks*", "*ZeroDivisionError*"])


def test_an_asynchronous_test_that_trio_does_not_run_is_told_so(project: Project) -> None:
    text = """
async def test_asks(replica_site):
    raise AssertionError("never run")
"""
    marked = project(text)
    marked.assert_outcomes(errors=1)
    marked.stdout.fnmatch_lines(["*mark it with @pytest.mark.trio*"])
    without = project(text, "-p", "no:trio")
    without.assert_outcomes(errors=1)
    without.stdout.fnmatch_lines(["*pip install pytest-trio*"])


def test_a_missing_browser_is_said_before_any_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EXECUTABLE, "/nowhere/chrome")
    pytester.makeconftest('pytest_plugins = ["cdp_relay.testing"]')
    pytester.makepyfile("def test_it(local_web):\n    raise AssertionError('never run')\n")
    result = pytester.runpytest_inprocess("-p", "no:anyio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{EXECUTABLE} is '/nowhere/chrome'*"])


@pytest.mark.browser
def test_what_no_recording_answers_fails_the_test_unless_it_is_expected(project: Project) -> None:
    folder = folder_of("claude", "too_many_requests")
    result = project(f"""
import trio
from tests.recordings.shelf import code_of
from tests.sites.claude import ClaudeSite

async def ask_for(site, path):
    async with site.open_page("/new") as tab:
        return await tab.evaluate("async (path) => (await fetch(path)).status", path)

def test_surprised(replayed_site):
    site = replayed_site({str(folder)!r}, code=code_of(ClaudeSite))
    assert trio.run(ask_for, site, "/api/never/seen") == 404

def test_expected(replayed_site):
    site = replayed_site({str(folder)!r}, code=code_of(ClaudeSite), unmatched=("*/api/never/*",))
    assert trio.run(ask_for, site, "/api/never/seen") == 404
    assert [one.url for one in site.unmatched] == ["https://claude.ai/api/never/seen"]
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_surprised*", "*GET https://claude.ai/api/never/seen*"]
    )
