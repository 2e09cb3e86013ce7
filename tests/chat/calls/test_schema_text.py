"""A tool's schema as the model reads it: short, and with nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.chat.calls.schema_text import render_schema, render_tool
from cdp_relay.chat.vocabulary import Tool

# What one property looks like, and how it is written down behind its name.
PROPERTIES: list[tuple[Any, str]] = [
    ({"type": "string"}, "string"),
    ({"type": "integer", "description": "How many"}, "integer // How many"),
    ({"type": "number", "minimum": 0, "exclusiveMaximum": 1.5}, "number // min 0; < 1.5"),
    ({"type": "string", "minLength": 1, "pattern": "^a\\d"}, "string // min length 1; pattern ^a\\d"),
    ({"type": "string", "format": "uri", "default": "x"}, 'string // format uri; default "x"'),
    ({"type": "boolean", "default": False, "description": "Raw"}, "boolean // Raw; default false"),
    ({"type": "integer", "multipleOf": 5, "examples": [5]}, "integer // multiple of 5; examples [5]"),
    ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
    ({"type": "string", "enum": ["a", "b"]}, '"a" | "b"'),
    ({"const": {"a": 1}}, '{"a":1}'),
    ({"type": ["string", "null"]}, "string | null"),
    ({"type": "string", "nullable": True}, "string | null"),
    ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "string[] // min items 1"),
    ({"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True}, '("a" | "b")[] // unique items'),
    ({"type": "array", "items": {"type": "string", "description": "A path"}}, "(string /* A path */)[]"),
    ({"type": "array"}, "any[]"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "integer[][]"),
    ({"type": "array", "prefixItems": [{"type": "string"}, {}], "items": False}, "[string, any]"),
    ({"type": "array", "items": [{"type": "string"}]}, "[string, ...any[]]"),
    ({"type": "object"}, "object"),
    ({"type": "object", "properties": {}, "additionalProperties": False}, "{}"),
    ({"type": "object", "additionalProperties": {"type": "string"}}, "{ [key: string]: string }"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
    ({"oneOf": [{"const": "a", "description": "One"}, {"const": "b"}]}, '"a" /* One */ | "b"'),
    ({"anyOf": [{"type": "string"}]}, "string"),
    ({"allOf": [{"type": "string"}, {"minLength": 1}]}, "string & (any /* min length 1 */)"),
    ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "{\n    a: string\n  }"),
    ({}, "any"),
    (True, "any"),
    (False, "never"),
    ({"type": "string", "deprecated": True, "readOnly": False}, "string // deprecated"),
    # What the form has no words for.
    ({"not": {"type": "string"}}, 'any // JSON Schema: {"not":{"type":"string"}}'),
    ({"type": "object", "propertyNames": {"a": 1}}, 'object // JSON Schema: {"propertyNames":{"a":1}}'),
    ({"type": "string", "x-a": "b", "x-hint": 1}, 'string // JSON Schema: {"x-a":"b","x-hint":1}'),
    ({"type": "strange"}, 'any // JSON Schema: {"type":"strange"}'),
    ({"$ref": "https://example.invalid/x"}, 'any // JSON Schema: {"$ref":"https://example.invalid/x"}'),
    ([1], "any // JSON Schema: [1]"),
    ({"type": "array", "contains": {"const": "a"}}, 'any[] // JSON Schema: {"contains":{"const":"a"}}'),
    # Noise.
    ({"type": "string", "title": "Path", "$comment": "x"}, "string"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "written"), PROPERTIES)
def test_a_property_is_written_as_a_type(schema: Any, written: str) -> None:
    whole = {"type": "object", "properties": {"x": schema}, "required": ["x"], "additionalProperties": False}
    assert render_schema(whole) == "{\n  x: " + written + "\n}"


def test_a_tool_is_a_section() -> None:
    tool = Tool(
        name="edit",
        description="Edit a file.\n\n```\n{ }\n```\n",
        parameters={
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Absolute"},
                "edits": {
                    "type": "array",
                    "description": "In order.\nEach\n  once.",
                    "items": {
                        "type": "object",
                        "properties": {"old": {"type": "string"}, "new text": {"type": "string"}},
                        "required": ["old"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["path", "gone"],
            "additionalProperties": False,
        },
    )
    assert render_tool(tool) == (
        "### edit\n"
        "Edit a file.\n\n```\n{ }\n```\n"
        "arguments: {\n"
        "  path: string // Absolute\n"
        "  // In order.\n"
        "  // Each\n"
        "  //   once.\n"
        "  edits?: {\n"
        "    old: string\n"
        '    "new text"?: string\n'
        "  }[]\n"
        '} // JSON Schema: {"required":["gone"]}'
    )
    assert render_tool(Tool(name="none")) == "### none\narguments: {}"
    assert render_tool(Tool(name="patch", freeform=True)) == "### patch\ninput: plain text"


def test_types_that_are_referred_to_stand_below_and_may_hold_themselves() -> None:
    schema = {
        "type": "object",
        "properties": {
            "root": {"$ref": "#/$defs/Node", "description": "The root"},
            "b": {"$ref": "#/properties/root"},
        },
        "$defs": {
            "Node": {
                "type": "object",
                "description": "A node",
                "properties": {"next": {"$ref": "#/$defs/Node"}, "all": {"$ref": "#"}},
            },
            "unused": {"type": "string"},
        },
    }
    text = render_schema(schema)
    assert "  root?: Node // The root\n" in text
    assert "// A node\ntype Node = {\n  next?: Node\n  all?: Arguments\n}" in text
    assert "type root = Node // The root" in text or "type root = Node" in text
    assert text.count("type Node = ") == 1


def test_definitions_are_given_whole_when_something_refers_to_them_strangely() -> None:
    text = render_schema(
        {"properties": {"a": {"$ref": "#node"}}, "$defs": {"n": {"$anchor": "node", "minimum": 7}}}
    )
    assert '{"$ref":"#node"}' in text
    assert '"minimum":7' in text


def leaves(value: Any) -> Iterator[str]:
    """All that a schema says, but for what is known to be noise or is said by the form itself."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("description", "pattern", "format") and isinstance(one, str):
                yield from one.split()
            elif key == "properties" and isinstance(one, dict):
                yield from one
                yield from leaves(list(one.values()))
            elif isinstance(one, dict) or key not in ("type", "title", "required"):
                yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif not isinstance(value, bool):
        yield json.dumps(value, ensure_ascii=False).strip('"')


