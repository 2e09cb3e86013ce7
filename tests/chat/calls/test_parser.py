"""What of an answer is a call, what is text, and what is wrong with a call."""

from __future__ import annotations

import pytest

from cdp_relay.chat.calls import CallParser, FaultKind
from cdp_relay.chat.vocabulary import TextDelta, ToolCallArguments, ToolChoice, ToolMode
from tests.chat.calls.kit import FENCE, NONCE, calls_of, faults_of, parse, protocol, text_of

READ = '{"name": "read_file", "arguments": {"path": "a.py"}}'
DONE = [("read_file", '{"path": "a.py"}')]
LONG = "x" * 3000

CALLS: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    # name: the answer, its text, its calls
    "a call alone": (f"{FENCE}{READ}\n```", "", DONE),
    "a line break behind the fence": (f"{FENCE}{READ}\n```\n", "", DONE),
    "blank lines around it": (f"\n\n{FENCE}{READ}\n```\n\n \n", "", DONE),
    "text before": (f"I look.\n\n{FENCE}{READ}\n```\n", "I look.\n\n", DONE),
    "text behind": (f"{FENCE}{READ}\n```\n\nThat is it.\n", "\nThat is it.\n", DONE),
    "two calls": (f"{FENCE}{READ}\n```\n\n{FENCE}{READ}\n```\n", "", DONE * 2),
    "text between": (f"{FENCE}{READ}\n```\nand\n{FENCE}{READ}\n```\n", "and\n", DONE * 2),
    "no blank between": (f"{FENCE}{READ}\n```\n{FENCE}{READ}\n```", "", DONE * 2),
    "two calls in a fence": (f"{FENCE}{READ}\n{READ}\n```", "", DONE * 2),
    "two calls and a comma": (f"{FENCE}{READ},\n{READ}\n```", "", DONE * 2),
    "an array of calls": (f"{FENCE}[{READ}, {READ}]\n```", "", [("read_file", '{"path":"a.py"}')] * 2),
    "no closing fence": (f"{FENCE}{READ}", "", DONE),
    "no closing fence, and another": (f"{FENCE}{READ}\n{FENCE}{READ}", "", DONE * 2),
    "closed on the same line": (f"{FENCE}{READ}```\n", "", DONE),
    "all on one line": (f"```call_{NONCE} {READ}```", "", DONE),
    "tildes": (f"~~~call_{NONCE}\n{READ}\n~~~\n", "", DONE),
    "four backticks": (f"````call_{NONCE}\n{READ}\n````\n", "", DONE),
    "four, closed by three": (f"````call_{NONCE}\n{READ}\n```\nx", "x", DONE),
    "a blank before the info string": (f"``` call_{NONCE}\n{READ}\n```", "", DONE),
    "words behind the info string": (f"```call_{NONCE} read_file\n{READ}\n```", "", DONE),
    "upper case": (f"```CALL_{NONCE.upper()}\n{READ}\n```", "", DONE),
    "three spaces": (f"   ```call_{NONCE}\n   {READ}\n   ```\nx", "x", DONE),
    "in a list": (f"1. Look:\n\n   ```call_{NONCE}\n   {READ}\n   ```\n", "1. Look:\n\n", DONE),
    "deep in a list": (f"- a\n    - b\n\n      ```call_{NONCE}\n{READ}\n```\n", "- a\n    - b\n\n", DONE),
    "carriage returns": (f"Hm.\r\n```call_{NONCE}\r\n{READ}\r\n```\r\n", "Hm.\r\n", DONE),
    "pretty": (
        FENCE + '{\n  "name": "read_file",\n  "arguments": {\n    "path": "a.py"\n  }\n}\n```',
        "",
        [("read_file", '{\n    "path": "a.py"\n  }')],
    ),
    "fences in arguments": (
        FENCE + '{"name": "anything", "arguments": {"text": "```\\n```call_bcdfgh\\n{}```"}}\n```',
        "",
        [("anything", '{"text": "```\\n```call_bcdfgh\\n{}```"}')],
    ),
    "raw line breaks, and fences in them": (
        FENCE + '{"name": "anything", "arguments": {"text": "a\n```js\n\tx\n```\nb"}}\n```',
        "",
        [("anything", '{"text": "a\\n```js\\n\\tx\\n```\\nb"}')],
    ),
    "the name last": (
        FENCE + '{"arguments": {"path": "b"}, "name": "read_file"}\n```',
        "",
        [("read_file", '{"path": "b"}')],
    ),
    "an id": (
        FENCE + '{"id": "1", "type": "function", "name": "read_file", "arguments": {"path": "b"}}',
        "",
        [("read_file", '{"path": "b"}')],
    ),
    "a brace too few": (f"{FENCE}{READ[:-1]}\n```\nx", "x", DONE),
    "a brace too few at the end": (f"{FENCE}{READ[:-1]}", "", DONE),
    "a brace too many": (f"{FENCE}{READ}}}\n```\nx", "x", DONE),
    "a semicolon": (f"{FENCE}{READ};\n```\nx", "x", DONE),
    "plain text for a tool": (
        FENCE + '{"name": "apply_patch", "input": "*** Begin\\n-\\u00e4 \\ud83d\\ude00\\n"}\n```',
        "",
        [("apply_patch", "*** Begin\n-ä 😀\n")],
    ),
    "plain text, put as an argument": (
        FENCE + '{"name": "apply_patch", "arguments": {"patch": "x"}}\n```',
        "",
        [("apply_patch", "x")],
    ),
    "plain text that is empty": (
        FENCE + '{"name": "apply_patch", "input": ""}\n```',
        "",
        [("apply_patch", "")],
    ),
    "no arguments": (FENCE + '{"name": "mcp__git__log"}\n```', "", [("mcp__git__log", "{}")]),
    "a call after a code block": (f"```py\nx\n```\n{FENCE}{READ}\n```", "```py\nx\n```\n", DONE),
    "a call after inline code": (f"```a```\n{FENCE}{READ}\n```", "```a```\n", DONE),
    "a call after a block with another in it": (
        f"```txt\n{FENCE}```\n{FENCE}{READ}\n```",
        f"```txt\n{FENCE}```\n",
        DONE,
    ),
    "a call after blocks in a README": (
        f"```md\n# T\n```sh\nnpm i\n```\nend\n```\n{FENCE}{READ}\n```",
        "```md\n# T\n```sh\nnpm i\n```\nend\n```\n",
        DONE,
    ),
}

