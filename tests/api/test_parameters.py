"""Wishes and the chat that a request goes to: read, checked, and named where a site cannot honour them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdp_relay.api.chat_completions.request import ChatCompletion, read_chat_completion
from cdp_relay.api.json_body import parse_object
from cdp_relay.api.parameters import ignored_parameters, read_chat
from cdp_relay.chat.vocabulary import ChatChoice, RequestId, Wishes
from cdp_relay.errors import InvalidRequest, InvalidText
from tests.api.kit import ScriptedRelay, ask, send, serving


def read(**fields: Any) -> ChatCompletion:
    body = {"model": "practice", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return read_chat_completion(
        parse_object(json.dumps(body).encode()), request_id=RequestId("req_1"), client="test"
    )


@pytest.mark.parametrize(
    ("fields", "wishes"),
    [
        ({}, Wishes()),
        ({"temperature": 1, "max_tokens": 5, "stop": "END"}, (None, 1.0, 5, ("END",))),
        ({"max_tokens": 5, "max_completion_tokens": 7.0}, (None, None, 7, ())),
        ({"stop": ["a", "", "b"], "reasoning_effort": "high"}, ("high", None, None, ("a", "b"))),
        ({"stop": "", "reasoning": {"effort": "Extra High"}}, ("Extra High", None, None, ())),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, ("low", None, None, ())),
        ({"reasoning": {"effort": None, "summary": "auto"}, "stop": None}, Wishes()),
    ],
)
def test_wishes_are_read_in_all_their_spellings(
    fields: dict[str, Any], wishes: Wishes | tuple[Any, ...]
) -> None:
    wanted = (
        wishes
        if isinstance(wishes, Wishes)
        else Wishes(effort=wishes[0], temperature=wishes[1], max_output_tokens=wishes[2], stop=wishes[3])
    )
    assert read(**fields).request.wishes == wanted


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning_effort": ""}, "reasoning_effort"),
        ({"reasoning_effort": "high\n"}, "reasoning_effort"),
        ({"reasoning_effort": "x" * 60}, "reasoning_effort"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort"),
        ({"reasoning": {"effort": "</b>"}}, "reasoning.effort"),
        ({"stop": ["ok", "x" * 300]}, "stop[1]"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": ["ok", "a\0b"]}, "stop[1]"),
        ({"stop": "\ud83d"}, "stop"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 2.1}, "temperature"),
    ],
)
def test_a_wish_that_no_page_could_be_given_names_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises((InvalidRequest, InvalidText)) as caught:
        read(**fields)
    assert caught.value.param == param


def test_only_what_the_routed_site_cannot_honour_is_ignored() -> None:
    given = read(temperature=0, max_tokens=3, seed=1, stop=["x"], reasoning={"effort": "low"}).given
    assert ignored_parameters(given, ()) == ("temperature", "seed", "reasoning")
    assert ignored_parameters(given, {"temperature", "effort", "model"}) == ("seed",)
    assert ignored_parameters(given, {"max_output_tokens", "stop"}) == ("temperature", "seed", "reasoning")


def test_the_header_names_a_chat_or_a_kind_of_one() -> None:
    assert read_chat(None) == read_chat("  ") == ChatChoice()
    assert read_chat("new") == ChatChoice(temporary=False)
    assert read_chat(" Temporary ") == ChatChoice(temporary=True)
    for id_ in ("6f1b7b3e-0000-4000-8000-1234567890ab", "c_0123456789abcdef", "WEB:1-2"):
        assert read_chat(id_) == ChatChoice(conversation_id=id_)


@pytest.mark.parametrize("header", ["a b", "../new", "a/b", "é" * 5, "x" * 300, "abc", "?model=x", "-abcd"])
def test_what_is_no_id_of_a_chat_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_chat(header)
    assert caught.value.param == "X-CDP-Relay-Chat"


async def test_wishes_and_the_chat_reach_the_relay_and_the_rest_is_named() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        first = await ask(
            server, {"X-CDP-Relay-Chat": "temporary"}, model="chatgpt", temperature=0.5, max_tokens=9, seed=1
        )
        second = await ask(
            server, {"x-cdp-relay-chat": "c-1234"}, model="practice", temperature=0.5, reasoning_effort="low"
        )
        refused = await ask(server, {"X-CDP-Relay-Chat": "no id"})
    assert [request.chat for request in relay.asked] == [
        ChatChoice(temporary=True),
        ChatChoice(conversation_id="c-1234"),
    ]
    assert relay.asked[0].wishes == Wishes(temperature=0.5, max_output_tokens=9)
    assert first.headers["x-cdp-relay-ignored"] == "seed"
    assert second.headers["x-cdp-relay-ignored"] == "temperature, reasoning_effort"
    assert (refused.status, refused.error["param"]) == (400, "X-CDP-Relay-Chat")


async def test_models_are_asked_of_the_sites_only_when_told_to() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        plain = (await send(server, "GET", "/v1/models?refresh=0")).json()
        assert relay.looked_up == []
        assert "cdp_relay" not in plain
        every = (await send(server, "GET", "/v1/models?refresh=1")).json()
        assert every["cdp_relay"]["not_refreshed"]["chatgpt"]["code"] == "signed_out"
        assert [model["id"] for model in every["data"]] == [model["id"] for model in plain["data"]]
        assert "cdp_relay" not in (await send(server, "GET", "/v1/models?refresh=chatgpt")).json()
        refused = await send(server, "GET", "/v1/models?refresh=practice")
    assert relay.looked_up == [None, "chatgpt", "practice"]
    assert (refused.status, refused.error["code"]) == (400, "unsupported_value")
