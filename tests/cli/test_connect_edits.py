"""Edits of settings files: what was asked for is in them, and nothing else has changed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.cli.clients import FileEdit, Unmergeable, Unreadable, edited, fresh

Kind = Literal["json", "toml", "yaml"]
READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


def edit(
    kind: Kind, values: Mapping[str, Any] | list[dict[str, Any]], defaults: dict[str, Any] | None = None
) -> FileEdit:
    return FileEdit(path=Path("settings"), kind=kind, values=values, defaults=defaults or {})


# --- what is around an edit stays, byte for byte ---------------------------------------------------

ZED = """\
// Zed settings
//
// For information, see the documentation.
{
    "theme": {"mode": "system", /* dark at night */ "dark": "One Dark"},
    "url": "https://example.com/*not a comment*/", // nor "this"
    "language_models": {
        "ollama": {"api_url": "http://localhost:11434"}, // the small ones
        // "openai": {}
    },
    "vim_mode": true, // really
    /* the end */
}
"""


def test_a_member_is_added_to_json_with_comments_and_trailing_commas() -> None:
    after = edited(edit("json", {"language_models": {"mine": {"a": [1]}}, "agent": {"x": "y"}}), ZED)
    assert after == ZED.replace(
        "// the small ones\n",
        """// the small ones
        "mine": {
            "a": [
                1
            ]
        },
""",
    ).replace(
        "// really\n",
        """// really
    "agent": {
        "x": "y"
    },
""",
    )


def test_a_value_is_replaced_where_it_stands() -> None:
    after = edited(edit("json", {"vim_mode": False, "theme": {"dark": "Ayu"}}), ZED)
    assert after == ZED.replace('"vim_mode": true', '"vim_mode": false').replace("One Dark", "Ayu")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "a": 1\n}'),
        ('{"b": 2}', '{"b": 2, "a": 1}'),
        ('{\n\t"b": 2\n}\n', '{\n\t"b": 2,\n\t"a": 1\n}\n'),
        ('{\r\n  "b": 2 // two\r\n}\r\n', '{\r\n  "b": 2, // two\r\n  "a": 1\r\n}\r\n'),
        ('\ufeff{\n "b": 2,\n}', '\ufeff{\n "b": 2,\n "a": 1,\n}'),
        ("{ // nothing yet\n}", '{\n  "a": 1 // nothing yet\n}'),
        ('{"a": 0, "a": 7}', '{"a": 0, "a": 1}'),
        ("// empty\n", '// empty\n{\n  "a": 1\n}\n'),
        ("", '{\n  "a": 1\n}\n'),
    ],
)
def test_an_object_keeps_its_form(before: str, after: str) -> None:
    assert edited(edit("json", {"a": 1}), before) == after


def test_an_item_of_a_list_is_told_by_its_first_value() -> None:
    before = '{"models": [\n  {"name": "a", "size": 1}, // mine\n  {"name": "b", "size": 2}\n]}'
    changed = edited(edit("json", {"models": [{"name": "b", "size": 3}]}), before)
    assert changed == before.replace('"size": 2', '"size": 3')
    added = edited(edit("json", {"models": [{"name": "c"}]}), before)
    assert json.loads(added.replace("// mine", ""))["models"][2] == {"name": "c"}
    assert "// mine" in added


CODEX = """\
# My Codex
model = "gpt-5.5"  # the good one
approval_policy = "on-request"

# servers
[mcp_servers.docs]
command = "docs"   # local

[model_providers.azure]
name = "Azure"
base_url = "https://example.com"