TEXTS = {
    "nothing": "",
    "white space": " \n\n",
    "words": "Just words.\n",
    "a fence without the nonce": f"```call\n{READ}\n```\n and more than two hundred characters follow "
    + "x" * 200,
    "another nonce": f"```call_zzzzzz\n{READ}\n```\n" + "x" * 201,
    "a longer nonce": f"```call_{NONCE}x\nhello\n```\n",
    "inline code": f"Write `call_{NONCE}` and ``call_{NONCE}``, or ```call_{NONCE}```.\n",
    "inline code at the line's start": f"```call_{NONCE}``` is the info string.\n",
    "the nonce in prose": f"It is call_{NONCE}.\ncall_{NONCE}\n",
    "not at the line's start": f"So: ```call_{NONCE}\nno\n",
    "indented code": f"Like this:\n\n    ```call_{NONCE}\n    hm\n    ```\n",
    "quoted": f"> ```call_{NONCE}\n> hm\n> ```\n",
    "in a longer block": f"````md\n{FENCE}{READ}\n```\n````\nThat is how.{'x' * 200}",
    "in a block of its own kind": f"```txt\n{FENCE}{READ}\n```\nThat is how.{'x' * 200}",
    "in a block of tildes": f"~~~\n{FENCE}{READ}\n```\n~~~\nThat is how.{'x' * 200}",
    "a result in a block": f'```\n<result_{NONCE} tool="x">\n```\n',
    "a result in a line": f"The tag <result_{NONCE}> ends it.\n",
    "tags": "<res\n<result>\n<resultant_>\n<div>\n",
    "two backticks": "``\n`\n``` \n```\n",
    "no line break at the end": "``",
    "a fence at the end": "```",
    "the beginning of a marker": "```call_bcd",
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_found_and_the_text_around_them_is_kept(name: str) -> None:
    answer, text, calls = CALLS[name]
    pieces = parse(answer)
    assert faults_of(pieces) == []
    assert (text_of(pieces), calls_of(pieces)) == (text, calls)


@pytest.mark.parametrize("name", TEXTS)
def test_what_only_looks_like_a_call_is_text(name: str) -> None:
    answer = TEXTS[name]
    assert parse(answer) == ([TextDelta(answer)] if answer else [])


@pytest.mark.parametrize("held_chars", [0, 20, 2048])
@pytest.mark.parametrize("name", [*CALLS, *TEXTS])
def test_no_cut_changes_what_comes_out(name: str, held_chars: int) -> None:
    answer = CALLS[name][0] if name in CALLS else TEXTS[name]
    whole = parse(answer, held_chars=held_chars)
    assert parse(answer, range(len(answer)), held_chars=held_chars) == whole
    for cut in range(0 if held_chars == 20 else len(answer), len(answer)):
        assert parse(answer, [cut], held_chars=held_chars) == whole


FAULTS: dict[str, tuple[str, FaultKind, str]] = {
    # name: what stands in the fence, the fault, what the model is told of
    "no such tool": ('{"name": "delete_file", "arguments": {}}', FaultKind.UNDECLARED, "delete_file"),
    "no name": ('{"arguments": {"path": "x"}}', FaultKind.SYNTAX, '"name"'),
    "no object": ("[1]", FaultKind.SYNTAX, "name"),
    "an empty list": ("[]", FaultKind.SYNTAX, "no call"),
    "nothing": ("", FaultKind.SYNTAX, "empty"),
    "words": ("read a.py, please", FaultKind.SYNTAX, "JSON"),
    "a missing argument": (
        '{"name": "read_file", "arguments": {}}',
        FaultKind.SCHEMA,
        "'path' is a required",
    ),
    "a wrong type": (
        '{"name": "read_file", "arguments": {"path": "x", "limit": "many"}}',
        FaultKind.SCHEMA,
        "arguments.limit: 'many' is not of type 'integer'",
    ),
    "an unknown argument": (
        '{"name": "read_file", "arguments": {"path": "x", "colour": 1}}',
        FaultKind.SCHEMA,
        "colour",
    ),
    "no object of arguments": (
        '{"name": "read_file", "arguments": [1]}',
        FaultKind.SCHEMA,
        "[1] is no object",
    ),
    "no text for a tool of text": ('{"name": "apply_patch", "input": 5}', FaultKind.SCHEMA, "plain text"),
    "a comment": ('{"name": "read_file", /* this */ "arguments": {"path": "x"}}', FaultKind.SYNTAX, "JSON"),
    "prose behind the JSON": (f"{READ}\nNow I wait.", FaultKind.SYNTAX, "JSON"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_call_that_cannot_be_passed_on_is_a_fault(name: str) -> None:
    body, kind, told = FAULTS[name]
    pieces = parse(f"Hm.\n{FENCE}{body}\n```\n")
    [fault] = faults_of(pieces)
    assert (fault.kind, fault.began) == (kind, False)
    assert told in fault.message
    assert fault.raw.strip() == body
    assert text_of(pieces) == "Hm.\n"
    assert calls_of(pieces) == []
    answer = f"Hm.\n{FENCE}{body}\n```\n"
    assert parse(answer, range(len(answer))) == pieces


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "read_file", "arguments": {"path": "a',
        '{"name": "rea',
        '{"name": "read_file", "arguments": {',
        "{",
        "",
    ],
)
def test_a_call_that_the_answer_ends_in_is_no_call(body: str) -> None:
    pieces = parse(FENCE + body)
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.SYNTAX]
    assert calls_of(pieces) == []


def test_a_string_that_is_never_closed_does_not_swallow_the_next_call() -> None:
    pieces = parse(f'{FENCE}{{"name": "read_file", "arguments": {{"path": "a\n{FENCE}{READ}\n```\n')
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.SYNTAX]
    assert calls_of(pieces) == DONE


