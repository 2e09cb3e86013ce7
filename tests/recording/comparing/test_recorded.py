"""Two recordings of the same replica, by the real relay in a real Chromium, redacted."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_relay.chat.relay import open_relay
from cdp_relay.recording.bending import bend
from cdp_relay.recording.comparing import compare, is_grave
from cdp_relay.recording.driving.driven import record_scenario
from cdp_relay.recording.driving.scenarios import SCENARIOS
from cdp_relay.recording.redaction.redact import redact
from cdp_relay.recording.session import Session
from cdp_relay.settings import Home
from tests.chat.conftest import relay_settings
from tests.recording.streams import decoded
from tests.sites.claude import Answer, ClaudeSite
from tests.sites.kit import ChromiumProcess


@pytest.mark.browser
async def test_the_same_page_recorded_twice_differs_in_nothing_that_matters(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path, claude_site: ClaudeSite
) -> None:
    answers = [
        Answer(
            text="The first of **two**.\n\nIt has a second paragraph.", thinking=("A thought.",), delay=0.02
        ),
        Answer(text="And the second one, which is another 😀 altogether.", thinking=("Others.",), delay=0.02),
    ]
    sessions: list[Session] = []
    home, settings = (
        Home(config=tmp_path, state=tmp_path),
        relay_settings(chromium, "claude", ready_seconds=2),
    )
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        for answer in answers:
            claude_site.say(answer)
            session = await record_scenario(relay, "claude", SCENARIOS["plain"], settle_seconds=0.05)
            sessions.append(redact(session).session)

    first, second = sessions
    found = compare(first, second)
    assert not is_grave(found), [one.sentence for one in found]
    # The answer is masked, and still found: it can be another one.
    asked = bend(first).answer()
    assert asked.name.endswith("/completion")
    response = bend(first).swap("Quite another – answer.").session.exchanges[asked.index].response
    assert response is not None
    assert response.body is not None
    assert decoded("claude", response.body.read())["text"] == "Quite another – answer."