WORDS = st.text("abcdefgh", min_size=3, max_size=6)
SAID = {"description": WORDS}
PLAIN = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"description": WORDS, "pattern": WORDS, "minLength": st.integers(10, 99)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("integer")},
        optional={"minimum": st.integers(100, 999), "default": st.integers(100, 999)},
    ),
    st.fixed_dictionaries({"enum": st.lists(WORDS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": WORDS}, optional={"description": WORDS}),
    st.fixed_dictionaries({"x-strange": WORDS}),
)
SCHEMAS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional=SAID),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}, optional=SAID),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(WORDS, inner, max_size=3)},
            optional=SAID | {"additionalProperties": inner, "dependentSchemas": inner},
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@given(SCHEMAS)
@settings(max_examples=50, deadline=None)
def test_nothing_that_a_schema_says_is_lost(schema: Any) -> None:
    text = render_schema(schema)
    assert [leaf for leaf in leaves(schema) if leaf not in text] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "enum",
                    "anyOf",
                    "allOf",
                    "$ref",
                    "required",
                    "description",
                    "const",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=50, deadline=None)
def test_no_schema_is_too_broken_to_be_written_down(schema: Any) -> None:
    assert isinstance(render_schema(schema), str)


def test_a_very_deep_schema_ends_as_json() -> None:
    schema: Any = {"type": "string", "description": "the bottom"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    assert "the bottom" in render_schema(schema)


def test_tools_as_agents_send_them_get_shorter() -> None:
    todo = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "todos": {
                "description": "The updated todo list",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "content": {"type": "string", "minLength": 1},
                        "status": {"type": "string", "enum": ["pending", "in_progress", "completed"]},
                        "priority": {"type": ["string", "null"], "enum": ["high", "low", None]},
                    },
                    "required": ["content", "status", "priority"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["todos"],
        "additionalProperties": False,
    }
    text = render_schema(todo)
    assert 'status: "pending" | "in_progress" | "completed"' in text
    assert len(text) < len(json.dumps(todo)) / 2