def test_a_broken_call_ends_at_its_last_closing_fence() -> None:
    body = '{"name": "anything", "arguments": {"text": "say "hi"\n```sh\nls\n```\nbye"}}'
    pieces = parse(f"{FENCE}{body}\n```\nAnd so on.\n{FENCE}{READ}\n```\n")
    assert calls_of(pieces) == [("anything", '{"text":"say \\"hi\\"\\n```sh\\nls\\n```\\nbye"}'), *DONE]
    assert text_of(pieces) == "And so on.\n"


def test_a_good_call_beside_a_bad_one_is_passed_on() -> None:
    pieces = parse(
        f'{FENCE}{READ}\n```\n{FENCE}{{"name": "nope", "arguments": {{}}}}\n```\n{FENCE}{READ}\n```'
    )
    assert calls_of(pieces) == DONE * 2
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.UNDECLARED]


# --- while it streams ------------------------------------------------------------------------------


def stream(text: str, held_chars: int = 2048) -> CallParser:
    parser = CallParser(protocol(), lambda: "id", held_chars)
    parser.feed(text)
    return parser


def test_text_goes_out_as_soon_as_it_can_be_no_fence() -> None:
    parser = stream("")
    assert parser.feed("Hello") == [TextDelta("Hello")]
    assert parser.feed(", you\n`") == [TextDelta(", you\n")]
    assert parser.feed("``") == []
    assert parser.feed("py") == [TextDelta("```py")]
    assert parser.feed("\nx\n```\n```call_bcdfg") == [TextDelta("\nx\n```\n")]
    assert parser.feed("!") == [TextDelta("```call_bcdfg!")]


