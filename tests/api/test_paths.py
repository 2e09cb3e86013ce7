from __future__ import annotations

import re

import attrs
import pytest

from tests.api.kit import (
    ScriptedRelay,
    send,
    serving,
)


@attrs.frozen
class Case:
    method: str
    path: str
    status: int
    hint: str = ""


@pytest.mark.parametrize(
    "case",
    [
        Case("GET", "/", 404, "/v1"),
        Case("GET", "/chat/completions", 404, "/v1"),
        Case("POST", "/chat/completions", 404, "/v1"),
        Case("GET", "/models", 404, "/v1"),
        Case("GET", "/v1", 404, "/v1"),
        Case("POST", "/v1/v1/chat/completions", 404, "/v1"),
        Case("POST", "/v1/chat/completions/chat/completions", 404, "/v1"),
        Case("GET", "//v1//models", 404, "/v1"),
        Case("GET", "/v1/../../etc/passwd", 404, "/v1"),
        Case("GET", "/v1/%2e%2e/%00", 404, "/v1"),
        Case("POST", "/completions", 404, "/v1"),
        Case("POST", "/responses", 404, "/v1"),
        Case("POST", "/messages", 404, "/v1"),
        Case("POST", "/v1/v1/messages", 404, "/v1"),
        Case("POST", "/v1/embeddings", 404, "another server"),
        Case("GET", "/v1/models/nobody/knows", 404, "GET /v1/models"),
        Case("GET", "/v1/chat/completions", 405, "POST"),
        Case("POST", "/v1/models", 405, "GET"),
        Case("DELETE", "/v1/models/practice", 405, "GET"),
        Case("BREW", "/ready", 405, "GET"),
    ],
    ids=lambda case: f"{case.method} {case.path}",
)
async def test_what_is_not_there_is_said_in_json_with_a_way_on(case: Case) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, case.method, case.path, b"{}" if case.method == "POST" else None)
        assert reply.status == case.status
        assert reply.error["type"] == "invalid_request_error"
        assert case.hint in reply.error["next_step"] or case.hint in reply.headers["allow"]
        if case.hint == "/v1":
            assert f"http://localhost:{server.port}/v1" in reply.error["next_step"]
    assert ("allow" in reply.headers) == (case.status == 405)
    assert not re.search(rb"Traceback|/work/|site-packages|<html", reply.body)


async def test_a_client_of_ollama_at_the_base_url_of_another_dialect_is_led_to_the_host() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, "POST", "/v1/api/chat", b"{}")
        root = server.base_url.removesuffix("/v1")
    assert reply.error["next_step"] == f"Set the host to {root}; Ollama's clients add /api/chat to it."


async def test_model_ids_may_hold_slashes() -> None:
    async with serving(ScriptedRelay()) as server:
        listed = (await send(server, "GET", "/v1/models")).json()
        slash = await send(server, "GET", "/v1/models/practice/echo")
        escaped = await send(server, "GET", "/v1/models/practice%2Fecho")
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["chatgpt", "practice", "practice/echo"]
    assert slash.json() == escaped.json() == listed["data"][2]
    assert slash.json() == {
        "id": "practice/echo",
        "object": "model",
        "created": 1700000000,
        "owned_by": "practice",
        "cdp_relay": {"title": "Practice/Echo", "state": "unknown", "source": "definition"},
    }
