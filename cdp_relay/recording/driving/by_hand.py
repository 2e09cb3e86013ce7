"""Record a session that a person drives, step by step, in a window."""

from __future__ import annotations

from typing import Protocol

from cdp_relay.chat.relay import Relay
from cdp_relay.errors import UnsupportedValue
from cdp_relay.nursery import open_nursery
from cdp_relay.recording.driving.diary import Diary, OnStep
from cdp_relay.recording.driving.guarding import watch_for_sign_in
from cdp_relay.recording.driving.hearing import hear_exchanges
from cdp_relay.recording.driving.scenarios import Scenario
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.session import Session

__all__ = ["Person", "record_by_hand"]


class Person(Protocol):
    """Whoever drives the page."""

    async def asked_for(self, step: str, instruction: str) -> bool:
        """Say what to do for a step, and wait until it is done; False ends the recording."""
        ...


async def record_by_hand(
    relay: Relay,
    site: str,
    scenario: Scenario,
    person: Person,
    *,
    on_step: OnStep,
    windowless: bool = False,
) -> Session:
    """Record what a person does; what is returned holds every secret still.

    Args:
      site: with or without its profile.
      windowless: do it in a browser without a window as well, which only a program can drive.

    Raises:
      UnsupportedValue: the browser has no window for the person.
      RecordingInvalid: it ended before a prompt was sent.
      SiteError: the site asks the person to sign in, and then nothing is kept; or its page did not open.
      BrowserError: no tab could be opened.
    """
    async with relay.loan(site) as loan:
        if not loan.has_window and not windowless:
            raise UnsupportedValue(
                "The browser has no window, so no person can drive it.",
                param="by_hand",
                next_step="Use a machine with a display, and leave chrome.headless unset.",
            )
        async with open_recorder(loan.tab) as recorder:
            diary = Diary(
                loan=loan, recorder=recorder, scenario=scenario, driven_by="person", on_step=on_step
            )
            await loan.go()
            async with open_nursery() as nursery:
                nursery.start_soon(watch_for_sign_in, loan)
                await diary.open()
                await loan.show()
                for step, instruction in scenario.by_hand.items():
                    if not await person.asked_for(step, instruction):
                        diary.notes.append("The person ended it early.")
                        break
                    await diary.step(step)
                nursery.cancel_scope.cancel()
        heard, texts = hear_exchanges(loan.provider, recorder.exchanges())
        diary.heard += heard
        for known in texts:
            diary.know(known.kind, known.text)
        return diary.session()
