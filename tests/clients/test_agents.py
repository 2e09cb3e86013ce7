"""Real coding agents work through the relay and a real Chromium, with a scripted model behind the page."""

from __future__ import annotations

import base64
import signal

import pytest

from tests.clients.assistant import DONE
from tests.clients.programs import SITES
from tests.clients.running import Desk

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC"
)


@pytest.mark.parametrize("site_name", SITES)
async def test_an_agent_edits_a_file(desk: Desk) -> None:
    async with desk.run(desk.job.request) as run:
        await run.over()
    assert desk.job.done, desk.story()
    assert DONE in run.out, desk.story()
    assert desk.wire.streamed
    sent = [(prompt.text, *(file.data for file in prompt.attachments)) for prompt in desk.prompts]
    assert len(set(sent)) == len(sent), "a prompt was sent twice"
    if desk.program.has_tools:
        going_on = [reply.reading for reply in desk.assistant.replies if reply.reading.calls]
        assert going_on, desk.story()
        assert all(reading.text.count("\n## The tools\n") == 1 for reading in going_on), (
            "the tools were told again"
        )
        assert any(desk.job.proof in (call.result or "") for call in desk.assistant.calls), desk.story()


async def test_an_answer_is_shown_and_comes_while_the_page_still_writes(desk: Desk) -> None:
    lines = [f"Line {number} of the answer: «{'–' * number}»\n" for number in range(1, 9)]
    desk.say("".join(lines), hold=["middle"])
    async with desk.run("How are you?") as run:
        await desk.wire.has_answered(lines[1][:20])
        assert lines[-1][:20].encode() not in desk.wire.answered
        desk.site.release()
        await run.over()
    shown = run.out
    for line in lines:
        assert line.strip() in shown, desk.story()


async def test_a_picture_reaches_the_page(desk: Desk) -> None:
    picture = desk.job.folder / "dot.png"
    picture.write_bytes(_PICTURE)
    desk.assistant.picture = picture
    async with desk.run("What is in this picture?", [picture.name]) as run:
        await run.over()
    seen = [file for prompt in desk.prompts for file in prompt.attachments if file.media_type == "image/png"]
    assert seen, desk.story()
    assert all(file.data == _PICTURE for file in seen)
    assert DONE in run.out


async def test_an_agent_that_is_interrupted_stops_the_page(desk: Desk) -> None:
    desk.say("A long answer that nobody waits for. " * 40, hold=["middle"])
    before = desk.site.journal.count("stop")
    async with desk.run("Tell me a long story.") as run:
        await desk.wire.has_answered("that nobody waits for")
        run.process.send_signal(signal.SIGINT)
        await desk.site.journal.wait("stop", count=before + 1, timeout=30)
    desk.site.release()
    async with desk.run(desk.job.request) as again:
        await again.over()
    assert desk.job.done, desk.story()