[projects."/home/me/code"]
trust_level = "trusted"
"""


def test_toml_keeps_comments_order_and_other_tables() -> None:
    values = {
        "model": "chatgpt",
        "model_provider": "cdp-relay",
        "model_providers": {"cdp-relay": {"name": "CDP Relay", "wire_api": "responses"}},
    }
    after = edited(edit("toml", values), CODEX)
    kept = set(CODEX.replace('"gpt-5.5"', '"chatgpt"').splitlines())
    assert kept <= set(after.splitlines())
    data = tomllib.loads(after)
    assert data["model"] == "chatgpt"
    assert set(data["model_providers"]) == {"azure", "cdp-relay"}
    assert data["projects"] == tomllib.loads(CODEX)["projects"]
    assert data["model_provider"] == "cdp-relay", "a key after the tables would belong to the last of them"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# mine\n\n# of a\n[a]\nx = 1\n", "# mine\n\nnew = 1\n\n# of a\n[a]\nx = 1\n"),
        ("b = 2 # two\r\n\r\n[a]\r\n", "b = 2 # two\r\n\r\nnew = 1\r\n\r\n[a]\r\n"),
        ("[[a]]\nx = 1\n", "new = 1\n\n[[a]]\nx = 1\n"),
        ('b = """\n[x]\n"""\n', 'b = """\n[x]\n"""\nnew = 1\n'),
    ],
)
def test_a_new_key_of_toml_stands_before_the_tables_and_their_comments(before: str, after: str) -> None:
    assert edited(edit("toml", {"new": 1}), before) == after


CONTINUE = """\
name: My Assistant  # mine
version: 1.0.0
schema: v1

# The order counts: the first is the default.
models:
  - name: Llama   # local
    provider: ollama
    model: "llama3.1:8b"
  - uses: anthropic/claude-4-sonnet
rules:
  - >
    Answer
    shortly.
