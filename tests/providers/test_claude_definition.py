"""Claude's page as data: addresses, and what its states are taken from."""

from __future__ import annotations

import re

import pytest

from cdp_relay.chat.contract import StateRule
from tests.providers.claude_frames import provider

SITE = provider().site
BASE = "https://claude.ai"
CHAT = f"{BASE}/api/organizations/o1/chat_conversations/0b6c-1"


@pytest.mark.parametrize(
    ("method", "url", "is_submission"),
    [
        ("POST", f"{CHAT}/completion", True),
        ("POST", f"{CHAT}/completion?rendering_mode=messages", True),
        ("POST", f"{CHAT}/retry_completion", False),
        ("POST", f"{CHAT}/title", False),
        ("POST", f"{CHAT}/stop_response", False),
        ("GET", f"{CHAT}/completion", False),
        ("GET", f"{CHAT}/completion_status?poll=true", False),
        ("POST", CHAT.rpartition("/")[0], False),
        ("POST", f"{CHAT}/completion".replace("claude.ai", "example.org"), False),
    ],
)
def test_only_the_request_for_an_answer_is_the_submission(method: str, url: str, is_submission: bool) -> None:
    assert provider().is_submission(method, url) is is_submission


def test_the_address_of_a_submission_names_the_chat() -> None:
    assert provider().submitted_conversation(f"{CHAT}/completion?x=1") == "0b6c-1"
    assert provider().submitted_conversation(f"{BASE}/new") is None


def test_a_broken_answer_is_read_from_the_whole_chat() -> None:
    assert provider().is_resume("GET", f"{CHAT}?tree=True&rendering_mode=messages&consistency=strong")
    for path in ("/completion", "/completion_status", "/title"):
        assert not provider().is_resume("GET", CHAT + path)


def test_addresses() -> None:
    assert provider().new_chat_url(None) == f"{BASE}/new"
    assert provider().conversation_url("0b6c-1") == f"{BASE}/chat/0b6c-1"


@pytest.mark.parametrize(
    ("path", "may"), [("/new", True), ("/chat/0b6c-1", True), ("/login", False), ("/project/1", False)]
)
def test_where_a_chat_may_find_itself(path: str, may: bool) -> None:
    assert any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths) is may


def test_the_composer_is_never_the_textarea_that_stands_in_before_hydration() -> None:
    for selector in SITE.selectors.composer:
        assert '[contenteditable="true"]' in selector


def test_tiles_of_sent_messages_are_not_the_composers() -> None:
    for selector in (*SITE.selectors.attachment, *SITE.selectors.attachment_remove):
        assert selector.startswith("fieldset ")


@pytest.mark.parametrize("rule", SITE.states, ids=lambda rule: f"{rule.code}: {rule.message[:40]}")
def test_states_are_seen_somewhere_and_say_what_they_are(rule: StateRule) -> None:
    for pattern in (rule.url, rule.text, rule.title):
        re.compile(pattern or "")
    assert rule.url or rule.title or rule.selector or rule.text
    assert rule.message.endswith(".")


def _codes(text: str, surface: str) -> list[str]:
    """The states that a text shows on a surface."""
    found = [rule for rule in SITE.states if rule.text and any(surface in one for one in rule.selector)]
    return [rule.code for rule in found if re.search(rule.text or "", text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("surface", "text", "codes"),
    [
        ("banner-layer", "You've used 75% of your weekly limit", []),
        ("banner-layer", "You've reached your 5-hour message limit until 3 PM", ["usage_cap_reached"]),
        ("banner-layer", "5-hour limit reached ∙ resets at 3 PM", ["usage_cap_reached"]),
        ("banner-layer", "You are out of free messages until 3 PM", ["usage_cap_reached"]),
        (
            "alert",
            "Your message will exceed the length limit for this chat. Start a new chat.",
            ["context_length_exceeded"],
        ),
        ("alert", "Claude is overloaded due to unexpected capacity constraints", ["site_overloaded"]),
        ("alert", "Something went wrong. Retry", ["generation_failed"]),
        ("alert", "Failed to fetch", ["generation_failed"]),
        ("alert", "File type .exe is not supported", ["attachment_refused"]),
        ("dialog", "Updates to our consumer terms and privacy policy", ["consent_needed"]),
        ("dialog", "Choose an organization to continue", ["account_chooser"]),
        ("alert", "Copied to clipboard", []),
    ],
)
def test_texts_and_their_states(surface: str, text: str, codes: list[str]) -> None:
    assert _codes(text, surface) == codes


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        (f"{BASE}/login?returnTo=%2Fnew", ["signed_out"]),
        (f"{BASE}/logout", ["signed_out"]),
        ("https://accounts.google.com/v3/signin", ["account_chooser"]),
        (f"{BASE}/app-unavailable-in-region", ["site_error"]),
        (f"{BASE}/chat/login", []),
        (f"{BASE}/new", []),
    ],
)
def test_pages_that_are_known_by_their_address(url: str, codes: list[str]) -> None:
    assert [rule.code for rule in SITE.states if rule.url and re.search(rule.url, url)] == codes


@pytest.mark.parametrize(
    ("item", "models"),
    [
        ("Opus 5.5\nMost capable for ambitious work", ["opus-5.5"]),
        ("Claude Sonnet 5", ["sonnet-5"]),
        ("Sonnet 5.5", []),
        ("Haiku 4.5", ["haiku-4.5"]),
    ],
)
def test_items_of_the_menu_and_their_models(item: str, models: list[str]) -> None:
    assert [one.id for one in SITE.models if re.fullmatch(one.menu, item, re.IGNORECASE)] == models


@pytest.mark.parametrize(
    ("wire", "models"),
    [
        ("claude-opus-5-5", ["opus-5.5"]),
        ("claude-sonnet-5", ["sonnet-5"]),
        ("claude-sonnet-5-5", []),
        ("claude-haiku-4-5-20251001", ["haiku-4.5"]),
    ],
)
def test_names_on_the_wire_and_their_models(wire: str, models: list[str]) -> None:
    assert [one.id for one in SITE.models if re.fullmatch(one.wire, wire)] == models
