"""For tests of one's own: replicas and recordings of sites, at their true origin, in a real Chromium.

A pytest plugin; a project's ``conftest.py`` says ``pytest_plugins = ["cdp_relay.testing"]``. Its fixtures:

* ``replayed_site``: serve a recording; ``replica_site``: serve a site of one's own. Both give an object with
  the browser, pages, and a relay that asks the site.
* ``local_web``: the server and the browser that all tests of a process share.

:mod:`.chromium` starts a browser, :mod:`.web` puts a server beside it, :mod:`.served` and
:mod:`.replayed` are what the fixtures give, :mod:`.reply` is what an answer was, :mod:`.service` serves HTTP.

PYTEST_DONT_REWRITE: nothing is asserted in here, and it may be imported before pytest hears of it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from cdp_relay.errors import BrowserNotFound, LaunchFailed
from cdp_relay.settings import Home

if TYPE_CHECKING:
    from cdp_relay.recording.serving import Exchange, PageSocket, Site
    from cdp_relay.recording.session import Session
    from cdp_relay.testing.replayed import Bend, Code, ReplayedPage
    from cdp_relay.testing.reply import Reply
    from cdp_relay.testing.served import ServedSite
    from cdp_relay.testing.web import LocalWeb

__all__ = [
    "Exchange",
    "LocalWeb",
    "PageSocket",
    "ReplayRecording",
    "ReplayedPage",
    "Reply",
    "ServeReplica",
    "ServedSite",
    "Site",
    "local_web",
    "replayed_site",
    "replica_site",
]

ReplayRecording: TypeAlias = Callable[..., "ReplayedPage"]
"""What the fixture ``replayed_site`` is."""
ServeReplica: TypeAlias = Callable[..., "ServedSite"]
"""What the fixture ``replica_site`` is."""

_PLACES = {
    "Exchange": "cdp_relay.recording.serving",
    "PageSocket": "cdp_relay.recording.serving",
    "Site": "cdp_relay.recording.serving",
    "LocalWeb": "cdp_relay.testing.web",
    "ReplayedPage": "cdp_relay.testing.replayed",
    "Reply": "cdp_relay.testing.reply",
    "ServedSite": "cdp_relay.testing.served",
}


def __getattr__(name: str) -> Any:
    # A project whose tests mostly need none of this should not wait for all of it.
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@pytest.fixture(scope="session")
def local_web() -> Generator[LocalWeb]:
    """A server of sites, and a headless Chromium that finds every site there; one for all tests."""
    from cdp_relay.testing.web import open_local_web

    with ExitStack() as stack:
        try:
            web = stack.enter_context(open_local_web())
        except (BrowserNotFound, LaunchFailed) as error:
            pytest.fail(f"{error.message} {error.next_step}", pytrace=False)
        yield web


@pytest.fixture
def replica_site(
    request: pytest.FixtureRequest, local_web: LocalWeb, tmp_path_factory: pytest.TempPathFactory
) -> Generator[ServeReplica]:
    """Serve a site of one's own for this test: ``served = replica_site(MySite())``.

    The site's own mistakes (handlers that raise) fail the test.
    """
    _check_can_wait(request)
    from cdp_relay.testing.served import ServedSite

    with ExitStack() as stack:

        def serve(site: Site, *, name: str = "", providers: str | Path | None = None) -> ServedSite:
            """Serve a site.

            Args:
              name: what a model label calls it; the site's own name when left out.
              providers: a folder of files that tell the relay of the site, unless it is built in.
            """
            stack.enter_context(local_web.serve(site))
            served = ServedSite(
                name=name or site.name,
                site=site,
                origin=f"https://{site.hosts[0]}",
                chrome=local_web.chrome,
                home=_home(tmp_path_factory),
            )
            if providers is not None:
                served.use_providers(providers)
            return served

        local_web.take_failures()
        yield serve
    _check_failures(local_web)


@pytest.fixture
def replayed_site(
    request: pytest.FixtureRequest, local_web: LocalWeb, tmp_path_factory: pytest.TempPathFactory
) -> Generator[ReplayRecording]:
    """Serve a recording for this test: ``site = replayed_site("recordings/chatgpt/plain")``.

    Requests that nothing in the recording answers fail the test at its end, but for those it expects.
    """
    _check_can_wait(request)
    from cdp_relay.testing.replayed import open_replay

    pages: list[ReplayedPage] = []
    with ExitStack() as stack:

        def replay(
            recording: str | Path | Session,
            *,
            speed: float = 0.0,
            bend: Bend | None = None,
            code: Code | str | Path | None = None,
            unmatched: tuple[str, ...] = (),
            providers: str | Path | None = None,
        ) -> ReplayedPage:
            """Serve a recording at its true origin.

            Args:
              recording: a folder, a HAR file, or what was read of one.
              speed: 1 is as recorded, 2 twice as fast; 0 does not wait between chunks at all.
              bend: changes it first: ``bend=lambda it: it.at("POST /api/chat").cut(at=300)``.
              code: a whole recording with the files that a lean one left out, or what gives their bytes.
              unmatched: patterns (``*/telemetry*``) of addresses that the page may ask in vain.
              providers: a folder of files that tell the relay of the site, unless it is built in.
            """
            home = _home(tmp_path_factory)
            page = open_replay(
                stack,
                local_web,
                recording,
                home=home,
                speed=speed,
                bend_with=bend,
                code=code,
                expected=unmatched,
            )
            if providers is not None:
                page.use_providers(providers)
            pages.append(page)
            return page

        local_web.take_failures()
        yield replay
    _check_failures(local_web)
    surprises = [line for page in pages for line in page.surprises()]
    if surprises:
        lines = "\n  ".join(surprises)
        pytest.fail(f"The recording has no answer for what the page asked:\n  {lines}", pytrace=False)


def _home(folders: pytest.TempPathFactory) -> Home:
    folder = folders.mktemp("relay")
    return Home(config=folder, state=folder)


def _check_failures(web: LocalWeb) -> None:
    if failures := web.take_failures():
        pytest.fail(failures, pytrace=False)


def _check_can_wait(request: pytest.FixtureRequest) -> None:
    """Say what is missing where an asynchronous test would not be run, or not by Trio."""
    node = request.node
    if not inspect.iscoroutinefunction(getattr(node, "function", None)):
        return
    if any(node.get_closest_marker(name) for name in ("trio", "anyio")):
        return
    if request.config.pluginmanager.hasplugin("trio"):
        pytest.fail(
            "An asynchronous test of a site runs in Trio: mark it with @pytest.mark.trio, "
            "or set trio_mode = true in the settings of pytest.",
            pytrace=False,
        )
    pytest.fail(
        "An asynchronous test of a site needs pytest-trio: pip install pytest-trio. "
        "A test that is not asynchronous can use trio.run(site.ask, 'Hello').",
        pytrace=False,
    )
