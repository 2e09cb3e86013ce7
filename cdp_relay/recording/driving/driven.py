"""Record a scenario that the relay drives: its own turn, on a tab that is recorded from its first request."""

from __future__ import annotations

import attrs
import trio

from cdp_relay.chat.health import needs_person
from cdp_relay.chat.loan import Loan
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.turn import Turn
from cdp_relay.chat.vocabulary import (
    ChatRequest,
    FilePart,
    Message,
    RequestId,
    Role,
    Step,
    TextDelta,
    TextPart,
)
from cdp_relay.errors import RelayError
from cdp_relay.nursery import open_nursery
from cdp_relay.recording.driving.diary import Diary, OnStep
from cdp_relay.recording.driving.guarding import watch_for_sign_in
from cdp_relay.recording.driving.scenarios import Scenario
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.session import Session

__all__ = ["SETTLE_SECONDS", "record_scenario"]

SETTLE_SECONDS = 3.0
"""How long after an answer a page is heard still: it names the chat, saves it, and tells of itself."""


def _silently(_: str) -> None:
    """Tell nobody of a step."""


async def record_scenario(
    relay: Relay,
    site: str,
    scenario: Scenario,
    *,
    on_step: OnStep = _silently,
    interrupted: trio.Event | None = None,
    settle_seconds: float = SETTLE_SECONDS,
) -> Session:
    """Drive a site through a scenario; what is returned holds every secret still.

    An answer that fails once its prompt has left is part of the recording, with a note of how.

    Args:
      site: with or without its profile: ``chatgpt``, ``chatgpt@work``.
      on_step: told of each step.
      interrupted: set to end the recording early, with what there is.

    Raises:
      NotFound: no such site is offered.
      RecordingInvalid: it was interrupted before a prompt was sent.
      SiteError: the site asks for the person, and then nothing is kept; or it could not be asked at all.
      BrowserError: no tab could be opened, or it was lost before a prompt was sent.
    """
    async with relay.loan(site) as loan:
        async with open_recorder(loan.tab) as recorder:
            diary = Diary(loan=loan, recorder=recorder, scenario=scenario, driven_by="relay", on_step=on_step)
            async with open_nursery() as nursery:
                with trio.CancelScope() as scope:
                    if interrupted is not None:
                        nursery.start_soon(_cancel_once, interrupted, scope)
                    await loan.open()
                    await diary.open()
                    nursery.start_soon(watch_for_sign_in, loan)
                    await _Drive(loan, diary, scenario, site).run()
                    await trio.sleep(settle_seconds)
                    await diary.step("done")
                if scope.cancelled_caught:
                    diary.notes.append("It was interrupted by hand.")
                nursery.cancel_scope.cancel()
        return diary.session()


async def _cancel_once(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


@attrs.define(eq=False)
class _Drive:
    loan: Loan
    diary: Diary
    scenario: Scenario
    label: str
    """The model label that leads to the site."""

    async def run(self) -> None:
        """Ask all prompts, or as many as are answered."""
        await self.diary.step("empty")
        said: list[Message] = []
        for number, prompt in enumerate(self.scenario.prompts, 1):
            files = self.scenario.files if number == 1 else ()
            said.append(_message(Role.USER, prompt, files))
            answer = await self._ask(tuple(said), "" if number == 1 else f"-{number}")
            if answer is None:
                return
            said.append(_message(Role.ASSISTANT, answer))

    async def _ask(self, said: tuple[Message, ...], suffix: str) -> str | None:
        """Ask once; returns the answer, None where there is no whole one."""
        request = ChatRequest(
            id=RequestId(f"record-{self.scenario.name}{suffix}"),
            model=self.label,
            messages=said,
            wishes=self.scenario.wishes,
        )
        self.diary.know_files(said[-1].files)

        async def about_to_leave(prompt: str) -> None:
            self.diary.know("prompt", prompt)
            await self.diary.step(f"filled{suffix}")

        failure: RelayError | None = None
        asking = self.loan.ask(request, before_sending=about_to_leave, on_event=self.diary.hear)
        async with asking as turn:
            try:
                await self._follow(turn, suffix)
            except RelayError as error:
                failure = error
        if failure is not None and (needs_person(failure) or not self.diary.holds_prompt):
            raise failure
        answer = self.diary.turn_over(failure)
        return answer if turn.timeline.reached(Step.FINISHED) else None

    async def _follow(self, turn: Turn, suffix: str) -> None:
        """Read along, photograph the page while it writes, and stop it where that is what is recorded."""
        characters, stop_after, seen = 0, self.scenario.stop_after, False
        async for event in turn.delivery:
            if not isinstance(event, TextDelta):
                continue
            characters += len(event.text)
            if not seen and not turn.timeline.reached(Step.FINISHED):
                seen = True
                await self.diary.step(f"streaming{suffix}")
            if stop_after is not None and characters >= stop_after:
                turn.scope.cancel()


def _message(role: Role, text: str, files: tuple[FilePart, ...] = ()) -> Message:
    return Message(role=role, parts=(TextPart(text), *files))