"""


def test_yaml_gets_its_new_item_first_and_stays_as_it_is() -> None:
    after = edited(edit("yaml", {"models": [{"name": "Relay", "roles": ["chat"]}]}), CONTINUE)
    assert after == CONTINUE.replace(
        "models:\n  - name: Llama", "models:\n  - name: Relay\n    roles:\n    - chat\n  - name: Llama"
    )


def test_yaml_values_are_replaced_and_added_in_place() -> None:
    values = {"version": "2.0.0", "models": [{"name": "Llama", "model": "chatgpt", "apiKey": "k"}], "z": True}
    after = edited(edit("yaml", values), CONTINUE)
    assert after == (
        CONTINUE.replace("1.0.0", "2.0.0")
        .replace('"llama3.1:8b"', "chatgpt")
        .replace("- name: Llama   # local", "- apiKey: k\n    name: Llama   # local")
        + "z: true\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a: 1\n"),
        ("# only this", "# only this\na: 1\n"),
        ("b: 2", "b: 2\na: 1\n"),
        ("{b: 2}\n", '{"a": 1, b: 2}\n'),
        ("a:   # later\nb: 2\n", "a: 1   # later\nb: 2\n"),
        ("---\nb: 2\r\n", "---\nb: 2\r\na: 1\r\n"),
        ("b: !secret x\n", "b: !secret x\na: 1\n"),
    ],
)
def test_a_yaml_mapping_keeps_its_form(before: str, after: str) -> None:
    assert edited(edit("yaml", {"a": 1}), before) == after


def test_a_list_at_the_top_can_grow() -> None:
    before = "- name: openai/a # one\n  edit_format: whole\n"
    added = edited(edit("yaml", [{"name": "openai/b", "edit_format": "diff"}]), before)
    assert added == "- name: openai/b\n  edit_format: diff\n" + before
    assert edited(edit("yaml", [{"name": "openai/a", "edit_format": "diff"}]), before) == before.replace(
        "whole", "diff"
    )


# --- always ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "toml", "yaml"])
@pytest.mark.parametrize("before", ["", "other", "all"])
def test_a_second_edit_changes_nothing(kind: Kind, before: str) -> None:
    wanted = edit(kind, {"a": {"b": "1", "c": True}, "d": [{"name": "x", "n": 1}]}, {"a": {"e": "new"}})
    others = {"json": '{"a": {"z": 1}}', "toml": "[a]\nz = 1\n", "yaml": "a:\n  z: 1\n"}
    text = {"": "", "other": others[kind], "all": fresh(wanted)}[before]
    once = edited(wanted, text)
    assert edited(wanted, once) == once


@pytest.mark.parametrize("kind", ["json", "toml", "yaml"])
def test_a_default_gives_way_to_what_is_there(kind: Kind) -> None:
    text = edited(edit(kind, {"a": 1}, {"version": 1, "deep": {"x": 1, "y": 2}}), "")
    again = edited(edit(kind, {"a": 1}, {"version": 2, "deep": {"x": 9, "z": 3}}), text)
    assert READERS[kind](again) == {"version": 1, "deep": {"x": 1, "y": 2, "z": 3}, "a": 1}


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("json", '{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: a comma"),
        ("json", '{"a": 1} x', "line 1, column 10"),
        ("json", '{"a": }', "line 1, column 7: a value is missing"),
        ("json", '{"a": 1', "line 1, column 8: a comma or '}'"),
        ("json", "{'a': 1}", "a name in double quotes"),
        ("json", '{"a": 01}', "this is no value"),
        ("json", '{"a": /* open', "line 1, column 7"),
        ("json", "[" * 5000, "nested too deeply"),
        ("toml", "a = 1\nb = \n", "line 2"),
        ("toml", "a = 1\na = 2\n", "line 2"),
        ("yaml", "a: 1\n b: 2\n", "line 2, column 3"),
        ("yaml", "a: [1\n", "line 2, column 1"),
        ("yaml", "a: 1\n---\nb: 2\n", "line 2"),
        ("yaml", "a: \x00", "special characters"),
    ],
)
def test_the_place_of_a_fault_is_named(kind: Kind, text: str, place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        edited(edit(kind, {"z": 1}), text)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("json", "[]", {"a": 1}),
        ("json", '{"a": [ // why\n 1]}', {"a": 1}),
        ("toml", "a = 1\n", {"a": {"b": 1}}),
        ("toml", "", [{"a": 1}]),
        ("toml", "a = [\n 1, # one\n]\n", {"a": 2}),
        ("yaml", "- a\n", {"a": 1}),
        ("yaml", "a: 1\n", [{"a": 1}]),
        ("yaml", "a: |\n  text\n", {"a": "x"}),
        ("yaml", "x: &x {k: 1}\na: *x\n", {"a": {"k": 2}}),
        ("yaml", "x: &x 1\na: *x\n", {"a": 2}),
    ],
)
def test_what_cannot_be_added_alone_is_refused(
    kind: Kind, text: str, values: dict[str, Any] | list[dict[str, Any]]
) -> None:
    with pytest.raises(Unmergeable):
        edited(edit(kind, values), text)


PLAIN = st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=6), st.sampled_from(["// no", "/* */"]))
NAMES = st.sampled_from("abcd")
DOCUMENTS = st.dictionaries(
    NAMES,
    st.one_of(PLAIN, st.lists(PLAIN, max_size=2), st.dictionaries(NAMES, PLAIN, max_size=2)),
    max_size=3,
)
GAPS = st.lists(st.sampled_from(["", " ", "\n", "\n\t", ' // a, "b"\n', "/* ] */", "\r\n"]), min_size=1)


def spread(value: Any, gaps: list[str], at: int = 0) -> str:
    """JSON with what people put between its signs."""
    gap = gaps[at % len(gaps)]
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}{gap}:{gap}{spread(v, gaps, at + 1)}" for k, v in value.items()]
        return "{" + gap + f"{gap},{gap}".join(parts) + gap + ("," if parts and gap else "") + "}"
    if isinstance(value, list):
        parts = [spread(v, gaps, at + 1) for v in value]
        return "[" + gap + f",{gap}".join(parts) + gap + "]"
    return json.dumps(value, ensure_ascii=False)


@settings(max_examples=40, deadline=None)
@given(document=DOCUMENTS, gaps=GAPS, value=PLAIN)
def test_any_json_takes_new_members_at_any_depth(
    document: dict[str, Any], gaps: list[str], value: bool | int | str
) -> None:
    text = spread(document, gaps)
    nested = {key: {"new": value} for key, inner in document.items() if isinstance(inner, dict)}
    wanted = edit("json", {**nested, "new": value})
    after = edited(wanted, text)
    assert edited(wanted, after) == after
    # What was there is there, in its order, with what was between.
    rest = iter(after)
    assert all(sign in rest for sign in text if not sign.isspace())
