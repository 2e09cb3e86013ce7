"""chat's wishes and chats, and models --refresh, without a browser."""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--temperature", "3", "Hi"), "3"),
        (("--temperature", "warm", "Hi"), "warm"),
        (("--max-tokens", "0", "Hi"), "0"),
        (("--temporary", "--conversation", "c-1", "Hi"), "--temporary"),
    ],
)
def test_a_wrong_wish_is_wrong_usage(run: Run, words: tuple[str, ...], said: str) -> None:
    outcome = run("chat", *words)
    assert outcome.code == 2
    assert said in outcome.err


def test_wishes_become_a_body_of_chat_completions() -> None:
    wishes: dict[str, Any] = {
        "model": "",
        "effort": "high",
        "temperature": None,
        "max_tokens": 5,
        "stop": ("x", "y"),
    }
    body = importlib.import_module("cdp_relay.cli.chat")._body("Be brief.", "Hi", [], wishes)
    assert body == {
        "model": "default",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "reasoning_effort": "high",
        "max_tokens": 5,
        "stop": ["x", "y"],
    }


def test_an_id_that_no_site_has_is_refused_before_a_browser_is_started(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b""), isatty=lambda: False))
    outcome = run("chat", "-m", "practice", "--conversation", "a b", "Hi")
    assert outcome.code == 1
    assert "not the id of a chat" in outcome.err


def test_models_that_only_a_site_s_menu_had_are_listed_and_marked(run: Run, home: Path) -> None:
    seen = [
        {"id": "gpt-7", "label": "GPT-7", "available": True, "why": ""},
        {"id": "gpt-5-6", "label": "GPT-5.6 Sol", "available": False, "why": "Resets at 17:00"},
    ]
    home.mkdir(parents=True)
    (home / "sites.json").write_text(json.dumps({"chatgpt": {"menu": {"seen_at": 5, "models": seen}}}))
    rows = {row["id"]: row for row in run("models", "--json").json}
    assert rows["chatgpt/gpt-7"]["source"] == "site"
    assert rows["chatgpt/gpt-5-6"]["available"] is False
    assert "chatgpt/gpt-5-6:high" in rows
    shown = run("models").out
    assert "+ chatgpt/gpt-7" in shown
    assert "- chatgpt/gpt-5-6 " in shown
