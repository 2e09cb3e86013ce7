"""How tokens are counted, with a tokenizer and without one."""

from __future__ import annotations

import pytest
import trio

from cdp_relay.chat import usage
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import AnswerEnded
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.usage import Tally, TokenCount, TokenCounter, estimate_tokens, load_tokenizer
from cdp_relay.chat.vocabulary import ReasoningDelta, TextDelta, TextRetracted


def words(text: str) -> int:
    """A tokenizer that is easy to follow."""
    return len(text.split())


def reader(counter: TokenCounter) -> AnswerReader:
    return AnswerReader(load_provider("practice").new_decoder(), Delivery(), counter=counter)


def test_estimates_are_bytes_by_four_and_say_so() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde", "日本")] == [0, 1, 1, 2, 2]
    assert TokenCounter().count("abcde") == TokenCount(tokens=2, source="estimate")


@pytest.mark.parametrize(
    ("tokenizer", "expected"), [(words, (4, 5, 2, "tokenizer", False)), (None, (2, 7, 3, "estimate", True))]
)
def test_usage_says_who_counted(
    tokenizer: usage.Count | None, expected: tuple[int, int, int, str, bool]
) -> None:
    counter = TokenCounter(tokenizer)
    answer = reader(counter)
    answer._take([ReasoningDelta("well well"), TextDelta("one "), TextDelta("two three"), AnswerEnded()])
    told = answer.usage(counter.count("a b c d"))
    counts = (told.prompt_tokens, told.completion_tokens, told.reasoning_tokens)
    assert (*counts, told.source, told.estimated) == expected


@pytest.mark.parametrize("tokenizer", [None, words])
def test_what_a_text_costs_to_count_does_not_grow_with_it(tokenizer: usage.Count | None) -> None:
    counted: list[int] = []

    def counting(text: str) -> int:
        counted.append(len(text))
        return words(text)

    tally = Tally(None if tokenizer is None else counting)
    for _ in range(20_000):
        tally.add("word ")
        assert tally.bytes
    assert tally.tokens == (25_000 if tokenizer is None else 20_000)
    assert tally.tokens == tally.tokens
    assert sum(counted) == (0 if tokenizer is None else 100_000)
    assert len(counted) < 20


@pytest.mark.parametrize("tokenizer", [None, words])
def test_what_the_site_takes_back_counts_no_more(tokenizer: usage.Count | None) -> None:
    answer = reader(TokenCounter(tokenizer))
    answer._take([TextDelta("one two three four "), TextRetracted(9), TextDelta("5")])
    assert answer.text == "one two th5"
    assert answer.usage(TokenCount(tokens=0, source="x")).completion_tokens in (3, 4)


def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "find_spec", lambda name: None)
    assert load_tokenizer.__wrapped__() is None


async def test_with_the_extra_tokens_are_those_of_o200k() -> None:
    pytest.importorskip("toktok", reason="the tokens extra is not installed: pip install 'cdp-relay[tokens]'")
    count = await trio.to_thread.run_sync(load_tokenizer)
    assert count is not None
    assert count is load_tokenizer()
    # Known of the vocabulary: "hello world" is two, and a special token's words are plain text.
    assert (count(""), count("hello world"), count("<|endoftext|>") > 1) == (0, 2, True)
    assert count("half a character \ud83d") == count("half a character ?")
    assert TokenCounter(count).count("hello world") == TokenCount(tokens=2, source="tokenizer")
