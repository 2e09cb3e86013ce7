from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from cdp_relay.cdp import Connection
from cdp_relay.chat.left_tabs import TabNotes
from cdp_relay.chrome import Browser
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser

GONE = 2**22 - 1
"""The id of no process: systems give no higher ones."""


@pytest.fixture
def browser(connection: Connection, chromium: ChromiumProcess) -> Browser:
    name = chromium.ws_url.rpartition("/")[2]
    return Browser(
        connection=connection,
        http_url=chromium.http_url,
        version="1",
        headless=True,
        owned=False,
        name=name,
    )


async def open_page(browser: Browser) -> str:
    page = {"url": "about:blank", "newWindow": True, "background": True}
    opened: str = (await browser.connection.root.call("Target.createTarget", page))["targetId"]
    return opened


async def pages(browser: Browser) -> set[str]:
    return {page.target_id for page in await browser.connection.targets.list_pages()}


def note(folder: Path, browser: str, *tabs: str, pid: int = GONE, started: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{browser}.{pid}.json"
    path.write_text(json.dumps({"pid": pid, "started": started, "tabs": tabs}))
    return path


async def test_the_tabs_of_a_service_that_is_gone_are_closed_but_for_those_still_of_use(
    browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "tabs"
    left, claimed, persons = [await open_page(browser) for _ in range(3)]
    gone = note(folder, browser.name, left, claimed, "no such tab")
    notes = TabNotes(folder)
    await notes.clear(browser)
    assert left in await pages(browser), "nobody has said yet which are of use"
    notes.claimed = {claimed}
    await notes.clear(browser)
    there = await pages(browser)
    assert left not in there
    assert {claimed, persons} <= there
    assert notes.left(browser) == {claimed}
    assert not gone.exists()
    # Whoever comes after us knows of it, should this service be killed as well.
    (ours,) = folder.iterdir()
    assert json.loads(ours.read_text())["tabs"] == [claimed]
    assert ours.stat().st_mode & 0o777 == 0o600
    notes.claimed.clear()
    await notes.clear(browser)
    assert claimed not in await pages(browser)
    assert list(folder.iterdir()) == []
    await browser.connection.targets.close_page(persons)


async def test_a_tab_is_noted_for_as_long_as_it_is_open(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "tabs"
    notes = TabNotes(folder)
    with notes.noted(browser, "one"), notes.noted(browser, "two"):
        (ours,) = folder.iterdir()
        facts = json.loads(ours.read_text())
        assert (facts["pid"], facts["tabs"]) == (os.getpid(), ["one", "two"])
        assert TabNotes(folder).left(browser) == frozenset(), "its service lives"
    assert list(folder.iterdir()) == []
    assert notes.left(browser) == frozenset()


async def test_what_others_wrote_is_not_trusted_and_goes_with_time(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "tabs"
    living = note(folder, browser.name, "theirs", pid=os.getppid(), started=0.0)
    os.utime(living)
    other = note(folder, "another-browser", "elsewhere")
    old = note(folder, "old-browser", "forgotten")
    week_ago = time.time() - 8 * 24 * 3600
    os.utime(old, (week_ago, week_ago))
    for name, text in (("broken", "{"), ("list", "[]"), ("wrong", '{"pid": "x"}')):
        (folder / f"{browser.name}.{name}.json").write_text(text)
    notes = TabNotes(folder)
    # A process with that id lives, but not the one that wrote it.
    assert notes.left(browser) == {"theirs"}
    assert {path.name for path in folder.iterdir()} == {other.name, f"{browser.name}.{os.getpid()}.json"}


async def test_a_folder_that_cannot_be_written_costs_nothing(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for notes in (TabNotes(tmp_path / "file", set()), TabNotes(None, set())):
        with notes.noted(browser, "one"):
            assert notes.left(browser) == frozenset()
        await notes.clear(browser)
