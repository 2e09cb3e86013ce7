"""docs/clients.md is about the clients and the tests that there are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cdp_relay.cli.clients import CLIENTS
from tests.clients.matrix import COLUMNS, DOCUMENT, ROWS, cited_tests, documented, render
from tests.clients.programs import PROGRAMS

ROOT = Path(__file__).parents[2]


def test_the_document_is_what_would_be_written_with_the_same_results() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text == render({}, text), "run: launch/clients --write-clients"


def test_the_document_has_a_mark_for_each_client_and_column() -> None:
    found = documented(DOCUMENT.read_text("utf-8"))
    assert list(found) == [row.title for rows in ROWS.values() for row in rows]
    for title, marks in found.items():
        assert set(marks.values()) <= {"✓", "1", "2"}, title
        assert tuple(marks) == COLUMNS


@pytest.mark.parametrize("cited", sorted({name.partition("[")[0] for name in cited_tests()}))
def test_a_cell_names_a_test_that_there_is(cited: str) -> None:
    file, _, name = cited.partition("::")
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert name in {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_program_can_be_connected() -> None:
    assert {program.name for program in PROGRAMS} <= set(CLIENTS)


def test_a_cell_holds_only_when_all_of_its_tests_have_passed() -> None:
    tests = cited_tests()
    first = ROWS["agents"][0].title
    good = dict.fromkeys(tests, True)
    assert documented(render(good, ""))[first]["edit"] == "✓"
    one_bad = good | {next(test for test in tests if "edits_a_file[codex-gemini]" in test): False}
    assert documented(render(one_bad, ""))[first]["edit"] == "✗"
    assert documented(render({}, ""))[first]["edit"] == "?"
    assert documented(render({}, render(good, "")))[first]["edit"] == "✓"
