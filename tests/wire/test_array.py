from __future__ import annotations

import json
import time
from contextlib import suppress
from itertools import chain, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import ArrayItem, GrowingArray, decode_sparse

BODY = (
    b')]}\'\n\n[[ [1,[",]\\"\\\\",{"a":[2]}]] ,"\\"]]",3.5,\n'
    + '["é😀"],'.encode()
    + b',{"b":",]"}],null,[],[8,"no",],4] trailing [[1]]'
)
ITEMS = [
    ArrayItem((0, 0), b'[1,[",]\\"\\\\",{"a":[2]}]]'),
    ArrayItem((0, 1), b'"\\"]]"'),
    ArrayItem((0, 2), b"3.5"),
    ArrayItem((0, 3), '["é😀"]'.encode()),
    ArrayItem((0, 5), b'{"b":",]"}'),
    ArrayItem((3, 0), b"8"),
    ArrayItem((3, 1), b'"no"'),
]


def items(*chunks: bytes, depth: int = 2) -> list[ArrayItem]:
    array = GrowingArray(depth)
    return [item for chunk in chunks for item in array.feed(chunk)]


def test_elements_come_with_their_places() -> None:
    assert items(BODY) == ITEMS
    assert items(b"[1,,[2]]", depth=1) == [ArrayItem((0,), b"1"), ArrayItem((2,), b"[2]")]


def test_an_element_comes_as_soon_as_it_is_complete() -> None:
    array = GrowingArray()
    steps: list[tuple[bytes, list[ArrayItem], bool]] = [
        (b" [[[1", [], False),
        (b"]", [ArrayItem((0, 0), b"[1]")], False),
        # Only what follows says that a number is whole.
        (b",2", [], False),
        (b",[", [ArrayItem((0, 1), b"2")], False),
        (b"]]", [ArrayItem((0, 2), b"[]")], False),
        (b"]", [], True),
        (b"[[3]]", [], True),
    ]
    for chunk, complete, closed in steps:
        assert list(array.feed(chunk)) == complete
        assert array.closed == closed


@given(st.sets(st.integers(0, len(BODY)), max_size=40))
def test_elements_do_not_depend_on_how_the_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    assert items(*(BODY[a:b] for a, b in pairwise(edges))) == ITEMS


def test_elements_do_not_depend_on_the_cut_at_any_byte() -> None:
    assert items(*(BODY[at : at + 1] for at in range(len(BODY)))) == ITEMS


_JSON = st.recursive(
    st.none() | st.integers(-9, 99) | st.text('[]{},"\\é😀', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("]a", max_size=2), inner, max_size=2),
    max_leaves=6,
)


@given(st.lists(st.lists(_JSON, max_size=4), max_size=3), st.booleans(), st.integers(1, 40))
def test_any_array_comes_out_element_by_element(value: list[list[Any]], pretty: bool, size: int) -> None:
    text = json.dumps(value, ensure_ascii=pretty, indent=1 if pretty else None).encode()
    found = items(*(text[at : at + size] for at in range(0, len(text), size)))
    assert [item.path for item in found] == [
        (row, place) for row, inner in enumerate(value) for place in range(len(inner))
    ]
    assert [json.loads(item.text) for item in found] == list(chain(*value))


@given(st.lists(st.binary(max_size=60) | st.text('[]{},"\\1', max_size=60).map(str.encode), max_size=8))
def test_any_bytes_give_elements_that_do_not_depend_on_cuts(chunks: list[bytes]) -> None:
    assert items(*chunks) == items(b"".join(chunks))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (b'[[1,[[1,"a]"],[2,"b]', ArrayItem((0, 1), b'[[1,"a]"]]')),
        (b'[[{"a":[[1]],"b":[2', ArrayItem((0, 0), b'{"a":[[1]]}')),
        (b"[[[[1", None),
        (b"[[1],[2], 3", None),
        (b"[[[1]]]", None),
        (b"", None),
    ],
)
def test_of_an_element_that_was_cut_off_what_is_whole_remains(text: bytes, rest: ArrayItem | None) -> None:
    for size in (1, 3, 100):
        array = GrowingArray()
        for at in range(0, len(text), size):
            list(array.feed(text[at : at + size]))
        assert array.close() == rest
        assert array.close() is None


@given(st.lists(st.lists(_JSON, max_size=3), max_size=2), st.integers(0, 200))
def test_what_remains_of_any_array_is_json(value: list[Any], cut: int) -> None:
    array = GrowingArray()
    list(array.feed(json.dumps([value]).encode()[:cut]))
    rest = array.close()
    assert rest is None or json.loads(rest.text)


def test_an_element_that_never_ends_is_a_violation() -> None:
    array = GrowingArray(max_item_bytes=100)
    list(array.feed(b'[["' + b"x" * 90))
    with pytest.raises(ProtocolViolation, match="100 bytes"):
        list(array.feed(b"x" * 90))


def test_time_is_linear_in_the_bytes_however_they_were_cut() -> None:
    body = b'[["' + b'\\"[,' * 200_000 + b'"]]'
    started = time.process_time()
    (whole,) = items(body)
    pieces = items(*(body[at : at + 16] for at in range(0, len(body), 16)))
    assert pieces == [whole]
    assert len(whole.text) == len(body) - 4
    assert time.process_time() - started < 10  # 0.1 s on an idle machine; quadratic time takes minutes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[,[7,"no"]]', [None, [7, "no"]]),
        ("[,,1, ,2]", [None, None, 1, None, 2]),
        ("[1,]", [1]),
        ('["[,,]",",\\",,"]', ["[,,]", ',",,']),
        ('{"a":[,1,],}', {"a": [None, 1]}),
        ('["\\ud83d",,]', ["\ud83d", None]),
        ("[1,null]", [1, None]),
        ("[]", []),
    ],
)
def test_what_is_left_out_is_null(text: str, value: Any) -> None:
    assert decode_sparse(text.encode()) == value


@pytest.mark.parametrize("text", ["", "[1", "<html>", "[1 2]", "[" * 100_000, "[," * 5000])
def test_what_is_no_array_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_sparse(text.encode())


@given(st.binary(max_size=80) | st.text('[]{},"\\1 ', max_size=80).map(str.encode))
def test_anything_is_a_document_or_a_value_error(text: bytes) -> None:
    with suppress(ValueError):
        decode_sparse(text)
