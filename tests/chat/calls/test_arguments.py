"""Arguments that models got nearly right are mended without loss; all others are faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdp_relay.chat.calls import CallProtocol, FaultKind
from cdp_relay.chat.vocabulary import Tool
from tests.chat.calls.kit import FENCE, NONCE, PROTOCOL, calls_of, faults_of, parse


def call(name: str, arguments: str, key: str = "arguments") -> str:
    return f'{FENCE}{{"name": "{name}", "{key}": {arguments}}}\n```'


def one(answer: str, tool: Tool | None = None) -> str:
    by = CallProtocol(NONCE, (tool,)) if tool is not None else PROTOCOL
    pieces = parse(answer, by=by)
    assert faults_of(pieces) == []
    [(_, arguments)] = calls_of(pieces)
    return arguments


STRICT = [
    '{"path": "a"}',
    '{"path":"a"}',
    '{ "path" : "\\u00e4\\n" , "limit":1 }',
    '{"path": "a", "limit": 1.0}',
]


@pytest.mark.parametrize("arguments", STRICT)
def test_arguments_that_fit_are_passed_on_as_they_were_written(arguments: str) -> None:
    assert one(call("read_file", arguments)) == arguments


SHAPES = {
    "tool": '{"tool": "read_file", "arguments": {"path": "a"}}',
    "tool_name and parameters": '{"tool_name": "read_file", "parameters": {"path": "a"}}',
    "function as a name": '{"function": "read_file", "params": {"path": "a"}}',
    "input": '{"name": "read_file", "input": {"path": "a"}}',
    "args": '{"name": "read_file", "args": {"path": "a"}}',
    "OpenAI's": r'{"type": "function", "function": {"name": "read_file", "arguments": "{\"path\": \"a\"}"}}',
    "OpenAI's message": '{"tool_calls": [{"function": {"name": "read_file", "arguments": {"path": "a"}}}]}',
    "Anthropic's": '{"type": "tool_use", "id": "1", "name": "read_file", "input": {"path": "a"}}',
    "arguments as text": r'{"name": "read_file", "arguments": "{\"path\": \"a\"}"}',
    "broken arguments as text": r'{"name": "read_file", "arguments": "{\"path\": \"a\",}"}',
    "the tool as the key": '{"read_file": {"path": "a"}}',
    "arguments beside the name": '{"name": "read_file", "path": "a"}',
    "a trailing comma": '{"name": "read_file", "arguments": {"path": "a",},}',
    "single quotes": "{'name': 'read_file', 'arguments': {'path': 'a'}}",
    "bare keys": '{name: "read_file", arguments: {path: "a"}}',
    "typographic quotes": "{“name”: “read_file”, “arguments”: {“path”: “a”}}",
    "a missing comma": '{"name": "read_file" "arguments": {"path": "a"}}',
    "two braces too few": '{"name": "read_file", "arguments": {"path": "a"',
    "null for nothing": '{"name": "read_file", "arguments": {"path": "a", "limit": null}}',
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_slips_of_models_are_understood(name: str) -> None:
    assert json.loads(one(f"{FENCE}{SHAPES[name]}\n```")) == {"path": "a"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"say "hi" to me"', 'say "hi" to me'),
        ('"a \\d+ b"', "a \\d+ b"),
        ('"it\\\'s"', "it's"),
        ('"line\nline "two""', 'line\nline "two"'),
        ('"\\ud83d\\ude00 "x""', '😀 "x"'),
        ('"half \\ud83d"', "half \ud83d"),
    ],
)
def test_slips_in_strings_are_mended(written: str, meant: str) -> None:
    arguments = one(call("anything", f'{{"text": {written}}}'))
    assert json.loads(arguments) == {"text": meant}
    arguments.encode()


UNSURE = {
    "a string that was cut": '{"text": "a',
    "words lost to triple quotes": '{"text": """a"""}',
    "backslashes meant in two ways": '{"text": "C:\\dir\\new"}',
    "a comment": '{"text": "a" /* why */}',
    "a line break lost at the end": '{"text": "print("a")\\n"}',
    "a key twice": '{"text": "a", "text": "b"}',
    "arguments twice": '{"text": "a"}, "arguments": {}',
    "not a number": '{"text": NaN}',
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_cannot_be_mended_without_a_guess_is_a_fault(name: str) -> None:
    pieces = parse(call("anything", UNSURE[name]))
    assert calls_of(pieces) == []
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.SYNTAX]


def test_a_repair_that_makes_up_an_argument_is_a_fault() -> None:
    tool = Tool(name="bash", parameters={"type": "object", "properties": {"command": {"type": "string"}}})
    pieces = parse(call("bash", '{"command": "a" "b": "c"}'), by=CallProtocol(NONCE, (tool,)))
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.SYNTAX]
    assert "'b'" in faults_of(pieces)[0].message


def test_what_is_too_long_to_be_repaired_is_said_to_be_so() -> None:
    long = "x" * 70_000
    pieces = parse(call("anything", f'{{"text": "{long}" "more": 1}}'), held_chars=10**9)
    [fault] = faults_of(pieces)
    assert fault.kind is FaultKind.SYNTAX
    assert "65536" in fault.message
    slip = parse(call("anything", f'{{"text": "{long} \\d", "more": True,}}'), held_chars=10**9)
    assert json.loads(calls_of(slip)[0][1]) == {"text": f"{long} \\d", "more": True}


NODE = {"type": "object", "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}}}

COERCED: list[tuple[Any, Any, Any]] = [
    # the schema of one argument, what the model wrote, what it becomes
    ({"type": "integer"}, "5", 5),
    ({"type": "integer"}, " -12 ", -12),
    ({"type": "integer"}, 5.0, 5.0),  # JSON Schema takes it for an integer already
    ({"type": "number"}, "1.50", 1.5),
    ({"type": "number"}, "3", 3),
    ({"type": "boolean"}, "True", True),
    ({"type": "string"}, 5, "5"),
    ({"type": "string"}, True, "true"),
    ({"type": "array", "items": {"type": "string"}}, "a", ["a"]),
    ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
    ({"type": "array", "items": {"type": "integer"}}, ["1", 2], [1, 2]),
    ({"type": "array", "items": {"type": "integer"}}, "7", [7]),
    ({"type": "array"}, {"a": 1}, [{"a": 1}]),
    ({"type": "object", "properties": {"a": {"type": "integer"}}}, '{"a": "1"}', {"a": 1}),
    ({"enum": ["high", "low"]}, "HIGH", "high"),
    ({"enum": [1, 2]}, "2", 2),
    ({"const": "x"}, "X", "x"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "5", 5),
    ({"type": ["integer", "null"]}, "5", 5),
    ({"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "boolean"}]}, "true", True),
    ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, "5", 5),
    ({"$ref": "#/$defs/Node"}, {"value": "1", "next": {"value": "2"}}, {"value": 1, "next": {"value": 2}}),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": "1"}, {"a": 1}),
]

KEPT: list[tuple[Any, Any]] = [
    ({"type": "integer"}, "5 apples"),
    ({"type": "integer"}, "0x10"),
    ({"type": "integer"}, "007"),
    ({"type": "integer"}, 5.5),
    ({"type": "integer"}, True),
    ({"type": "boolean"}, 1),
    ({"type": "boolean"}, "yes"),
    ({"type": "string"}, {"a": 1}),
    ({"type": "string"}, None),
    ({"type": "object"}, "[1]"),
    ({"type": "array", "items": {"type": "integer"}}, "a, b"),
    ({"enum": ["a", "A"]}, "ä"),
    ({"type": "string", "pattern": "^a$"}, "b"),
]


def with_argument(schema: Any) -> Tool:
    parameters = {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
        "$defs": {"Node": NODE},
    }
    return Tool(name="t", parameters=parameters)


@pytest.mark.parametrize(("schema", "written", "meant"), COERCED)
def test_values_get_the_type_that_is_wanted_without_loss(schema: Any, written: Any, meant: Any) -> None:
    arguments = one(call("t", json.dumps({"x": written})), with_argument(schema))
    assert json.loads(arguments) == {"x": meant}
    assert type(json.loads(arguments)["x"]) is type(meant)


@pytest.mark.parametrize(("schema", "written"), KEPT)
def test_no_value_is_bent(schema: Any, written: Any) -> None:
    pieces = parse(call("t", json.dumps({"x": written})), by=CallProtocol(NONCE, (with_argument(schema),)))
    assert calls_of(pieces) == []
    [fault] = faults_of(pieces)
    assert fault.kind is FaultKind.SCHEMA
    assert fault.message.startswith("The arguments of t do not fit its parameters: arguments.x")


BROKEN_SCHEMAS: list[Any] = [
    {"type": "objekt"},
    {"type": "object", "properties": []},
    {"type": "object", "properties": {"x": {"type": "string", "pattern": "("}}},
    {"type": "object", "properties": {"x": {"$ref": "#/nowhere"}}},
    {"type": "object", "properties": {"x": {"$ref": "https://example.invalid/schema.json"}}},
    {"$schema": "https://example.invalid/schema", "type": "object"},
    {"$schema": 5},
    {"$ref": "#"},
    {"anyOf": []},
]


@pytest.mark.parametrize("schema", BROKEN_SCHEMAS)
def test_a_schema_that_is_broken_itself_stops_no_call(schema: Any) -> None:
    assert one(call("t", '{"x": "1"}'), Tool(name="t", parameters=schema)) == '{"x": "1"}'


NAMES = [
    ("read_file", "read_file"),
    ("ReadFile", "read_file"),
    ("functions.read_file", "read_file"),
    ("function:read-file", "read_file"),
    ("tools/Read File", "read_file"),
    ("mcp__git__log", "mcp__git__log"),
    ("mcp.git.log", "mcp__git__log"),
]


@pytest.mark.parametrize(("written", "meant"), NAMES)
def test_a_name_that_can_mean_but_one_tool_is_understood(written: str, meant: str) -> None:
    assert [name for name, _ in calls_of(parse(call(written, '{"path": "a"}')))] == [meant]


@pytest.mark.parametrize("written", ["", "...", "readfiles", "file", "read"])
def test_another_name_is_no_tool(written: str) -> None:
    assert [fault.kind for fault in faults_of(parse(call(written, "{}")))] == [FaultKind.UNDECLARED]


def test_a_name_that_could_mean_two_tools_is_neither() -> None:
    both = CallProtocol(NONCE, (Tool(name="read_file"), Tool(name="readFile")))
    assert [name for name, _ in calls_of(parse(call("readFile", "{}"), by=both))] == ["readFile"]
    assert [fault.kind for fault in faults_of(parse(call("ReadFile", "{}"), by=both))] == [
        FaultKind.UNDECLARED
    ]