def test_a_small_call_comes_when_it_is_whole_and_a_large_one_as_it_grows() -> None:
    small = stream(FENCE + '{"name": "write_file", "arguments": {"path": "a", "content": "b')
    assert small.feed('"}}') == []
    assert [type(piece).__name__ for piece in small.feed("\n```")] == []
    assert [type(piece).__name__ for piece in small.feed("\n")] == [
        "ToolCallBegan",
        "ToolCallArguments",
        "ToolCallEnded",
    ]
    large = stream(FENCE + '{"name": "write_file", "arguments": {"path": "a", "content": "b', held_chars=30)
    began, first = large.feed("cccc")
    assert (type(began).__name__, first) == (
        "ToolCallBegan",
        ToolCallArguments(0, '{"path": "a", "content": "bcccc'),
    )
    assert large.feed("dddd\n") == [ToolCallArguments(0, "dddd\\n")]
    assert calls_of(merged_from(large, 'e"}}\n```\n', [began, first, ToolCallArguments(0, "dddd\\n")])) == [
        ("write_file", '{"path": "a", "content": "bccccdddd\\ne"}')
    ]


def merged_from(parser: CallParser, rest: str, before: list) -> list:  # type: ignore[type-arg]
    return [*before, *parser.feed(rest), *parser.close()]


def test_arguments_wait_for_the_name() -> None:
    parser = stream(FENCE + '{"arguments": {"path": "a", "content": "', held_chars=30)
    assert parser.feed(LONG) == []
    assert parser.feed('"}') == []
    assert [type(piece).__name__ for piece in parser.feed(', "name": "write_file"')] == [
        "ToolCallBegan",
        "ToolCallArguments",
    ]


def test_a_long_call_of_an_unknown_tool_never_begins() -> None:
    pieces = parse(FENCE + '{"name": "nope", "arguments": {"content": "' + LONG + '"}}\n```', held_chars=30)
    assert [fault.began for fault in faults_of(pieces)] == [False]
    assert len(pieces) == 1


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ('{"content": "LONG"}', FaultKind.SCHEMA),
        ('{"path": "a", "content": "LONG" oh}', FaultKind.SYNTAX),
        ('{"path": "a", "content": "LONG \\d"}', FaultKind.SYNTAX),
        ('{"path": 5, "content": "LONG"}', FaultKind.SCHEMA),
    ],
)
def test_what_is_wrong_behind_the_part_that_was_passed_on_is_said(arguments: str, kind: FaultKind) -> None:
    answer = FENCE + '{"name": "write_file", "arguments": ' + arguments.replace("LONG", LONG) + "}\n```"
    pieces = parse(answer)
    assert [(fault.kind, fault.began) for fault in faults_of(pieces)] == [(kind, True)]
    assert parse(answer, range(0, len(answer), 7)) == pieces
    held = parse(answer, held_chars=10**9)
    assert all(not fault.began for fault in faults_of(held))


def test_plain_text_that_breaks_off_in_a_bad_escape_is_no_call() -> None:
    answer = f'{FENCE}{{"name": "apply_patch", "input": "{LONG} \\d {LONG}"}}\n```'
    pieces = parse(answer)
    assert [(fault.kind, fault.began) for fault in faults_of(pieces)] == [(FaultKind.SYNTAX, True)]
    assert calls_of(parse(answer, held_chars=10**9)) == [("apply_patch", f"{LONG} \\d {LONG}")]


def test_plain_text_streams_as_text() -> None:
    parser = stream(FENCE + '{"name": "apply_patch", "input": "' + "a\\n" * 40, held_chars=10)
    assert parser.feed("\\u00e4\\ud83d") == [ToolCallArguments(0, "ä")]
    assert parser.feed("\\ude00\\") == [ToolCallArguments(0, "😀")]
    assert parser.feed("n") == [ToolCallArguments(0, "\n")]


# --- what ends an answer ---------------------------------------------------------------------------


