"""The lower rungs of the capture ladder on a real page, and the comparison of what both sides say."""

from __future__ import annotations

from typing import Literal

import pytest
import trio

from cdp_relay.chat import FinishReason, Step
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.status import SiteStatus
from cdp_relay.errors import GenerationFailed
from tests.chat.conftest import ask, question
from tests.sites.chatgpt import Answer, ChatGPTSite

pytestmark = pytest.mark.browser

ANSWER = """\
## A *small* report

Some **bold** words, `code with a` and [a link](https://example.com/a?b=1).
A line that follows the first.

- one
- two
  - nested
- three

7. seven
8. eight

| name | size |
| --- | --- |
| a | 1 |
| b | 2 |

> A quoted line.

````python
def f(x):
\tif x:

\t\treturn "```"
````

So \\(x^2 + 1\\) holds. 👩‍👩‍👧 שלום 漢字"""


def site_status(relay: Relay) -> SiteStatus:
    return next(site for site in relay.status().sites if site.name == "chatgpt")


@pytest.mark.parametrize("generation", ["A", "B"])
async def test_an_answer_that_only_the_page_shows_is_read_there(
    relay: Relay, chatgpt_site: ChatGPTSite, generation: Literal["A", "B"]
) -> None:
    chatgpt_site.generation(generation)
    chatgpt_site.state("page_only")
    chatgpt_site.say(Answer(text=ANSWER))
    heard = await ask(relay, question("Tell me."))
    assert heard.text == ANSWER
    assert heard.finished.capture == "page"
    assert heard.finished.finish_reason is FinishReason.STOP
    assert heard.notices == ["captured_from_page"]
    assert heard.facts(Step.FINISHED)["capture"] == "page"
    assert [drift.kind for drift in site_status(relay).drifts] == ["capture"]
    assert chatgpt_site.prompts == ["Tell me."]


async def test_an_error_on_the_page_is_no_answer(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("page_only")
    error = {"message": None, "error": "It broke.", "error_code": "internal_error"}
    chatgpt_site.say(Answer(text="Half an", late_events=(error,), finished=False, complete=False))
    with pytest.raises(GenerationFailed):
        await ask(relay, question("Tell me."))


@pytest.mark.parametrize("generation", ["A", "B"])
async def test_what_the_wire_says_is_compared_with_what_the_page_shows(
    relay: Relay, chatgpt_site: ChatGPTSite, generation: Literal["A", "B"]
) -> None:
    chatgpt_site.generation(generation)
    answers = [
        Answer(text=ANSWER, thinking=("Let me see.",)),
        Answer(text="Yes."),
        Answer(text=ANSWER, via="socket"),
        Answer(text="Half of it " * 40 + "and the rest.", cut="middle"),
    ]
    for number, answer in enumerate(answers, 2):
        chatgpt_site.say(answer)
        heard = await ask(relay, question("Tell me."))
        assert heard.text == answer.whole_text
        # The tab is led to a new chat once both have been compared.
        await chatgpt_site.journal.wait("hydrated", count=number)
    assert site_status(relay).drifts == ()
    chatgpt_site.say(Answer(text="The sky is blue today.", rendered="I would rather talk about the sea."))
    heard = await ask(relay, question("Tell me."))
    assert heard.text == "The sky is blue today."
    assert heard.finished.capture != "page"
    await chatgpt_site.journal.wait("hydrated", count=len(answers) + 2)
    (drift,) = site_status(relay).drifts
    assert drift.kind == "capture"
    assert "the page shows" in drift.detail


async def test_an_answer_in_one_flush_is_whole(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("body_only")
    chatgpt_site.say(Answer(text=ANSWER))
    with trio.fail_after(60):
        heard = await ask(relay, question("Tell me."))
    assert heard.text == ANSWER
    assert heard.finished.capture in ("stream", "body")
