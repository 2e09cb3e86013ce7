"""How ChatGPT says no: before the stream, and in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.providers.chatgpt_frames import (
    COMPLETE,
    DONE,
    NOW,
    START,
    TAIL,
    closing,
    decode,
    delta,
    message,
    provider,
    root,
    start,
    text,
    typed,
)

IN_TEN_MINUTES = datetime.fromtimestamp(NOW, UTC) + timedelta(minutes=10)
CAP = "You've hit the limit for GPT-5.6."
LIMITS = [
    {"feature_name": "file_upload", "remaining": 3, "reset_after": "2020-01-01T00:00:00+00:00"},
    {"feature_name": "gpt-5-6", "remaining": 0, "reset_after": IN_TEN_MINUTES.isoformat()},
]


@pytest.mark.parametrize(
    ("status", "body", "code", "seconds"),
    [
        (
            429,
            {"detail": "Too many requests. You're making requests too quickly."},
            "rate_limit_exceeded",
            None,
        ),
        (429, {"detail": CAP}, "usage_cap_reached", None),
        (429, {}, "rate_limit_exceeded", None),
        (
            429,
            {"detail": {"code": "model_cap_exceeded", "message": CAP, "clears_in": 3600}},
            "usage_cap_reached",
            3600,
        ),
        (429, {"detail": {"code": "model_cap_exceeded", "clears_in": 12.5}}, "usage_cap_reached", 12.5),
        (
            429,
            {"error": {"code": "model_cap_exceeded", "reset_after": IN_TEN_MINUTES.isoformat()}},
            "usage_cap_reached",
            600,
        ),
        (
            429,
            {"error": {"code": "model_cap_exceeded", "message": CAP}, "limits_progress": LIMITS},
            "usage_cap_reached",
            600,
        ),
        (403, {"error": CAP, "error_code": "work_usage_limit_exceeded"}, "usage_cap_reached", None),
        (429, {"detail": {"code": "model_cap_exceeded", "resets_at": NOW + 90}}, "usage_cap_reached", 90),
        (
            429,
            {"detail": {"code": "model_cap_exceeded", "resets_at": (NOW + 90) * 1000}},
            "usage_cap_reached",
            90,
        ),
        (429, {"detail": {"code": "model_cap_exceeded", "clears_in": "soon"}}, "usage_cap_reached", None),
        (429, {"detail": {"code": "model_cap_exceeded", "clears_in": -5}}, "usage_cap_reached", None),
        (
            429,
            {"detail": {"code": "model_cap_exceeded", "resets_at": "2020-01-01T00:00:00"}},
            "usage_cap_reached",
            0,
        ),
        (413, {"detail": {"code": "message_length_exceeds_limit"}}, "context_length_exceeded", None),
        (413, None, "context_length_exceeded", None),
        (400, {"detail": {"code": "conversation_too_large"}}, "context_length_exceeded", None),
        (401, {"detail": {"code": "token_expired"}}, "signed_out", None),
        (401, None, "signed_out", None),
        (
            403,
            {"detail": "Unusual activity has been detected from your device. Try again later."},
            "challenge",
            None,
        ),
        (403, {"detail": "Something else"}, "site_error", None),
        (404, {"detail": {"code": "conversation_not_found"}}, "conversation_not_found", None),
        (404, {"detail": "history_disabled_conversation_expired"}, "conversation_not_found", None),
        (400, {"detail": {"code": "content_policy_violation"}}, "content_filter", None),
        (403, {"detail": {"code": "account_deactivated"}}, "account_blocked", None),
        (422, {"detail": [{"msg": "field required", "loc": ["body"]}]}, "generation_failed", None),
        (500, {"detail": "Internal Server Error"}, "generation_failed", None),
        (503, None, "site_overloaded", None),
        (200, {"detail": "Unusual activity has been detected"}, "challenge", None),
        (418, ["odd"], "generation_failed", None),
    ],
)
def test_refusals_and_their_errors(status: int, body: Any, code: str, seconds: float | None) -> None:
    error = provider().refusal(status, {}, b"" if body is None else json.dumps(body).encode())
    assert (error.code, error.retry_after_seconds) == (code, seconds)
    assert error.message.startswith("ChatGPT says: ")
    assert error.details["http_status"] == status


def test_the_sites_own_words_are_kept_short_and_on_one_line() -> None:
    error = provider().refusal(500, {}, json.dumps({"detail": "a\n b" + "x" * 5000}).encode())
    assert "\n" not in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": IN_TEN_MINUTES.strftime("%a, %d %b %Y %H:%M:%S GMT")}, 600),
        ({"retry-after": "later"}, None),
    ],
)
def test_the_retry_after_header_counts_where_the_body_names_no_time(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert provider().refusal(429, headers, b"{}").retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (403, {"cf-mitigated": "challenge"}, b"", "challenge"),
        (503, {"cf-mitigated": "Challenge"}, b"<html>", "challenge"),
        (403, {}, b"<!doctype html><title>Just a moment...</title>", "challenge"),
        (403, {}, b" <html><script src='https://challenges.cloudflare.com/x'>", "challenge"),
        (403, {}, b"<html>Forbidden</html>", "site_error"),
        (502, {}, b"<html>Bad gateway</html>", "site_overloaded"),
        # Healthy pages load a script of that name, too.
        (500, {}, b"<html>just a moment</html>", "generation_failed"),
    ],
)
def test_a_bot_check_instead_of_an_answer(
    status: int, headers: dict[str, str], body: bytes, code: str
) -> None:
    assert provider().refusal(status, headers, body).code == code


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (
            typed("error", error={"message": "Something went wrong", "code": "internal_error"}),
            "generation_failed",
        ),
        (typed("error", error="Something went wrong", error_code="internal_error"), "generation_failed"),
        (typed("error"), "generation_failed"),
        (typed("error", error={"code": "model_cap_exceeded", "clears_in": 60}), "usage_cap_reached"),
        (
            b'data: {"message": null, "error": "Something went wrong", "error_code": null}\n\n',
            "generation_failed",
        ),
        (b'data: {"detail": "Too many requests"}\n\n', "rate_limit_exceeded"),
        (
            delta(
                {
                    "p": "",
                    "o": "add",
                    "v": {**root(), "error": "Too long", "error_code": "conversation_too_large"},
                }
            ),
            "context_length_exceeded",
        ),
        (
            start("e", content={"content_type": "system_error", "name": "InternalError", "text": "boom"}),
            "generation_failed",
        ),
        (typed("moderation", moderation_response={"flagged": True, "blocked": True}), "content_filter"),
        (typed("safety_limited"), "content_filter"),
        (typed("brand_new", safety_limited=True), "content_filter"),
        (typed("stream_error", error={"message": "overloaded"}), "site_overloaded"),
    ],
)
def test_an_error_in_the_stream_ends_the_turn(event: bytes, code: str) -> None:
    said = decode(START, start("a0"), text("half an answer"), event, TAIL, None)
    assert (said.text, said.ends) == ("half an answer", [code])


def test_a_cap_in_the_stream_says_when_it_ends() -> None:
    said = decode(START, typed("error", error={"code": "model_cap_exceeded", "clears_in": 60}), DONE)
    assert said.error.retry_after_seconds == 60
    assert said.error.details == {"site": "chatgpt", "site_code": "model_cap_exceeded"}


def test_a_cap_without_a_time_waits_for_the_limits_that_close_the_stream() -> None:
    cap = typed("error", error=CAP, error_code="model_cap_exceeded")
    limits = typed("conversation_detail_metadata", limits_progress=LIMITS)
    said = decode(START, cap, start(), COMPLETE, limits, DONE, None)
    assert (said.ends, said.error.retry_after_seconds) == (["usage_cap_reached"], 600)
    named = typed("conversation_detail_metadata", model_limits=[{"resets_after": NOW + 30}])
    assert decode(START, cap, named).error.retry_after_seconds == 30
    for end in (DONE, None):
        said = decode(START, cap, end)
        assert (said.ends, said.error.retry_after_seconds) == (["usage_cap_reached"], None)


def test_an_error_after_the_end_changes_nothing() -> None:
    said = decode(START, start(), text("x"), closing(), typed("error", error="late"), TAIL)
    assert said.ends == ["stop"]


@pytest.mark.parametrize(
    "event",
    [
        typed("moderation", moderation_response={"flagged": True, "blocked": False}),
        typed("moderation", moderation_response=None),
        typed("safety_review_update", active=False),
    ],
)
def test_moderation_that_blocks_nothing_is_no_error(event: bytes) -> None:
    said = decode(START, start(), text("x"), event, closing(), TAIL)
    assert (said.text, said.ends, said.notices) == ("x", ["stop"], [])


def test_a_safety_review_is_told_of_and_is_no_error() -> None:
    review = typed("safety_review_update", active=True, protection_type="bio", message="Reviewing")
    said = decode(START, review, review, start(), text("x"), closing(), TAIL)
    assert (said.ends, said.notices) == (["stop"], ["safety_review"])


def test_a_tools_error_only_counts_if_no_answer_follows() -> None:
    failed = start(
        "t", role="tool", content={"content_type": "system_error", "name": "ToolError", "text": "no"}
    )
    said = decode(START, failed, start(), text("But I know it."), closing(), TAIL)
    assert (said.text, said.ends) == ("But I know it.", ["stop"])
    said = decode(START, failed, TAIL)
    assert said.ends == ["generation_failed"]
    assert "ToolError: no" in said.error.message


def test_limits_at_the_end_are_told_of() -> None:
    reset = IN_TEN_MINUTES.isoformat()
    limits = typed(
        "conversation_detail_metadata",
        model_limits=[{"model_slug": "gpt-5-6", "resets_after": reset}],
        blocked_features=[{"name": "image_gen", "resets_after": reset}],
        limits_progress=LIMITS,
    )
    said = decode(START, start(), text("x"), closing(), COMPLETE, limits, DONE)
    assert said.notices == ["limit_reached", "limit_reached"]


SUBMISSION = {
    "action": "next",
    "messages": [message("u1", "Hello\n\nworld 😀", role="user", channel=None)],
    "conversation_id": "c1",
    "parent_message_id": "p0",
    "model": "gpt-5-6",
}


def submitted(**changes: Any) -> Any:
    return provider().read_submission(json.dumps({**SUBMISSION, **changes}).encode())


def test_a_submission_says_what_was_sent_and_where() -> None:
    found = submitted()
    assert (found.prompt, found.message_id) == ("Hello\n\nworld 😀", "u1")
    assert (found.conversation_id, found.model, found.attachments) == ("c1", "gpt-5-6", 0)


def test_a_submission_to_a_new_chat_names_none() -> None:
    assert submitted(conversation_id=None).conversation_id is None


def test_attachments_are_counted() -> None:
    with_file = message("u1", "see", role="user", metadata={"attachments": [{"id": "f1"}, {"id": "f2"}]})
    assert submitted(messages=[with_file]).attachments == 2
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": "sediment://1"}, "see"]
    picture = message("u1", role="user", content={"content_type": "multimodal_text", "parts": parts})
    assert submitted(messages=[picture]).attachments == 1
    assert submitted(messages=[picture]).prompt == "see"


def test_the_newest_user_message_is_the_prompt() -> None:
    messages = [message("u1", "old", role="user"), message("s", "hidden", role="system")]
    assert submitted(messages=[*messages, message("u2", "new", role="user")]).prompt == "new"
    assert submitted(messages=messages).prompt == "old"


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"messages": []}', b'{"messages": [1]}', b'{"action": "continue"}'],
)
def test_a_request_that_sends_no_prompt_is_no_submission(body: bytes) -> None:
    assert provider().read_submission(body) is None


def test_a_cap_names_its_model_where_the_site_does() -> None:
    limits = {"model_limits": [{"model_slug": "gpt-x", "resets_after": IN_TEN_MINUTES.isoformat()}]}
    body = {"error": {"code": "model_cap_exceeded", "message": "Used up."}, **limits}
    refused = provider().refusal(429, {}, json.dumps(body).encode())
    closing = typed("conversation_detail_metadata", **limits)
    streamed = decode(START + typed("error", error_code="model_cap_exceeded", error="Used up.") + closing)
    for error in (refused, streamed.error):
        assert error.details["model"] == "gpt-x"
        assert error.retry_after_seconds == 600
