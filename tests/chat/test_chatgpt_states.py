"""Each state of the site comes to the client as an error of its own, and nothing is ever sent twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from cdp_relay import errors
from cdp_relay.chat.relay import Relay
from cdp_relay.errors import RelayError
from tests.chat.conftest import ask, question
from tests.sites.chatgpt import Answer, ChatGPTSite

pytestmark = pytest.mark.browser


AWKWARD = (
    "stale_draft",
    "left_over_attachment",
    "first_click_ignored",
    "late_enable",
    "duplicate_composer",
    "localised",
    "stuck_turn",
)


@pytest.fixture
def site(chatgpt_site: ChatGPTSite) -> ChatGPTSite:
    """The replica in its older page generation; the contract's scenarios play on the newer one."""
    chatgpt_site.generation("A")
    return chatgpt_site


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("logged_out", errors.SignedOut),
        ("session_expired", errors.SignedOut),
        ("account_chooser", errors.AccountChooser),
        ("suspicious_activity", errors.AccountBlocked),
        ("consent", errors.ConsentNeeded),
        ("work_mode", errors.ConsentNeeded),
    ],
)
async def test_a_page_that_needs_the_person_stops_before_anything_is_sent(
    relay: Relay, site: ChatGPTSite, state: str, expected: type[RelayError]
) -> None:
    site.state(state)
    with pytest.raises(expected) as stopped:
        await ask(relay, question("hello"))
    assert type(stopped.value) is expected
    assert stopped.value.status == 503
    assert site.prompts == []


@pytest.mark.parametrize(
    ("state", "options", "expected", "status"),
    [
        ("cap", {"shape": "new", "reset_after": 600}, errors.CapReached, 429),
        ("challenged_answer", {}, errors.ChallengeShown, 503),
        ("generation_failed", {"how": "event"}, errors.GenerationFailed, 502),
        ("generation_failed", {"how": "message"}, errors.GenerationFailed, 502),
    ],
)
async def test_a_refused_prompt_comes_as_the_error_it_is(
    relay: Relay,
    chatgpt_site: ChatGPTSite,
    state: str,
    options: dict[str, Any],
    expected: type[RelayError],
    status: int,
) -> None:
    chatgpt_site.state(state, **options)
    with pytest.raises(expected) as refused:
        await ask(relay, question("hello"))
    assert refused.value.status == status
    assert chatgpt_site.prompts == ["hello"], "it left once, and was never sent again"


async def test_a_cap_that_only_the_page_tells_of_lasts_as_long_as_its_words_say(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("cap_banner")
    with pytest.raises(errors.CapReached) as refused:
        await ask(relay, question("hello"))
    assert chatgpt_site.prompts == []
    assert refused.value.retry_after_seconds is not None
    back = datetime.now().astimezone() + timedelta(seconds=refused.value.retry_after_seconds)
    assert abs(back.replace(hour=17, minute=0, second=0) - back) < timedelta(minutes=1), "5 PM"


async def test_a_cap_that_names_its_model_leaves_the_other_models_alone(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("cap", shape="new", model="gpt-5-6-pro")
    for _ in range(2):
        with pytest.raises(errors.CapReached):
            await ask(relay, question("hello", model="chatgpt/gpt-5-6-pro"))
    assert chatgpt_site.prompts == ["hello"]
    status = next(site for site in relay.status().sites if site.name == "chatgpt")
    assert status.ready
    assert [rest.model for rest in status.resting_models] == ["gpt-5-6-pro"]
    states = {model.id: model.state for model in relay.models()}
    assert states["chatgpt/gpt-5-6-pro"] == "cooling_down"
    assert states["chatgpt/gpt-5-6"] != "cooling_down"
    chatgpt_site.reset()
    assert (await ask(relay, question("another", model="chatgpt/gpt-5-6"))).text


async def test_of_two_answers_to_choose_from_one_comes_and_it_is_said(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("answer_choice")
    heard = await ask(relay, question("hello"))
    assert heard.text
    assert "answer_choice" in heard.notices
    assert (await ask(relay, question("again"))).text


async def test_an_awkward_page_still_gets_the_prompt_once(leading_relay: Relay, site: ChatGPTSite) -> None:
    for number, state in enumerate(AWKWARD, 1):
        site.state(state)
        site.say(Answer(text="fine"))
        assert (await ask(leading_relay, question(f"only this, {state}"))).text == "fine", state
        assert site.prompts[number - 1 :] == [f"only this, {state}"]


async def test_a_challenge_that_clears_by_itself_is_waited_for(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("challenge_in_page", visible=False)
    assert (await ask(relay, question("hello"))).text


async def test_the_box_before_hydration_is_never_used(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("slow_hydration", milliseconds=700)
    await ask(relay, question("hello"))
    assert chatgpt_site.prompts == ["hello"]
    assert not any("prompt-textarea" in entry["url"] for entry in chatgpt_site.journal.entries("page"))
