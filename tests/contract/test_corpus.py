"""No false alarms: answers that are full of error words come back byte for byte, on every site.

All two hundred go one by one from each replica's stream writer through the site's decoder, cut in many
ways. Through the browser they go in a few long answers, as a turn costs half a second, beside some that
are nothing but a phrase: what a page shows of those looks most like a state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from cdp_relay.chat.contract import AnswerEnded, SiteFailed
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.vocabulary import TextDelta, TextRetracted
from cdp_relay.settings import Home
from tests.contract.conftest import OpenStages
from tests.contract.corpus import COUNT, answers, joined
from tests.contract.scenarios import DOCUMENTED_SITE
from tests.contract.stage import Stage
from tests.providers.documented import write_documented_provider
from tests.sites.chats import CHAT_SITES
from tests.sites.kit import ChatSite
from tests.sites.kit.turns import Frame, Prompt

_BATCHES = 2
_ALONE = (
    "The model is overloaded. (503)",
    "Just a moment... Verify you are human by completing the action below.",
    "Something went wrong. If this issue persists please contact us through our help center.",
    "Our systems have detected unusual traffic from your computer network.",
)


def test_the_corpus_is_what_it_says() -> None:
    corpus = answers()
    assert len(corpus) == COUNT == 200
    assert len(set(corpus)) > 190
    assert corpus == answers()
    assert set(_ALONE) <= set(corpus)
    assert sum(text.count("Something went wrong") for text in corpus) > 20
    assert "".join(joined(3)).count("overloaded") == "".join(corpus).count("overloaded")


@pytest.mark.parametrize("kind", CHAT_SITES, ids=lambda kind: kind.name)
def test_every_answer_comes_out_of_the_decoder_as_it_went_into_the_stream(
    kind: type[ChatSite[Any]], tmp_path: Any
) -> None:
    write_documented_provider(tmp_path / "providers")
    provider = load_provider(kind.name, Home(config=tmp_path, state=tmp_path))
    site = kind()
    chance = random.Random(kind.name)
    for number, text in enumerate(answers()):
        stream = _stream(site, text)
        sizes = (1,) if number < 3 else (len(stream), chance.choice((7, 17, 64, 333, 1400)))
        for size in sizes:
            assert _decoded(provider.new_decoder(), stream, size) == text


def _stream(site: ChatSite[Any], text: str) -> bytes:
    message = {"id": "m", "author": {"role": "user"}, "content": {"parts": ["hello"]}}
    prompt = Prompt(text="hello", body={"messages": [message]})
    turn = site.make_turn(prompt, site.answers(text=text))
    return b"".join(step.data for step in site.steps(turn) if isinstance(step, Frame))


def _decoded(decoder: Any, stream: bytes, size: int) -> str:
    def events() -> Iterator[Any]:
        for at in range(0, len(stream), size):
            yield from decoder.feed(stream[at : at + size])
        yield from decoder.end_body()

    text, ends = "", 0
    for event in events():
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, TextRetracted):
            text = text[: len(text) - event.chars]
        assert not isinstance(event, SiteFailed), event
        ends += isinstance(event, AnswerEnded)
    assert ends == 1
    return text


@pytest.mark.browser
async def test_no_answer_is_taken_for_a_state_of_the_page(open_stages: OpenStages) -> None:
    async def converse(stage: Stage) -> None:
        for text in (*_ALONE, *joined(_BATCHES)):
            stage.say(text, piece_chars=150)
            heard = await stage.ask("say it")
            assert heard.text == text, stage.name
            assert heard.finished.capture in ("stream", "body"), stage.name

    async with open_stages() as stages, trio.open_nursery() as nursery:
        for stage in stages:
            if stage.name != DOCUMENTED_SITE:
                nursery.start_soon(converse, stage)
