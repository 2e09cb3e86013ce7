"""Gemini's page as data, what its requests say, and how it refuses them."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from cdp_relay.chat.contract import Submission
from tests.providers.gemini_frames import failed, frame, provider, sparse

SITE = provider().site
BASE = "https://gemini.google.com"
GENERATE = "/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate"
BATCH = "/_/BardChatUi/data/batchexecute"


@pytest.mark.parametrize(
    ("method", "path", "is_submission"),
    [
        ("POST", f"{GENERATE}?bl=boq_x&f.sid=-1&hl=en&_reqid=1&rt=c", True),
        ("POST", f"/u/3{GENERATE}", True),
        ("GET", GENERATE, False),
        ("POST", f"{BATCH}?rpcids=hNvQHb", False),
        ("POST", f"/x{GENERATE}", False),
    ],
)
def test_only_the_request_for_an_answer_is_the_submission(
    method: str, path: str, is_submission: bool
) -> None:
    assert provider().is_submission(method, BASE + path) is is_submission
    assert not provider().is_submission(method, "https://example.org" + path)


@pytest.mark.parametrize(
    ("query", "is_resume"),
    [
        ("rpcids=hNvQHb&source-path=%2Fapp", True),
        ("rpcids=otAQ7b%2ChNvQHb&rt=c", True),
        ("rpcids=NkpXw", False),
        ("", False),
    ],
)
def test_reading_the_chat_again_is_known_among_the_pages_calls(query: str, is_resume: bool) -> None:
    assert provider().is_resume("POST", f"{BASE}{BATCH}?{query}") is is_resume
    assert provider().is_resume("POST", f"{BASE}/u/1{BATCH}?{query}") is is_resume
    assert not provider().is_resume("POST", f"{BASE}{GENERATE}?{query}")
    assert provider().is_stop("POST", f"{BASE}{BATCH}?{query}") is ("NkpXw" in query)


def test_addresses() -> None:
    assert provider().new_chat_url("pro") == f"{BASE}/app"
    assert provider().conversation_url("c_0123456789abcdef") == f"{BASE}/app/0123456789abcdef"
    assert provider().conversation_url("0123456789abcdef") == f"{BASE}/app/0123456789abcdef"


@pytest.mark.parametrize("path", ["/app", "/u/1/app", "/app/0123456789abcdef", "/gem/x", "/u/2/gem/x/01ab"])
def test_a_chat_may_find_itself_at_these_paths(path: str) -> None:
    assert any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths)


@pytest.mark.parametrize("path", ["/", "/share/1", "/app/settings", "/faq", "/gems/view"])
def test_a_chat_is_not_at_these_paths(path: str) -> None:
    assert not any(re.fullmatch(pattern, path) for pattern in SITE.pages.chat_paths)


def test_the_hidden_clipboard_beside_the_editor_is_never_the_composer() -> None:
    for selector in SITE.selectors.composer:
        assert ":not(.ql-clipboard)" in selector or ".ql-editor" in selector or "textbox" in selector


@pytest.mark.parametrize(
    ("shown", "model"),
    [
        ("Flash", "flash"),
        ("3.8 Flash", "flash"),
        ("Flash Extended", "flash"),
        ("3.5 Flash-Lite", "flash-lite"),
        ("3.1 Pro", "pro"),
        ("Pro High", "pro"),
    ],
)
def test_a_name_in_the_menu_is_one_models(shown: str, model: str) -> None:
    assert [offer.id for offer in SITE.models if re.fullmatch(offer.menu, shown, re.IGNORECASE)] == [model]


@pytest.mark.parametrize(
    ("level", "row"),
    [
        ("low", "Low"),
        ("medium", "Medium"),
        ("high", "High"),
        ("high", "Extended thinking"),
        ("low", "Standard"),
    ],
)
def test_levels_of_thinking_by_the_names_of_several_menus(level: str, row: str) -> None:
    assert re.fullmatch(SITE.controls["effort"].values[level], row, re.IGNORECASE)


def _request(places: dict[int, Any]) -> bytes:
    inner = json.dumps(sparse({1: ["en"], 7: 1} | places), ensure_ascii=False)
    return urlencode({"f.req": json.dumps([None, inner]), "at": "a secret"}).encode()


def test_a_prompt_is_read_out_of_the_form() -> None:
    body = _request({0: ["Zeile 1\nZeile 2 & 100 % 😄 + \\n", 0], 2: ["", "", ""], 59: "1B4E28BA"})
    assert provider().read_submission(body) == Submission(
        prompt="Zeile 1\nZeile 2 & 100 % 😄 + \\n", message_id="1B4E28BA", attachments=0, temporary=False
    )


def test_chat_temporary_mark_and_files_are_read_out_of_the_form() -> None:
    files = [[["/contrib/a"], "a.png"], [["/contrib/b"], "b.pdf"]]
    body = _request({0: ["", 0, None, files], 2: ["c_1", "r_1"], 45: 1})
    said = provider().read_submission(body)
    assert said == Submission(prompt="", conversation_id="c_1", attachments=2, temporary=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"f.req=", b"f.req=[null]", b"f.req=[null,1]", b"at=x", _request({}), _request({0: [""]}), b"\xff"],
)
def test_what_sends_no_prompt_is_no_submission(body: bytes) -> None:
    assert provider().read_submission(body) is None


def test_the_header_tells_the_model() -> None:
    mode = '[1,null,null,null,"e6fa609c3fa255c0",null,null,0,[4],null,null,2]'
    assert provider().read_model({"x-goog-ext-525001261-jspb": mode}) == "e6fa609c3fa255c0"
    assert provider().read_model({"x-goog-ext-525001261-jspb": "nonsense"}) is None
    assert provider().read_model({}) is None


SORRY = b"<html><title>Sorry...</title>Our systems have detected unusual traffic from your network.</html>"
LOGIN = b'<html><a href="https://accounts.google.com/ServiceLogin?continue=x">Sign in</a></html>'
XSRF = b""")]}'\n\n54\n[["er",null,null,null,null,400,null,null,null,9,"xsrf"]]\n"""


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (400, {}, XSRF, "generation_failed"),
        (401, {}, b"", "signed_out"),
        (200, {"content-type": "text/html"}, LOGIN, "signed_out"),
        (302, {"location": "https://accounts.google.com/ServiceLogin?x"}, b"", "signed_out"),
        (429, {}, b"", "rate_limit_exceeded"),
        (429, {"content-type": "text/html"}, SORRY, "challenge"),
        (302, {"location": "https://www.google.com/sorry/index"}, b"", "challenge"),
        (413, {}, b"", "context_length_exceeded"),
        (503, {}, b"", "site_overloaded"),
        (500, {}, b"<html>Error</html>", "generation_failed"),
        (403, {}, (")]}'\n\n" + frame(failed(1060))).encode(), "site_error"),
        (429, {}, (")]}'\n\n" + frame(failed(1037))).encode(), "usage_cap_reached"),
    ],
)
def test_refused_requests(status: int, headers: dict[str, str], body: bytes, code: str) -> None:
    error = provider().refusal(status, headers, body)
    assert error.code == code
    assert error.message.endswith(".")


def test_how_long_to_wait_is_told() -> None:
    assert provider().refusal(429, {"retry-after": "37"}, b"").retry_after_seconds == 37
