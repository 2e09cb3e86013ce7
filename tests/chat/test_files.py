"""Files in and out of whole turns on the ChatGPT replica: bytes arrive as they are, or it is said."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path

import attrs
import pytest
import trio

from cdp_relay.chat import ChatRequest, FilePart, FileProduced, FinishReason, Message, Role, Step, TextPart
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import Tool
from cdp_relay.errors import AnswerIncomplete, AttachmentRefused
from cdp_relay.settings import Home
from tests.chat.conftest import Heard, ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.answers import ProducedFile

pytestmark = pytest.mark.browser


def _png(seed: int) -> bytes:
    """A whole PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\2\0\0\0")
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes((0, seed, 0, 0))))
        + chunk(b"IEND", b"")
    )


PNG = FilePart(name="folder/cat é.png", media_type="image/png", data=_png(1))
NOTES = FilePart(name="notes.md", media_type="text/markdown", data="# Grüße\n".encode())


@pytest.fixture
def home(home: Home) -> Home:
    """A user's file makes the composer's prompts short, and allows small pictures only."""
    with (home.providers / "chatgpt.toml").open("a") as file:
        file.write("[insertion]\nmax_chars = 900\n")
    return home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files wait for their upload."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(params=["A", "B"])
def site(chatgpt_site: ChatGPTSite, request: pytest.FixtureRequest) -> ChatGPTSite:
    """The replica in both of its page generations."""
    chatgpt_site.generation(request.param)
    return chatgpt_site


def with_files(text: str, *files: FilePart) -> ChatRequest:
    """A question whose files come before its words."""
    asked = question(text)
    return attrs.evolve(asked, messages=(Message(role=Role.USER, parts=(*files, TextPart(text))),))


def pictures(heard: Heard) -> list[FileProduced]:
    return [event for event in heard.events if isinstance(event, FileProduced)]


async def test_files_reach_the_site_to_the_byte_and_are_named_in_the_prompt(
    relay: Relay, site: ChatGPTSite, folder: Path
) -> None:
    site.state("left_over_attachment")
    site.say(Answer(text="A cat."))
    site.hold("upload")
    heard = Heard()

    async def talk() -> None:
        heard.events += (await ask(relay, with_files("What is this?", PNG, NOTES))).events

    async with trio.open_nursery() as talking:
        talking.start_soon(talk)
        await site.held("upload")
        assert site.prompts == []
        site.release()

    turn = site.turns[0]
    assert site.prompts == ["[file: cat é.png]\n[file: notes.md]\n\nWhat is this?"]
    assert [(one.name, one.media_type, one.data) for one in turn.asked.attachments] == [
        ("cat é.png", "image/png", PNG.data),
        ("notes.md", "text/markdown", NOTES.data),
    ]
    assert heard.text == "A cat."
    assert (heard.facts(Step.COMPOSED)["attachments"], heard.facts(Step.COMPOSED)["removed"]) == (2, 1)

    # The tab's next turn begins after everything of this one is over.
    assert (await ask(relay, question("thanks"))).facts(Step.LEASED)["turns"] == 2
    assert os.listdir(folder) == []


async def test_a_file_that_the_site_refuses_fails_the_turn_before_anything_is_sent(
    relay: Relay, site: ChatGPTSite
) -> None:
    site.configure(refusesFiles="File type is not supported")
    with pytest.raises(AttachmentRefused, match=r"'notes\.md'"):
        await ask(relay, with_files("Read this.", NOTES))
    site.configure(refusesFiles=None)
    assert site.prompts == []
    assert (await ask(relay, with_files("Read this.", NOTES))).finished.finish_reason is FinishReason.STOP
    assert len(site.prompts) == 1


async def test_a_prompt_beyond_the_composer_goes_as_a_file_beside_the_others(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say_always(Answer(text="Read."))
    long = "line\n" * 200
    heard = await ask(relay, with_files(long, NOTES))
    (turn,) = chatgpt_site.turns
    assert turn.asked.text.startswith("My whole request is in the attached file prompt.md: read all of it")
    assert [(one.name, one.data.decode()) for one in turn.asked.attachments] == [
        ("notes.md", "# Grüße\n"),
        ("prompt.md", "[file: notes.md]\n\n" + long),
    ]
    assert heard.facts(Step.COMPOSED)["rung"] == "file"

    # What a model must not miss is said beside the file as well.
    read = Tool(name="read_file", parameters={"type": "object"})
    heard = await ask(relay, attrs.evolve(question(long), tools=(read,)))
    turn = chatgpt_site.turns[-1]
    [file] = turn.asked.attachments
    assert "### read_file" in file.data.decode()
    assert file.data.decode().endswith(turn.asked.text.split("\n\n", 1)[1])
    assert "```call_" in turn.asked.text


async def test_pictures_of_an_answer_are_fetched_from_where_the_page_shows_them(
    relay: Relay, site: ChatGPTSite
) -> None:
    files = tuple(ProducedFile(data=_png(seed)) for seed in (2, 3))
    site.say(
        Answer(text="Two rivers.", files=files),
        Answer(text="", image=True, files=files[:1]),
    )
    heard = await ask(relay, question("Draw two rivers."))
    assert heard.text == "Two rivers."
    assert [made.data for made in pictures(heard)] == [file.data for file in files]
    assert len({made.name for made in pictures(heard)}) == 2

    later = await ask(relay, question("Draw one."))
    assert (later.text, [made.data for made in pictures(later)]) == ("", [files[0].data])
    assert later.finished.finish_reason is FinishReason.STOP


async def test_a_file_that_cannot_be_fetched_is_told_of_and_never_an_empty_answer(
    chromium: ChromiumProcess, browser_context: str, home: Home
) -> None:
    settings = relay_settings(chromium)
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, max_file_bytes=100))
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        heard = await ask(relay, question("/picture gone", model="practice"))
        assert (heard.text, heard.notices) == ("This picture is gone already.", ["file_not_fetched"])
        with pytest.raises(AnswerIncomplete, match="file that could not be fetched"):
            await ask(relay, question("/picture", model="practice"))
