"""AI Studio's page as data, and what its requests say that they send."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cdp_relay.chat.contract import StateRule
from tests.providers.aistudio_frames import provider

SITE = provider().site
BASE = "https://aistudio.google.com"
RPC = "/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService/"
HOST = "https://alkalimakersuite-pa.clients6.google.com"


@pytest.mark.parametrize(
    ("method", "url", "is_submission"),
    [
        ("POST", HOST + RPC + "GenerateContent", True),
        ("POST", HOST + RPC + "GenerateContent?alt=x", True),
        ("OPTIONS", HOST + RPC + "GenerateContent", False),
        ("POST", HOST + RPC + "CountTokens", False),
        ("POST", HOST + RPC + "CreatePrompt", False),
        ("POST", HOST + "/jserror?error=GenerateContent", False),
        ("POST", BASE + RPC + "GenerateContent", False),
        ("POST", "https://example.org" + RPC + "GenerateContent", False),
    ],
)
def test_only_the_request_for_an_answer_is_the_submission(method: str, url: str, is_submission: bool) -> None:
    assert provider().is_submission(method, url) is is_submission
    assert not provider().is_resume(method, url)


def test_addresses() -> None:
    assert provider().new_chat_url(None) == f"{BASE}/prompts/new_chat"
    assert provider().new_chat_url("gemini-3.8-flash") == f"{BASE}/prompts/new_chat?model=gemini-3.8-flash"
    assert provider().conversation_url("1AbC") == f"{BASE}/prompts/1AbC"
    assert provider().conversation_at(f"{BASE}/prompts/1AbC?x#y") == "1AbC"
    for url in ("prompts/new_chat?model=m", "prompts/new_chat", "prompts/a/b", "library"):
        assert provider().conversation_at(f"{BASE}/{url}") is None
    assert provider().is_home(f"{BASE}/prompts/1AbC")
    assert not provider().is_home(HOST)


@pytest.mark.parametrize(
    ("path", "chat"),
    [
        ("/prompts/new_chat", True),
        ("/u/1/prompts/new_chat", True),
        ("/prompts/1AbC-d_e", True),
        ("/library", False),
        ("/apps/new_chat", False),
        ("/prompts/a/b", False),
    ],
)
def test_a_chat_may_find_itself_at_these_paths(path: str, chat: bool) -> None:
    assert any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths) is chat


def test_nothing_that_stops_is_pressed_to_send() -> None:
    for selector in SITE.selectors.send:
        assert ":not(:has(.stoppable-spinner))" in selector


@pytest.mark.parametrize("rule", SITE.states, ids=lambda rule: f"{rule.code}: {rule.message[:40]}")
def test_states_are_seen_somewhere_and_say_what_they_are(rule: StateRule) -> None:
    for pattern in (rule.url, rule.text, rule.title):
        re.compile(pattern or "")
    assert rule.url or rule.title or rule.selector
    assert rule.message.endswith(".")


def _codes(text: str, surface: str) -> list[str]:
    """The states that a text shows on a surface."""
    found = [rule for rule in SITE.states if rule.text and surface in rule.selector]
    return [rule.code for rule in found if re.search(rule.text or "", text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("You've reached your rate limit. Please try again later.", "rate_limit_exceeded"),
        (
            "Failed to generate content: user has exceeded quota. Please try again later.",
            "rate_limit_exceeded",
        ),
        ("You have used up your daily quota for this model.", "usage_cap_reached"),
        ("Failed to generate content: permission denied. Please try again.", "site_error"),
        ("The model is overloaded. Please try again later.", "site_overloaded"),
        ("An internal error has occurred.", "generation_failed"),
        ("Failed to generate content", "generation_failed"),
        ("The input token count exceeds the maximum number of tokens allowed", "context_length_exceeded"),
        ("Unsupported file type: application/x-msdownload", "attachment_refused"),
        ("Your prompt was saved to Drive", None),
        ("Copied to clipboard", None),
    ],
)
def test_toasts_and_their_states(text: str, code: str | None) -> None:
    assert next(iter(_codes(text, "mat-snack-bar-container")), None) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("It's time to build. I consent to the Gemini API Additional Terms of Service", "consent_needed"),
        ("Acknowledge copyright: only upload what you have the rights to. Agree", "consent_needed"),
        ("Link a paid API key to use this model", "model_unavailable"),
        ("Welcome! What is new in Gemini 3", None),
    ],
)
def test_dialogs_and_their_states(text: str, code: str | None) -> None:
    assert next(iter(_codes(text, "mat-dialog-container")), None) == code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://accounts.google.com/v3/signin/identifier?continue=x", "signed_out"),
        ("https://accounts.google.com/v3/signin/accountchooser?continue=x", "account_chooser"),
        ("https://www.google.com/sorry/index?continue=x", "challenge"),
        ("https://consent.google.com/m?continue=x", "consent_needed"),
        (f"{BASE}/prompts/sorry", None),
    ],
)
def test_pages_that_are_known_by_their_address(url: str, code: str | None) -> None:
    found = [rule.code for rule in SITE.states if rule.url and re.search(rule.url, url)]
    assert next(iter(found), None) == code


# --- what a request says that it sends ----------------------------------------------------------------


def request(*contents: Any, settings: Any = None, system: Any = None, model: Any = "models/m") -> bytes:
    return json.dumps([model, [*contents], [], settings, "!attest", system]).encode()


def user(*parts: Any) -> list[Any]:
    return [[*parts], "user"]


HISTORY = [user([None, "first"]), [[[None, "Hm", *[None] * 10, 1], [None, "answer"]], "model"]]


def test_of_the_whole_conversation_the_newest_message_is_the_prompt() -> None:
    sent = provider().read_submission(request(*HISTORY, user([None, "two\nlines 😀"])))
    assert sent is not None
    assert (sent.prompt, sent.model, sent.attachments) == ("two\nlines 😀", "m", 0)
    assert sent.wishes == {"system": "", "stop": ()}
    assert sent.temporary is None


def test_files_of_the_newest_message_are_counted() -> None:
    files = [[None, None, None, None, None, ["1Drive"]], [None, None, ["image/png", "iVBO"]]]
    sent = provider().read_submission(
        request(user(*files), *HISTORY, user(files[0], [None, "look"], files[1]))
    )
    assert sent is not None
    assert (sent.prompt, sent.attachments) == ("look", 2)
    alone = provider().read_submission(request(user(*files)))
    assert alone is not None
    assert (alone.prompt, alone.attachments) == (None, 2)


def test_the_run_settings_are_read_back() -> None:
    settings: list[Any] = [None, ["END", "STOP"], None, 1024, 0.5, 0.95, 64, *[None] * 9, [1, None, None, 3]]
    sent = provider().read_submission(
        request(user([None, "x"]), settings=settings, system=[[[None, "Be brief."]], "user"])
    )
    assert sent is not None
    assert sent.wishes == {
        "system": "Be brief.",
        "stop": ("END", "STOP"),
        "max_output_tokens": 1024.0,
        "temperature": 0.5,
        "effort": "high",
    }
    for thinking, effort in (([1, 0], "none"), ([1, None, None, 4], "minimal"), ([1, 9], None), (None, None)):
        settings[16] = thinking
        again = provider().read_submission(request(user([None, "x"]), settings=settings))
        assert again is not None
        assert again.wishes.get("effort") == effort


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"{}", b"[]", b"[1,2]", request(), request(HISTORY[1]), request(user()), request(user("x"))],
)
def test_what_sends_no_prompt(body: bytes) -> None:
    assert provider().read_submission(body) is None


def test_a_request_may_leave_empty_places_out() -> None:
    sent = provider().read_submission(b'["models/m",[[[[,"x"]],"user"]],,[,,,8]]')
    assert sent is not None
    assert (sent.prompt, sent.wishes["max_output_tokens"]) == ("x", 8.0)
