from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import DeltaDocument, Rope, plain

TEXT = "/message/content/parts/0"


def message(text: str = "", **members: Any) -> dict[str, Any]:
    return {"message": {"content": {"parts": [text]}, "metadata": {}, **members}}


def apply(*frames: Any, document: DeltaDocument | None = None) -> Any:
    document = document or DeltaDocument()
    for frame in frames:
        assert list(document.apply(copy.deepcopy(frame))) == []
    return plain(document.root)


def text_of(*frames: Any) -> str:
    root = apply({"p": "", "o": "add", "v": message()}, *frames)
    text: str = root["message"]["content"]["parts"][0]
    return text


@pytest.mark.parametrize(
    "frames",
    [
        [{"p": TEXT, "o": "append", "v": "Hello"}, {"p": TEXT, "o": "append", "v": " world"}],
        [{"p": TEXT, "o": "append", "v": "Hello"}, {"v": " world"}],
        [{"p": TEXT, "o": "append", "v": "Hello"}, {"o": "append", "v": " world"}],
        [{"p": TEXT, "o": "append", "v": "Hello"}, {"p": TEXT, "v": " world"}],
        [{"p": TEXT, "o": "append", "v": "Hello"}, {"c": 4}, {"v": " world"}],
        [{"p": "", "o": "patch", "v": [{"p": TEXT, "o": "append", "v": "Hello world"}]}],
        [{"o": "patch", "v": [{"p": TEXT, "o": "append", "v": "Hello"}]}, {"v": " world"}],
        [
            {"o": "patch", "v": [{"p": TEXT, "o": "append", "v": "Hello"}]},
            {"v": [{"p": TEXT, "o": "append", "v": " world"}]},
        ],
        [{"v": [{"p": TEXT, "o": "append", "v": "Hello"}]}, {"v": " world"}],
        [{"v": [{"p": TEXT, "o": "append", "v": "Hello"}, {"p": TEXT, "v": " "}]}, {"v": "world"}],
        [
            {"p": TEXT, "o": "append", "v": "Hello"},
            {"v": [{"p": "/message/status", "o": "replace", "v": "x"}]},
            {"p": TEXT, "o": "append", "v": " world"},
        ],
        [{"p": TEXT, "o": "replace", "v": "Hello world"}],
        [{"p": TEXT, "o": "append", "v": "Hello world!!"}, {"p": TEXT, "o": "truncate", "v": 11}],
        [{"p": "/message", "o": "replace", "v": message("Hello world")["message"]}],
        [
            {"p": "/message/content/parts", "o": "append", "v": ["x"]},
            {"p": TEXT, "o": "add", "v": "Hello world"},
        ],
    ],
)
def test_every_way_of_carrying_text_gives_the_same_text(frames: list[Any]) -> None:
    assert text_of(*frames) == "Hello world"


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        ({"p": "/message/status", "o": "add", "v": "x"}, {"status": "x"}),
        ({"p": "/message/status", "o": "replace", "v": "x"}, {"status": "x"}),
        ({"p": "/message/status", "o": "append", "v": "x"}, {"status": "x"}),
        ({"p": "/message/metadata", "o": "append", "v": {"b": 2}}, {"metadata": {"a": 1, "b": 2}}),
        ({"p": "/message/metadata/a", "o": "remove"}, {"metadata": {}}),
        ({"p": "/message/metadata/none", "o": "remove"}, {}),
        ({"p": "/message/list", "o": "append", "v": [3]}, {"list": [1, 2, 3]}),
        ({"p": "/message/list", "o": "append", "v": 3}, {"list": [1, 2, 3]}),
        ({"p": "/message/list/0", "o": "add", "v": 0}, {"list": [0, 1, 2]}),
        ({"p": "/message/list/2", "o": "add", "v": 3}, {"list": [1, 2, 3]}),
        ({"p": "/message/list/-", "o": "add", "v": 3}, {"list": [1, 2, 3]}),
        ({"p": "/message/list/0", "o": "replace", "v": 9}, {"list": [9, 2]}),
        ({"p": "/message/list/0", "o": "remove"}, {"list": [2]}),
        ({"p": "/message/list", "o": "truncate", "v": 1}, {"list": [1]}),
        ({"p": "/message/urls", "o": "append", "v": ["a", "b"]}, {"urls": ["a", "b"]}),
        ({"p": "/message/refs", "o": "append", "v": [{"t": 1}]}, {"refs": [{"t": 1}]}),
    ],
)
def test_operations(frame: dict[str, Any], wanted: dict[str, Any]) -> None:
    base = {"metadata": {"a": 1}, "list": [1, 2]}
    root = apply({"p": "", "o": "add", "v": {"message": base}}, frame)
    assert root["message"] == {"metadata": {"a": 1}, "list": [1, 2], **wanted}


def test_lists_of_strings_or_of_objects_without_a_path_are_values_and_no_batches() -> None:
    root = apply(
        {"p": "", "o": "add", "v": {"message": {"urls": [], "refs": []}}},
        {"p": "/message/urls", "o": "append", "v": ["a"]},
        {"v": ["b"]},
        {"p": "/message/refs", "o": "append", "v": [{"alt": "x"}]},
        {"v": [{"alt": "y"}]},
    )
    assert root["message"] == {"urls": ["a", "b"], "refs": [{"alt": "x"}, {"alt": "y"}]}


