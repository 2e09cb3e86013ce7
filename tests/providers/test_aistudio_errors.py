"""How AI Studio says no, and what the relay makes of it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from tests.providers.aistudio_frames import NOW, provider

RPC = "type.googleapis.com/google.rpc."


def refused(status: int, code: int, message: str, *details: Any, **headers: str) -> Any:
    body = json.dumps([None, [code, message, [*details]]]).replace("null,", ",", 1).encode()
    return provider().refusal(status, {key.replace("_", "-"): value for key, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (401, 16, "Request had invalid authentication credentials.", "signed_out"),
        (403, 7, "The caller does not have permission", "site_error"),
        (403, 7, "This model needs a paid API key.", "model_unavailable"),
        (400, 9, "Gemini 3 Pro is not available in the free tier: enable billing.", "model_unavailable"),
        (404, 5, "models/gemini-9 is not found for API version v1", "model_unavailable"),
        (404, 5, "Requested entity was not found.", "conversation_not_found"),
        (
            400,
            3,
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "context_length_exceeded",
        ),
        (400, 3, "Request contains an invalid argument.", "site_error"),
        (429, 8, "Resource has been exhausted (e.g. check quota).", "rate_limit_exceeded"),
        (503, 14, "The model is overloaded. Please try again later.", "site_overloaded"),
        (500, 13, "An internal error has occurred.", "generation_failed"),
        (504, 4, "Deadline expired before operation could complete.", "site_overloaded"),
        (500, 2, "Unknown.", "generation_failed"),
    ],
)
def test_a_status_becomes_an_error_in_the_site_s_own_words(
    status: int, code: int, message: str, error: str
) -> None:
    told = refused(status, code, message)
    assert told.code == error
    assert told.message == f"AI Studio says: {message} (code {code}, HTTP {status})"
    assert told.details == {"site": "aistudio", "site_code": code, "http_status": status}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "signed_out"),
        (403, "site_error"),
        (429, "rate_limit_exceeded"),
        (500, "generation_failed"),
        (503, "site_overloaded"),
        (418, "generation_failed"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>Error</html>", b"[", b"{}", b"[null,[0]]", b'[1,"x"]'])
def test_without_a_status_in_its_body_the_http_status_decides(status: int, error: str, body: bytes) -> None:
    assert provider().refusal(status, {}, body).code == error


def test_a_refused_permission_says_what_to_try() -> None:
    assert "by hand" in refused(403, 7, "The caller does not have permission").next_step


QUOTA = [
    RPC + "QuotaFailure",
    [[["", "", "", "", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"]]],
]
MINUTE = [RPC + "ErrorInfo", ["RATE_LIMIT_EXCEEDED", "g", [["quota_limit", "RequestsPerMinutePerUser"]]]]


def test_a_quota_of_a_minute_says_when_to_come_back() -> None:
    retry = [RPC + "RetryInfo", [["34", 500_000_000]]]
    told = refused(429, 8, "You exceeded your current quota.", MINUTE, retry)
    assert (told.code, told.retry_after_seconds) == ("rate_limit_exceeded", 34.5)
    assert refused(429, 8, "Quota.", MINUTE, [RPC + "RetryInfo", [[7]]]).retry_after_seconds == 7
    assert refused(429, 8, "Quota.", MINUTE, retry_after="12").retry_after_seconds == 12
    assert refused(429, 8, "Quota. Please retry in 21.4s.", MINUTE).retry_after_seconds == 21.4
    assert refused(429, 8, "Quota.", MINUTE).retry_after_seconds is None


def test_a_quota_of_a_day_comes_back_at_midnight_in_california() -> None:
    told = refused(429, 8, "You exceeded your current quota.", QUOTA)
    assert told.code == "usage_cap_reached"
    reset = datetime.datetime.fromtimestamp(NOW + told.retry_after_seconds, datetime.UTC)
    # 21 September: summer time, so 7 o'clock; 8 where the machine has no time zones.
    assert reset.hour in (7, 8)
    assert (reset.minute, reset.second) == (0, 0)
    assert 0 < told.retry_after_seconds <= 25 * 3600
    retry = [RPC + "RetryInfo", [["34"]]]
    assert refused(429, 8, "You exceeded your current quota.", QUOTA, retry).retry_after_seconds == 34


@pytest.mark.parametrize(
    "details",
    [
        [["x"]],
        [5, None],
        [[RPC + "RetryInfo", None]],
        [[RPC + "RetryInfo", [["soon"]]]],
        [{"a": ["per_day"]}],
    ],
)
def test_odd_details_are_no_reason_to_fail(details: list[Any]) -> None:
    assert refused(429, 8, "No.", *details).status == 429


@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_google_s_check_for_robots_is_a_challenge(status: int) -> None:
    page = b"<!doctype html><title>Sorry...</title>Our systems have detected unusual traffic from you."
    assert provider().refusal(status, {}, page).code == "challenge"
    assert (
        provider().refusal(302, {"location": "https://www.google.com/sorry/index"}, b"").code == "challenge"
    )
