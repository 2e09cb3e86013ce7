"""ChatGPT's page as data: addresses, and that every pattern is one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cdp_relay.chat.contract import StateRule
from tests.providers.chatgpt_frames import provider

SITE = provider().site
BASE = "https://chatgpt.com"


@pytest.mark.parametrize(
    ("method", "path", "is_submission"),
    [
        ("POST", "/backend-api/f/conversation", True),
        ("POST", "/backend-anon/f/conversation", True),
        ("POST", "/backend-api/f/conversation?x=1", True),
        ("GET", "/backend-api/f/conversation", False),
        ("POST", "/backend-api/f/conversation/prepare", False),
        ("POST", "/backend-api/f/conversation/resume", False),
        ("POST", "/backend-api/conversation", False),
        ("POST", "/backend-api/conversations", False),
        ("POST", "/backend-api/stop_conversation", False),
    ],
)
def test_only_the_request_for_an_answer_is_the_submission(
    method: str, path: str, is_submission: bool
) -> None:
    assert provider().is_submission(method, BASE + path) is is_submission
    assert not provider().is_submission(method, "https://example.org" + path)


def test_a_resumed_answer_and_the_socket_are_known() -> None:
    assert provider().is_resume("POST", f"{BASE}/backend-api/f/conversation/resume")
    assert not provider().is_resume("POST", f"{BASE}/backend-api/f/conversation")
    assert provider().is_socket("wss://ws.chatgpt.com/p5/ws/user/abc?verify=1")
    assert not provider().is_socket("wss://ws.chatgpt.com.example.org/")


def test_addresses() -> None:
    assert provider().new_chat_url(None) == f"{BASE}/"
    assert provider().new_chat_url("gpt-5 6&x") == f"{BASE}/?model=gpt-5%206%26x"
    assert provider().conversation_url("a/b") == f"{BASE}/c/a%2Fb"


def test_the_address_of_a_temporary_chat_names_a_model_only_when_asked() -> None:
    assert provider().temporary_chat_url(None) == f"{BASE}/?temporary-chat=true"
    assert provider().temporary_chat_url("gpt-5-6") == f"{BASE}/?temporary-chat=true&model=gpt-5-6"


@pytest.mark.parametrize(
    ("fields", "temporary", "wishes"),
    [
        ({"model": "gpt-5-6"}, False, {"effort": "none"}),
        ({"model": "auto"}, False, {}),
        ({}, False, {}),
        ({"model": "gpt-5-6-thinking"}, False, {}),
        ({"model": "gpt-5-6-thinking", "thinking_effort": "standard"}, False, {"effort": "medium"}),
        ({"model": "gpt-5-6-thinking", "thinking_effort": "extended"}, False, {"effort": "high"}),
        ({"model": "gpt-5-6-thinking", "thinking_effort": "max"}, False, {"effort": "xhigh"}),
        ({"model": "gpt-5-6-thinking", "thinking_effort": "brand-new"}, False, {"effort": "brand-new"}),
        ({"model": "gpt-6-pro", "thinking_effort": "standard"}, False, {"effort": "pro"}),
        ({"model": 5, "thinking_effort": []}, False, {}),
        ({"model": "auto", "history_and_training_disabled": True}, True, {}),
        ({"model": "auto", "history_and_training_disabled": "yes"}, False, {}),
    ],
)
def test_a_request_tells_of_its_effort_and_of_a_temporary_chat(
    fields: dict[str, Any], temporary: bool, wishes: dict[str, str]
) -> None:
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Hi"]}}
    submission = provider().read_submission(json.dumps({"messages": [message], **fields}).encode())
    assert submission is not None
    assert (submission.temporary, submission.wishes) == (temporary, wishes)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/c/68f0-1",
        "/c/WEB:68f0-1",
        "/c/WEB%3A68f0-1",
        "/c/local-chatgpt:1",
        "/g/g-p-1-name/project",
        "/g/g-1",
        "/g/g-1/c/2",
    ],
)
def test_a_chat_may_find_itself_at_these_paths(path: str) -> None:
    assert any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths)


@pytest.mark.parametrize("path", ["/auth/login", "/settings", "/share/x", "/c/1/edit"])
def test_a_chat_is_not_at_these_paths(path: str) -> None:
    assert not any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths)


def test_the_composer_is_never_the_textarea_that_stands_in_before_hydration() -> None:
    for selector in SITE.selectors.composer:
        assert '[contenteditable="true"]' in selector


@pytest.mark.parametrize("control", [SITE.selectors.composer, SITE.selectors.send])
def test_the_newer_page_is_looked_for_first(control: tuple[str, ...]) -> None:
    assert "data-chatgpt-composer" in control[0]
    assert any("prompt-textarea" in one or "send-button" in one for one in control[1:])


def test_stop_is_only_pressed_within_the_composer_or_by_its_test_id() -> None:
    for selector in SITE.selectors.stop:
        assert selector.startswith("form[data-chatgpt-composer]") or "stop-button" in selector


@pytest.mark.parametrize("rule", SITE.states, ids=lambda rule: f"{rule.code}: {rule.message[:40]}")
def test_states_are_seen_somewhere_and_say_what_they_are(rule: StateRule) -> None:
    for pattern in (rule.url, rule.text, rule.title):
        re.compile(pattern or "")
    assert rule.url or rule.title or rule.selector or rule.text
    assert rule.message.endswith(".")


def _codes(text: str, surface: str = '[role="dialog"]') -> list[str]:
    """The states that a text shows in a dialog."""
    found = [rule for rule in SITE.states if rule.text and any(surface in one for one in rule.selector)]
    return [rule.code for rule in found if re.search(rule.text or "", text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Too many requests You're making requests too quickly.", ["rate_limit_exceeded"]),
        ("Your session has expired Please log in again to continue.", ["signed_out"]),
        ("Welcome back Choose an account to continue.", ["account_chooser"]),
        ("Suspicious activity detected. Secure your account and regain access.", ["account_blocked"]),
        ("You've hit the GPT-5.6 limit. Your limit resets at 5 PM.", ["usage_cap_reached"]),
        ("You've reached the maximum length for this conversation.", ["context_length_exceeded"]),
        ("Temporary Chat Not in history No model training Memory off", ["consent_needed"]),
        ("We updated our terms of use", ["consent_needed"]),
        ("Share this chat", []),
        ("请求过多，请稍后再试", ["rate_limit_exceeded"]),
    ],
)
def test_dialogs_and_their_states(text: str, codes: list[str]) -> None:
    assert _codes(text) == codes


@pytest.mark.parametrize(
    ("url", "signed_out"),
    [
        ("https://auth.openai.com/log-in?x", True),
        ("https://chatgpt.com/auth/login", True),
        ("https://chatgpt.com/log-in", True),
        ("https://chatgpt.com/login?next=/", True),
        ("https://chatgpt.com/c/login-questions", False),
        ("https://chatgpt.com/", False),
    ],
)
def test_the_sign_in_page_is_known_by_its_address(url: str, signed_out: bool) -> None:
    rules = [rule.url for rule in SITE.states if rule.url]
    assert any(re.search(pattern, url) for pattern in rules) is signed_out
