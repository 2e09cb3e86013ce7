"""What is noted beside the network while a session is recorded: steps, looks, and what the relay heard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import attrs

from cdp_relay import __version__
from cdp_relay.chat.loan import Loan
from cdp_relay.chat.vocabulary import ChatEvent, FilePart, ReasoningDelta, TextDelta, TextRetracted
from cdp_relay.errors import BrowserError, RecordingInvalid, RelayError
from cdp_relay.page import read_stamps
from cdp_relay.recording.driving.looking import look_at
from cdp_relay.recording.driving.scenarios import Scenario
from cdp_relay.recording.recorder import Recorder
from cdp_relay.recording.session import About, Heard, KnownText, Look, Session
from cdp_relay.store.documents import error_document, event_document

__all__ = ["Diary", "OnStep"]

OnStep = Callable[[str], None]
"""Told of each step as it is reached."""


@attrs.define(eq=False, kw_only=True)
class Diary:
    """Of one session, on one tab."""

    loan: Loan
    recorder: Recorder
    scenario: Scenario
    driven_by: Literal["relay", "person"]
    on_step: OnStep
    heard: list[Heard] = attrs.field(factory=list, init=False)
    notes: list[str] = attrs.field(factory=list, init=False)
    _texts: list[KnownText] = attrs.field(factory=list, init=False)
    _looks: list[Look] = attrs.field(factory=list, init=False)
    _answer: list[str] = attrs.field(factory=list, init=False)
    """Of the turn that runs, in pieces."""
    _reasoning: list[str] = attrs.field(factory=list, init=False)
    _origin: str = attrs.field(default="", init=False)
    _language: str = attrs.field(default="", init=False)
    _stamps: dict[str, str | None] = attrs.field(factory=dict, init=False)

    async def open(self) -> None:
        """Note what the page says of itself, now that it stands.

        Raises:
          BrowserError: it went away.
        """
        tab, site = self.loan.tab, self.loan.provider.site
        parts = urlsplit(tab.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._language = str(await tab.evaluate("() => document.documentElement.lang || ''"))
        self._stamps = dict(await read_stamps(tab, site.stamps)) if site.stamps else {}

    async def step(self, name: str) -> None:
        """Mark a step, with the page and the definition's fit as they are now.

        A page that goes away meanwhile costs the step its picture, and nothing else.
        """
        self.recorder.mark(name)
        self.on_step(name)
        try:
            await self.recorder.snapshot(name)
            self._looks.append(await look_at(self.loan.tab, self.loan.provider.site, name))
        except BrowserError as error:
            self.notes.append(f"The page could not be looked at at the step {name}: {error.code}.")

    # --- what was said

    def know(self, kind: Literal["prompt", "answer", "reasoning", "file", "person"], text: str) -> None:
        """Remember words that stand in the recording, so that they can be found and masked."""
        if text and KnownText(kind, text) not in self._texts:
            self._texts.append(KnownText(kind, text))

    def know_files(self, files: Sequence[FilePart]) -> None:
        """Remember the files of a request: their names, and the words of those that are text."""
        for file in files:
            self.know("file", file.name)
            try:
                self.know("file", file.data.decode("utf-8"))
            except UnicodeDecodeError:
                continue

    def hear(self, event: ChatEvent) -> None:
        """Note an event of the turn that runs, in the moment in which it comes."""
        self.heard.append(Heard(round(self.recorder.now, 6), event_document(event)))
        match event:
            case TextDelta(text):
                self._answer.append(text)
            case TextRetracted(chars):
                text = "".join(self._answer)
                self._answer = [text[: max(0, len(text) - chars)]]
            case ReasoningDelta(text):
                self._reasoning.append(text)

    def turn_over(self, error: RelayError | None = None) -> str:
        """Note the end of a turn, and how it failed where it did; returns its answer, or what came of it."""
        answer = "".join(self._answer)
        self.know("answer", answer)
        self.know("reasoning", "".join(self._reasoning))
        self._answer.clear()
        self._reasoning.clear()
        if error is not None:
            document = {"event": "error", **error_document(error)}
            self.heard.append(Heard(round(self.recorder.now, 6), document))
            self.notes.append(f"It ended with the error {error.code}.")
        return answer

    # --- the end

    @property
    def holds_prompt(self) -> bool:
        """Whether a prompt left the page."""
        is_submission = self.loan.provider.is_submission
        asked = (one.request for one in self.recorder.exchanges())
        return any(is_submission(request.method, request.url) for request in asked)

    def session(self) -> Session:
        """All of it, with every secret still in it.

        Raises:
          RecordingInvalid: no prompt left the page, so there is nothing to keep.
        """
        if not self.holds_prompt:
            raise RecordingInvalid(
                "Nothing was recorded: it ended before a prompt was sent.",
                next_step="Record it again, and let it come to its end.",
            )
        site = self.loan.provider.site
        about = About(
            site=site.name,
            scenario=self.scenario.name,
            title=self.scenario.title,
            recorded_on=datetime.now(UTC).date().isoformat(),
            relay_version=__version__,
            browser=f"Chrome/{self.loan.browser_version}",
            driven_by=self.driven_by,
            origin=self._origin,
            language=self._language,
            stamps=self._stamps,
            notes=tuple(dict.fromkeys(self.notes)),
        )
        return self.recorder.session(about, heard=self.heard, looks=self._looks, texts=self._texts)