def has_ended(parser: CallParser) -> bool:
    return parser.ended


@pytest.mark.parametrize(
    "before", ["", "Now:\n", f"{FENCE}{READ}\n```\n", f"{FENCE}{READ}\n", f'{FENCE}{{"a": "\n']
)
def test_a_result_that_the_model_writes_itself_ends_the_answer(before: str) -> None:
    parser = CallParser(protocol(), lambda: "id")
    kept = parser.feed(before)
    assert not has_ended(parser)
    kept += parser.feed(f'  <result_{NONCE} tool="read_file">\nprint(1)\n')
    assert has_ended(parser)
    assert parser.feed("more") == []
    kept += parser.close()
    assert "print(1)" not in text_of(kept)
    assert text_of(kept) == ("Now:\n" if before.startswith("Now") else "")
    assert len(calls_of(kept)) == (READ in before)


def test_after_the_one_call_that_is_allowed_the_answer_has_ended() -> None:
    one = protocol(ToolChoice(parallel=False))
    parser = CallParser(one, lambda: "id")
    assert len(parser.feed(f"{FENCE}{READ}\n```\n")) == 3
    assert parser.ended
    for answer in (
        f"{FENCE}{READ}\n```\n{FENCE}{READ}\n```",
        f"{FENCE}[{READ},{READ}]\n```",
        f'{FENCE}[{READ},{{"name": "nope"}}]\n```',
        f"{FENCE}{READ}\n{{oh",
        f"{FENCE}{READ}\n{READ}",
    ):
        assert len(calls_of(parse(answer, by=one))) == 1
        assert faults_of(parse(answer, by=one)) == []
        assert parse(answer, by=one) == parse(answer, range(len(answer)), by=one)


# --- choices, and what is missing ------------------------------------------------------------------


def test_a_tool_that_the_choice_leaves_out_is_not_called() -> None:
    only = protocol(ToolChoice(names=("write_file",)))
    [fault] = faults_of(parse(f"{FENCE}{READ}\n```", by=only))
    assert fault.kind is FaultKind.NOT_ALLOWED
    assert "write_file" in fault.message


@pytest.mark.parametrize("answer", ["", "No.", f"```md\n{FENCE}```\n" + "x" * 300])
def test_a_call_that_had_to_come_is_missed(answer: str) -> None:
    must = protocol(ToolChoice(mode=ToolMode.REQUIRED))
    pieces = parse(answer, by=must)
    assert [fault.kind for fault in faults_of(pieces)] == [FaultKind.MISSING]
    assert text_of(pieces) == answer


def test_a_call_or_its_fault_is_not_missed() -> None:
    must = protocol(ToolChoice(mode=ToolMode.REQUIRED))
    assert faults_of(parse(f"{FENCE}{READ}\n```", by=must)) == []
    assert len(faults_of(parse(f"{FENCE}nothing\n```", by=must))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        f"```json\n{READ}\n```",
        f"```tool_call\n{READ}\n```\n\nI wait for the result.",
        f"```call\n{READ}",
        f"Now:\n```\n[{READ}]\n```\n",
        "```json\n{'tool': 'ReadFile', 'parameters': {'path': 'a.py'}}\n```",
        f"<tool_call>\n{READ}\n</tool_call>",
        '<tool_call name="read_file" call="1">\n{"path": "a.py"}\n</tool_call>',
        '<function_calls>\n<invoke name="read_file">\n</invoke></function_calls>\n',
        READ,
        f"````md\n{FENCE}{READ}\n```\n````",
    ],
)
def test_a_call_in_another_form_is_noticed_at_the_end(answer: str) -> None:
    pieces = parse(answer)
    assert text_of(pieces) == answer
    [fault] = faults_of(pieces)
    assert fault.kind is FaultKind.FORMAT
    assert f"call_{NONCE}" in fault.message
    assert fault.raw in answer


@pytest.mark.parametrize(
    "answer",
    [
        '```json\n{"name": "somebody", "arguments": {}}\n```',
        '```json\n{"name": "read_file"}\n```',
        f"```json\n{READ}\n```\nThis is what a call looks like to other programs. " + "It goes on. " * 20,
        f"{FENCE}{READ}\n```\n```json\n{READ}\n```",
        "<tool_call>\nno\n</tool_call>",
        "I use read_file with arguments.",
    ],
)
def test_what_is_hardly_meant_as_a_call_is_left_alone(answer: str) -> None:
    assert faults_of(parse(answer)) == []