@pytest.mark.parametrize(
    "frame",
    [
        {"p": "", "o": "add", "v": message("second"), "c": 2},
        {"v": message("second"), "c": 2},
        {"o": "add", "v": message("second"), "c": 2},
        {"p": "", "o": "replace", "v": message("second"), "c": 2},
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        {"p": "", "o": "add", "v": message("first"), "c": 1},
        {"p": TEXT, "o": "append", "v": "x"},
        {"o": "patch", "v": [{"p": "/message/status", "o": "replace", "v": "done"}]},
        {"v": [{"p": "/message/metadata", "o": "append", "v": {"a": 1}}]},
    ],
)
def test_every_form_of_a_new_message_replaces_the_document(
    before: dict[str, Any], frame: dict[str, Any]
) -> None:
    document = DeltaDocument()
    root = apply({"p": "", "o": "add", "v": message("zero"), "c": 0}, before, frame, document=document)
    assert root == message("second")
    assert document.counter == 2
    more = apply({"p": TEXT, "o": "append", "v": "!"}, document=document)
    assert more["message"]["content"]["parts"] == ["second!"]


def test_a_frame_that_only_counts_changes_nothing() -> None:
    document = DeltaDocument()
    apply({"p": "", "o": "add", "v": message("a")}, {"c": 9}, {}, document=document)
    assert plain(document.root) == message("a")
    assert document.counter == 9


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ("text", "frame"),
        (None, "frame"),
        ({"p": TEXT, "o": "shuffle", "v": "x"}, "operation"),
        ({"p": "/message/status", "o": "shuffle", "v": "x"}, "operation"),
        ({"p": "", "o": "truncate", "v": 1}, "operation"),
        ({"o": "patch", "v": [{"o": "patch", "v": []}]}, "operation"),
        ({"p": "message", "o": "add", "v": 1}, "path"),
        ({"p": "/none/deeper", "o": "add", "v": 1}, "path"),
        ({"p": "/message/content/parts/7", "o": "add", "v": 1}, "path"),
        ({"p": "/message/content/parts/x", "o": "add", "v": 1}, "path"),
        ({"p": "/message/content/parts/0/deep/er", "o": "add", "v": 1}, "path"),
        ({"p": "/message/content/parts/1", "o": "remove"}, "path"),
        ({"p": "/a" * 50, "o": "add", "v": 1}, "path"),
        ({"p": TEXT, "o": "append", "v": {"a": 1}}, "value"),
        ({"p": "/message/metadata", "o": "append", "v": "x"}, "value"),
        ({"p": TEXT, "o": "truncate", "v": "x"}, "value"),
        ({"p": TEXT, "o": "truncate", "v": -1}, "value"),
        ({"p": "", "o": "patch", "v": "x"}, "value"),
        ({"p": "", "o": "patch", "v": ["x"]}, "frame"),
    ],
)
def test_what_cannot_be_applied_is_said_and_left_out(frame: Any, kind: str) -> None:
    document = DeltaDocument()
    apply({"p": "", "o": "add", "v": message("a")}, document=document)
    (fault,) = document.apply(frame)
    assert fault.kind == kind
    assert plain(document.root) == message("a")


def test_one_bad_element_of_a_batch_does_not_spoil_the_others() -> None:
    document = DeltaDocument()
    apply({"p": "", "o": "add", "v": message("a")}, document=document)
    batch = [{"p": TEXT, "o": "append", "v": "b"}, {"p": "/x/y", "o": "add", "v": 1}]
    faults = list(document.apply({"v": [*batch, {"p": TEXT, "o": "append", "v": "c"}]}))
    assert [fault.kind for fault in faults] == ["path"]
    assert plain(document.root) == message("abc")


def test_a_string_that_grows_is_never_joined_on_the_way() -> None:
    document = DeltaDocument()
    apply({"p": "", "o": "add", "v": message()}, {"p": TEXT, "o": "append", "v": "a"}, document=document)
    rope = document.root["message"]["content"]["parts"][0]
    assert isinstance(rope, Rope)
    pieces = [f"piece {number} " for number in range(20_000)]
    for piece in pieces:
        assert not list(document.apply({"v": piece}))
    assert document.root["message"]["content"]["parts"][0] is rope
    assert rope.pieces == ["a", *pieces]
    assert len(rope) == len(str(rope))


def test_a_document_that_outgrows_its_limit_is_a_violation() -> None:
    document = DeltaDocument(max_chars=1000)
    apply(
        {"p": "", "o": "add", "v": message()}, {"p": TEXT, "o": "append", "v": "x" * 900}, document=document
    )
    with pytest.raises(ProtocolViolation, match="1000 characters"):
        document.apply({"v": "x" * 200})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "p": st.sampled_from(
            ["", TEXT, "/message", "/message/metadata", "/message/content/parts", "/x/0", "x"]
        )
        | _JSON,
        "o": st.sampled_from(["add", "append", "replace", "remove", "truncate", "patch", "?"]) | _JSON,
        "v": _JSON
        | st.just(message("a"))
        | st.lists(st.fixed_dictionaries({"p": st.just(TEXT), "v": _JSON})),
        "c": _JSON,
    },
)


@given(st.lists(_FRAMES | _JSON, max_size=12))
def test_any_frames_give_a_document_and_faults_and_nothing_else(frames: list[Any]) -> None:
    document = DeltaDocument()
    for frame in frames:
        for fault in document.apply(copy.deepcopy(frame)):
            assert fault.kind in {"frame", "operation", "path", "value"}
    plain(document.root)
