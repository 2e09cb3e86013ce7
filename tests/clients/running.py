"""Runs a program in a process group of its own, of which nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import trio

from tests.clients.assistant import TITLE, Assistant
from tests.clients.job import Job
from tests.clients.programs import Place, Program, settle
from tests.clients.wire import Wire
from tests.sites.kit import ChatSite
from tests.sites.kit.answers import Answer
from tests.sites.kit.turns import Prompt

__all__ = ["Desk", "Run"]


@attrs.define(eq=False, kw_only=True)
class Run:
    """A program that runs, or has run."""

    place: Place
    process: trio.Process
    began: float = attrs.field(factory=time.monotonic)

    @property
    def out(self) -> str:
        """What it has said so far."""
        return self.place.home.with_suffix(".out").read_text("utf-8", "replace")

    async def over(self, *, seconds: float = 120.0) -> None:
        """Wait for its end, which has to be a good one.

        Raises:
          AssertionError: it took longer, or ended badly.
        """
        with trio.move_on_after(seconds):
            await self.process.wait()
        assert self.process.returncode == 0, str(self)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began
        head = f"status {self.process.returncode} after {seconds:.1f} s"
        err = self.place.home.with_suffix(".err").read_text("utf-8", "replace")
        return f"{head}\n--- stdout\n{self.out}\n--- stderr\n{err}"


@attrs.define(eq=False, kw_only=True)
class Desk:
    """All that is needed for one run, and what is learned by it."""

    program: Program
    place: Place
    job: Job
    site: ChatSite[Any]
    assistant: Assistant
    wire: Wire
    prompts: list[Prompt] = attrs.field(factory=list)
    """What the page has sent."""
    last: Run | None = None
    _replies: list[Answer] = attrs.field(factory=list)

    def answer(self, prompt: Prompt) -> Answer:
        """What the site says."""
        self.prompts.append(prompt)
        answer = self.assistant.answer(prompt)
        # A title that is asked for beside it is none of the test's business.
        if self._replies and answer != TITLE:
            return self._replies.pop()
        return self.site.answers(text=answer)

    def say(self, text: str, **how: Any) -> None:
        """Have the next question answered with this, whatever the assistant thinks of it."""
        self._replies.append(self.site.answers(text=text, **how))

    def story(self) -> str:
        """What happened so far."""
        lines = [f"{self.program.title} on {self.site.name}: {self.last}"]
        for prompt, reply in zip(self.prompts, self.assistant.replies, strict=True):
            files = [f"{file.name}, {len(file.data)} bytes" for file in prompt.attachments]
            lines.append(f"--- a prompt of {len(prompt.text)} characters {files or ''}\n{reply.text}")
        return "\n".join(lines)

    @asynccontextmanager
    async def run(self, request: str, files: Iterable[str] = ()) -> AsyncGenerator[Run]:
        """Have the program asked something, in the job's folder, for as long as the block lasts."""
        given = settle(self.program, self.place)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A shell's background jobs are deaf to Ctrl+C, and so would be what they start.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        words = self.program.words(request, tuple(files))
        out, err = (self.place.home.with_suffix(suffix).open("wb") for suffix in (".out", ".err"))
        with out, err:
            process = await trio.lowlevel.open_process(
                [str(self.program.executable), *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.job.folder,
                env=given,
                start_new_session=True,
            )
            try:
                self.last = Run(place=self.place, process=process)
                yield self.last
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                with trio.move_on_after(5, shield=True):
                    await process.wait()
