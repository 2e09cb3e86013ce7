"""The person is called once when a site needs somebody, and told when it no longer does."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest

from cdp_relay.chat.status import SiteStatus
from cdp_relay.cli.bell import call_person


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def site(state: str, *, needs_person: bool, name: str = "chatgpt") -> SiteStatus:
    return SiteStatus(
        name=name,
        title=name.title(),
        state=state,
        message="A check is shown." if needs_person else "",
        next_step="Pass it." if needs_person else "",
        needs_person=needs_person,
    )


async def changes(*statuses: SiteStatus) -> AsyncIterator[SiteStatus]:
    for status in statuses:
        yield status


@pytest.mark.parametrize(("stream", "bell"), [(Terminal(), "\a"), (io.StringIO(), "")])
async def test_the_person_is_called_once_and_told_when_it_is_over(stream: io.StringIO, bell: str) -> None:
    challenge = site("challenge", needs_person=True)
    await call_person(
        changes(
            site("cooling_down", needs_person=False),
            challenge,
            challenge,
            site("signed_out", needs_person=True, name="claude"),
            site("ready", needs_person=False),
            challenge,
        ),
        stream,
    )
    call = f"{bell}Chatgpt needs you. A check is shown. Pass it."
    assert stream.getvalue().splitlines() == [
        call,
        f"{bell}Claude needs you. A check is shown. Pass it.",
        "Chatgpt no longer waits for you.",
        call,
    ]
