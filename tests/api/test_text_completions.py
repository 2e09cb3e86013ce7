"""OpenAI's older completions: a prompt in, text out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion

from cdp_relay.api.completions.request import TextCompletion, read_completion
from cdp_relay.api.json_body import parse_object
from cdp_relay.chat.vocabulary import (
    FileProduced,
    FinishReason,
    ReasoningDelta,
    RequestId,
    Role,
    TextDelta,
    TextRetracted,
    Wishes,
)
from cdp_relay.errors import GenerationFailed, InvalidRequest, InvalidText, UnsupportedValue
from tests.api.kit import Reply, ScriptedRelay, finished, read_events, says, send, serving


def read(**fields: Any) -> TextCompletion:
    body = json.dumps({"model": "practice", "prompt": "Once", **fields}).encode()
    return read_completion(parse_object(body), request_id=RequestId("req_1"), client="test")


async def complete(relay: ScriptedRelay, **fields: Any) -> Reply:
    body = json.dumps({"model": "practice", "prompt": "Once", **fields}).encode()
    async with serving(relay) as server:
        return await send(server, "POST", "/v1/completions", body)


def test_a_prompt_goes_as_the_users_message() -> None:
    for prompt in ("Once\tupon", ["Once\tupon"]):
        completion = read(prompt=prompt, max_tokens=5, stop=["\n\n"], seed=1, logprobs=3, tools=[])
        (message,) = completion.request.messages
        assert (message.role, message.text) == (Role.USER, "Once\tupon")
        assert completion.request.wishes == Wishes(max_output_tokens=5, stop=("\n\n",))
        assert completion.given == ("seed", "logprobs")
    # OpenAI's default of 16 tokens cuts nearly every answer, and nobody wants it.
    assert read().request.wishes.max_output_tokens is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": [[1, 2], [3]]}, "prompt"),
        ({"prompt": [None]}, "prompt[0]"),
        ({"prompt": "a\ud83d"}, "prompt"),
        ({"suffix": "the end"}, "suffix"),
        ({"suffix": 1}, "suffix"),
        ({"echo": "yes"}, "echo"),
        ({"n": 2}, "n"),
        ({"best_of": 3}, "best_of"),
        ({"best_of": "3"}, "best_of"),
        ({"logprobs": "3"}, "logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": ""}, "model"),
        ({"stream": 1}, "stream"),
    ],
)
def test_what_no_page_can_complete_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises((InvalidRequest, InvalidText, UnsupportedValue)) as caught:
        read(**fields)
    assert caught.value.param == param


def test_fields_that_say_nothing_are_let_through() -> None:
    assert read(suffix="", best_of=1, n=1, echo=False, logprobs=None, user="", stop=None).given == ()


async def test_an_answer_is_one_object_of_the_sdks_type() -> None:
    picture = FileProduced(name="cat.png", media_type="image/png", data=b"x")
    relay = ScriptedRelay(
        says(
            ReasoningDelta("hm"),
            TextDelta(" upon a tine"),
            TextRetracted(2),
            TextDelta("me"),
            picture,
            finished(FinishReason.LENGTH),
        )
    )
    answer = (await complete(relay, echo=True)).json()
    Completion.model_validate(answer, strict=True)
    assert answer["choices"] == [
        {"index": 0, "text": "Once upon a time", "logprobs": None, "finish_reason": "length"}
    ]
    assert answer["object"] == "text_completion"
    assert answer["id"].startswith("cmpl-")
    assert answer["usage"]["total_tokens"] == 12
    assert answer["cdp_relay"]["notices"] == ["The answer's file cat.png has no place in a text completion."]


async def test_a_stream_has_texts_one_finish_reason_usage_and_done() -> None:
    reply = await complete(ScriptedRelay(), echo=True, stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = read_events(reply.body)
    assert done == "[DONE]"
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "OnceHello, world"
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert (reasons[:-1], reasons[-1]) == ([None] * (len(chunks) - 1), "stop")
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 12)
    assert {(chunk["object"], chunk["model"], chunk["id"]) for chunk in [*chunks, usage]} == {
        ("text_completion", "practice", usage["id"])
    }
    assert chunks[-1]["cdp_relay"]["site"] == "practice"


async def test_a_stream_that_breaks_has_no_end() -> None:
    broken = says(TextDelta("half"), GenerationFailed("It failed."))
    taken_back = says(TextDelta("half"), TextRetracted(2))
    for script in (broken, taken_back):
        *_, last = read_events((await complete(ScriptedRelay(script), stream=True)).body)
        assert last["error"]["code"] == "generation_failed"
