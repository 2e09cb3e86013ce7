"""How Claude's refusals become errors, and how the page's own request is read."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from cdp_relay.chat.contract import Submission
from tests.providers.claude_frames import NOW, decode, event, provider, start, text

LIMIT = {
    "type": "exceeded_limit",
    "resetsAt": int(NOW) + 900,
    "remaining": 0,
    "representativeClaim": "five_hour",
    "windows": {"5h": {"status": "exceeded_limit", "resets_at": int(NOW) + 900, "utilization": 1.1}},
}


def refused(kind: str, message: str = "", code: str = "") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, "details": {"error_code": code}}}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, refused("authentication_error", "Invalid authorization"), "signed_out"),
        (403, refused("permission_error", "Invalid authorization", "account_session_invalid"), "signed_out"),
        (403, refused("permission_error", "Your account has been suspended"), "account_blocked"),
        (403, refused("permission_error", "This organization has been disabled."), "account_blocked"),
        (403, refused("permission_error", "no"), "site_error"),
        (404, refused("not_found_error", "Conversation not found"), "conversation_not_found"),
        (404, refused("not_found_error", "model: claude-opus-9"), "model_unavailable"),
        (400, refused("invalid_request_error", "prompt is too long"), "context_length_exceeded"),
        (400, refused("invalid_request_error", "would exceed context limit"), "context_length_exceeded"),
        (400, refused("invalid_request_error", "Unsupported image type"), "generation_failed"),
        (400, refused("invalid_request_error", "Image format not supported"), "attachment_refused"),
        (400, refused("invalid_request_error", "blocked by content filtering policy"), "content_filter"),
        (413, refused("request_too_large", ""), "context_length_exceeded"),
        (413, None, "context_length_exceeded"),
        (429, refused("rate_limit_error", "Too many"), "rate_limit_exceeded"),
        (429, None, "rate_limit_exceeded"),
        (503, None, "site_overloaded"),
        (529, refused("overloaded_error", "Overloaded"), "site_overloaded"),
        (500, refused("api_error", "Internal server error"), "generation_failed"),
        (500, {"detail": "Something odd"}, "generation_failed"),
    ],
)
def test_refusals(status: int, body: Any, code: str) -> None:
    error = provider().refusal(status, {}, b"<html>" if body is None else json.dumps(body).encode())
    assert error.code == code
    assert error.message.startswith("Claude says: ")


@pytest.mark.parametrize(
    "body",
    [LIMIT, refused("rate_limit_error", json.dumps(LIMIT)), {"error": json.loads(json.dumps(LIMIT))}],
    ids=["bare", "as JSON text", "as an error"],
)
def test_a_cap_says_when_it_ends(body: Any) -> None:
    error = provider().refusal(429, {"retry-after": "1"}, json.dumps(body).encode())
    assert (error.code, error.retry_after_seconds) == ("usage_cap_reached", 900)
    assert "5-hour" in error.message


def test_too_many_answers_at_once_are_no_cap() -> None:
    body = json.dumps(
        refused("rate_limit_error", json.dumps({**LIMIT, "representativeClaim": "concurrents"}))
    )
    assert provider().refusal(429, {}, body.encode()).code == "rate_limit_exceeded"


def test_retry_after_counts_where_the_body_says_nothing() -> None:
    assert provider().refusal(429, {"retry-after": "17"}, b"").retry_after_seconds == 17


def test_long_chats_and_long_prompts_are_told_apart() -> None:
    chat = refused("invalid_request_error", "Your message will exceed the length limit for this chat.")
    assert type(provider().refusal(400, {}, json.dumps(chat).encode())).__name__ == "ConversationTooLong"
    prompt = refused("invalid_request_error", "input is too long")
    assert type(provider().refusal(400, {}, json.dumps(prompt).encode())).__name__ == "PromptTooLong"


def test_cloudflares_check_is_for_a_person() -> None:
    headers = {"cf-mitigated": "challenge", "content-type": "text/html"}
    assert provider().refusal(403, headers, b"<html>").code == "challenge"
    assert not provider().is_stream(200, {"content-type": "text/html"})


@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        ("overloaded_error", "Overloaded", "site_overloaded"),
        ("api_error", "Internal server error", "generation_failed"),
        ("rate_limit_error", json.dumps(LIMIT), "usage_cap_reached"),
    ],
)
def test_errors_within_a_stream(kind: str, message: str, code: str) -> None:
    said = decode(start(), text(0, "half"), event("error", error={"type": kind, "message": message}), None)
    assert (said.text, said.ends) == ("half", [code])


# --- the page's own request --------------------------------------------------------------------------


REQUEST = {
    "prompt": "Zeile 1\n\n\tZeile 3 😀",
    "model": "claude-opus-5-5",
    "thinking_mode": "extended",
    "attachments": [{"file_name": "a.txt", "extracted_content": "x"}],
    "files": ["f1", "f2"],
    "turn_message_uuids": {"human_message_uuid": "h1", "assistant_message_uuid": "a1"},
    "create_conversation_params": {"name": "", "is_temporary": True},
}


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_page_sends(packed: bool) -> None:
    body = json.dumps(REQUEST).encode()
    assert provider().read_submission(gzip.compress(body) if packed else body) == Submission(
        prompt="Zeile 1\n\n\tZeile 3 😀",
        message_id="h1",
        model="claude-opus-5-5",
        attachments=3,
        temporary=True,
        wishes={"effort": "on"},
    )


def test_what_a_later_message_does_not_say() -> None:
    said = provider().read_submission(json.dumps({"prompt": "x"}).encode())
    assert said == Submission(prompt="x", attachments=0)


@pytest.mark.parametrize(
    ("members", "effort"),
    [
        ({"thinking_mode": "off"}, "off"),
        ({"paprika_mode": "extended"}, "on"),
        ({"create_conversation_params": {"paprika_mode": None}}, "off"),
    ],
)
def test_the_switch_for_thinking_shows_in_the_request(members: dict[str, Any], effort: str) -> None:
    said = provider().read_submission(json.dumps({"prompt": "x", **members}).encode())
    assert said is not None
    assert said.wishes == {"effort": effort}


_PACKED = gzip.compress(json.dumps(REQUEST).encode())

BROKEN = {
    "nothing": b"",
    "no UTF-8": b"\xff\xfe",
    "half an object": b"{",
    "an array": b"[]",
    "gzip's first bytes": b"\x1f\x8b",
    "no gzip after them": b"\x1f\x8bgarbage",
    "cut early": _PACKED[:40],
    "cut late": _PACKED[:-1],
    "half an object, packed": gzip.compress(b"{"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_request_that_cannot_be_read_counts_as_sent(body: bytes) -> None:
    # It went to the address that starts an answer: taken for nothing, the prompt would be sent again.
    assert provider().read_submission(body) == Submission(prompt=None)
