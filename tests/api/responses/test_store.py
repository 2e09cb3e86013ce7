"""The answers that are kept."""

from __future__ import annotations

from cdp_relay.api.responses.store import ResponseStore, StoredResponse


def answer(name: str, *items: str, size: int = 10) -> StoredResponse:
    return StoredResponse(
        id=name,
        body=b"x" * size,
        items=tuple({"id": item, "of": name} for item in items),
        output=({"id": f"out_{name}"},),
    )


def test_the_oldest_go_first_by_count_and_by_bytes() -> None:
    by_count, by_bytes = ResponseStore(2, 1000), ResponseStore(100, 25)
    for store in (by_count, by_bytes):
        for name in ("a", "b", "c"):
            store.put(answer(name))
        assert [store.get(name) is not None for name in "abc"] == [False, True, True]


def test_an_answer_that_is_too_big_by_itself_is_not_kept() -> None:
    store = ResponseStore(10, 25)
    store.put(answer("small"))
    store.put(answer("big", size=26))
    assert store.get("small") is store.get("big") is None


def test_an_item_is_found_as_long_as_some_answer_holds_it() -> None:
    store = ResponseStore(2, 1000)
    store.put(answer("a", "q"))
    store.put(answer("b", "q", "r"))
    assert store.find_item("q") == {"id": "q", "of": "b"}
    assert store.find_item("out_a") == {"id": "out_a"}
    store.put(answer("c"))  # which takes the place of the first
    assert store.find_item("out_a") is None
    assert store.find_item("q") is not None
    store.remove("b")
    assert store.find_item("q") is None


def test_an_answer_that_changed_counts_once() -> None:
    store = ResponseStore(10, 25)
    one = answer("a")
    store.put(one)
    one.body = b"x" * 20
    store.put(one)
    assert store.get("a") is one
    store.put(answer("b"))
    assert store.get("a") is None
    assert store.get("b") is not None
