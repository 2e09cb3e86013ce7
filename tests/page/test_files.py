"""Files into a composer by a page's own ways, proven; and never twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import unquote

import attrs
import pytest
import trio

from cdp_relay.chat.contract import StateRule
from cdp_relay.errors import AttachmentRefused, InsertionFailed
from cdp_relay.page import (
    AttachPlan,
    EditorPlan,
    PromptFile,
    Tab,
    UploadFile,
    UploadFolder,
    attach_files,
    chip_count,
    insert_text,
    open_upload_folder,
    read_text,
    remove_chips,
)
from tests.sites.kit import Exchange, PlainSite

pytestmark = pytest.mark.browser

CHIPS, REMOVE = ("#chips", ".chip"), (".chip .remove",)
PLAN = AttachPlan(
    ways=("input",),
    input=("form input[type=file]",),
    open=(("#plus",), ("#upload",)),
    drop=("#zone",),
    busy=(".chip [role=progressbar]",),
    seconds=20,
    chips=CHIPS,
    refusals=(
        StateRule(code="attachment_refused", selector=("[role=alert]",), text="not supported", message="No."),
    ),
)
EDITOR = EditorPlan(
    ladder={}, attachment_selectors=CHIPS, attachment_remove_selectors=REMOVE, limits={}, max_chars=None
)


@attrs.frozen
class Desk:
    """A page that takes files, what has come in there, and a folder to give files from."""

    tab: Tab
    site: PlainSite
    folder: UploadFolder

    async def files(self, *names: str) -> list[UploadFile]:
        kinds = {".png": "image/png", ".exe": "application/x-msdownload"}
        return [
            await self.folder.write(name, kinds.get(Path(name).suffix, "text/plain"), f"of {name} é".encode())
            for name in names
        ]

    @property
    def uploaded(self) -> dict[str, bytes]:
        """By name; a name twice is a mistake."""
        entries = self.site.journal.entries("uploaded")
        assert len({entry["name"] for entry in entries}) == len(entries)
        return {entry["name"]: entry["data"] for entry in entries}


@pytest.fixture
async def desk(tab: Tab, plain_site: PlainSite) -> AsyncGenerator[Desk]:
    async def upload(exchange: Exchange) -> None:
        name = unquote(exchange.target.partition("?")[2])
        plain_site.journal.record("uploaded", name=name, data=exchange.body)
        await plain_site.gates.pass_through("upload")
        await exchange.respond(200, "ok")

    plain_site.route("/upload", upload)
    html = (Path(__file__).parent / "attaching.html").read_text("utf-8")
    await tab.navigate(plain_site.page("/", html))
    async with open_upload_folder() as folder:
        yield Desk(tab, plain_site, folder)


async def test_files_go_to_the_inputs_that_take_them_and_uploads_are_waited_for(
    desk: Desk, nursery: trio.Nursery
) -> None:
    # The first input is deaf, the second takes one image at a time.
    files = await desk.files("a.txt", "one.png", "b.txt", "two.png")
    desk.site.hold("upload")
    done = trio.Event()

    async def attach() -> None:
        assert await attach_files(desk.tab, files, PLAN) == ("input",)
        done.set()

    nursery.start_soon(attach)
    await desk.site.gates.held("upload", count=1)
    assert not done.is_set()
    desk.site.release("upload")
    with trio.fail_after(20):
        await done.wait()
    assert desk.uploaded == {file.name: f"of {file.name} é".encode() for file in files}
    assert await chip_count(desk.tab, CHIPS) == 4


async def test_a_way_that_does_nothing_is_followed_by_the_next(desk: Desk) -> None:
    # No such inputs; the menu's chooser takes one text file at a time; the rest can be dropped.
    plan = attrs.evolve(PLAN, ways=("input", "chooser", "drop"), input=("#gone", "#dead"))
    files = await desk.files("a.txt", "one.png", "b.txt")

    assert await attach_files(desk.tab, files, plan) == ("chooser", "drop")

    assert set(desk.uploaded) == {"a.txt", "one.png", "b.txt"}


REFUSALS = {
    "the page says no": (("bad.exe",), ["bad.exe"], "No"),
    "one of several is refused aloud": (("a.txt", "bad.exe"), ["bad.exe"], "No"),
    "the page drops it": (("lost.txt",), ["lost.txt"], "dropped"),
    "one of several is dropped": (("a.txt", "lost.txt"), ["lost.txt"], "1 of 2"),
    "the upload never ends": (("stuck.txt",), ["stuck.txt"], "longer than 3 s"),
}


@pytest.mark.parametrize("how", REFUSALS)
async def test_a_file_that_the_page_does_not_take_is_named_and_not_given_twice(desk: Desk, how: str) -> None:
    names, refused, why = REFUSALS[how]
    plan = attrs.evolve(PLAN, input=("#any",), ways=("input", "drop"), seconds=3)

    with pytest.raises(AttachmentRefused, match=why) as error:
        await attach_files(desk.tab, await desk.files(*names), plan)

    assert error.value.details == {"files": refused}
    assert set(desk.uploaded) <= {"a.txt"}


async def test_where_nothing_has_any_effect_nothing_was_uploaded_and_the_page_is_still_there(
    desk: Desk,
) -> None:
    plan = attrs.evolve(
        PLAN,
        ways=("input", "chooser", "drop"),
        input=("#composer",),
        open=(("#zone",),),
        drop=("#unaware",),
    )
    before = desk.tab.loader_id

    with pytest.raises(AttachmentRefused, match=r"'a\.txt'.*no way"):
        await attach_files(desk.tab, await desk.files("a.txt"), plan)

    assert desk.uploaded == {}
    assert desk.tab.loader_id == before


async def test_chips_are_removed_from_the_last_one_on(desk: Desk) -> None:
    await attach_files(
        desk.tab, await desk.files("a.txt", "b.txt", "c.txt"), attrs.evolve(PLAN, input=("#any",))
    )

    assert await remove_chips(desk.tab, CHIPS, REMOVE, keep=1) == 2
    assert await desk.tab.evaluate("() => chips.textContent") == "a(1).txt×"
    with pytest.raises(InsertionFailed, match="no control"):
        await remove_chips(desk.tab, CHIPS, ("#nothing",))
    assert await remove_chips(desk.tab, CHIPS, REMOVE) == 1
    assert await remove_chips(desk.tab, CHIPS, REMOVE) == 0


async def test_a_prompt_that_no_other_rung_carries_goes_as_a_file(desk: Desk) -> None:
    (paper,) = await desk.files("prompt.md")

    async def attach() -> None:
        await attach_files(desk.tab, [paper], attrs.evolve(PLAN, input=("#any",)))

    file = PromptFile(line="See prompt.md.", attach=attach)
    plan = attrs.evolve(EDITOR, ladder={"textarea": ("drop", "file")}, max_chars=20, file=file)
    short = await insert_text(desk.tab, ("#composer",), "short enough", plan, timeout=20)
    assert (short.rung, short.text, desk.uploaded) == ("drop", "short enough", {})

    long = await insert_text(desk.tab, ("#composer",), "long " * 10, plan, timeout=20)
    assert (long.rung, long.text, long.attached, long.characters) == ("file", "See prompt.md.", True, 50)
    assert await read_text(desk.tab, ("#composer",)) == "See prompt.md."
    assert set(desk.uploaded) == {"prompt.md"}


async def test_a_prompt_whose_file_is_refused_takes_the_next_rung(desk: Desk) -> None:
    (bad,) = await desk.files("lost.txt")

    async def attach() -> None:
        await attach_files(desk.tab, [bad], attrs.evolve(PLAN, input=("#any",), seconds=2))

    file = PromptFile(line="See the file.", attach=attach)
    plan = attrs.evolve(EDITOR, ladder={"textarea": ("file", "drop")}, file=file)
    insertion = await insert_text(desk.tab, ("#composer",), "the prompt", plan, timeout=20)
    assert [attempt.rung for attempt in insertion.attempts] == ["file", "drop"]
    assert await read_text(desk.tab, ("#composer",)) == "the prompt"
