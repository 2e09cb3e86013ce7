"""What of a site has changed is counted by kind, and told once."""

from __future__ import annotations

import structlog.testing

from cdp_relay.chat import Drift
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.drift import DriftRecord


def test_drifts_are_counted_by_kind_and_logged_once_in_the_same_words() -> None:
    now = iter(range(100, 200))
    record = DriftRecord("chatgpt", clock=lambda: float(next(now)))
    delivery = Delivery(watch=lambda event: record.note(event) if isinstance(event, Drift) else None)
    with structlog.testing.capture_logs() as lines:
        for detail in ("op: swap", "op: swap", "op: merge"):
            delivery.put(Drift(kind="operation", detail=detail))
        delivery.close()
        # Also what is found when the client has its answer and has gone.
        delivery.put(Drift(kind="capture", detail="the page shows more"))
    assert [(seen.kind, seen.count, seen.last, seen.detail) for seen in record.seen] == [
        ("capture", 1, 103.0, "the page shows more"),
        ("operation", 3, 102.0, "op: merge"),
    ]
    assert [line["detail"] for line in lines] == ["op: swap", "op: merge", "the page shows more"]


def test_a_site_that_changed_altogether_fills_neither_memory_nor_log() -> None:
    record = DriftRecord("chatgpt")
    with structlog.testing.capture_logs() as lines:
        for number in range(1000):
            record.note(Drift(kind=f"kind{number}", detail="x" * 10_000))
            record.note(Drift(kind="kind0", detail=str(number)))
    assert len(record.seen) <= 32
    assert len(lines) <= 200
    assert max(len(seen.detail) for seen in record.seen) <= 300
