"""Rows of the one table: a figure, what it is measured against, and the bar it is held to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

__all__ = ["Row", "percentile", "print_table", "to_json"]


@attrs.frozen(kw_only=True)
class Row:
    """One measured figure."""

    name: str
    value: float | None
    """None when it was given up as too slow; ``note`` says so."""
    unit: str
    against: str = ""
    """What users would use instead, or the floor that physics sets."""
    ratio: float | None = None
    """Ours by theirs; below 1 is better where the unit is a time or a size."""
    bar: float | None = None
    """The largest value allowed (the smallest, for rates)."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.unit.endswith("/s") else self.value <= self.bar

    @classmethod
    def of(cls, row: Row | Mapping[str, Any]) -> Row:
        """A row from a part that returns plain dicts."""
        if isinstance(row, Row):
            return row
        names = {field.name for field in attrs.fields(cls)}
        return cls(**{key: value for key, value in row.items() if key in names})


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many per cent lie; by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def spread(name: str, seconds: Sequence[float], **fields: Any) -> list[Row]:
    """Median and 99th percentile of times, in milliseconds."""
    bars = fields.pop("bars", (None, None))
    return [
        Row(name=f"{name} p50", value=statistics.median(seconds) * 1000, unit="ms", bar=bars[0], **fields),
        Row(name=f"{name} p99", value=percentile(seconds, 99) * 1000, unit="ms", bar=bars[1], **fields),
    ]


def print_table(title: str, rows: Iterable[Row]) -> None:
    """Print rows under a title."""
    print(f"\n{title}\n{'-' * len(title)}")
    for row in rows:
        value = "-" if row.value is None else f"{row.value:,.3g}" if row.value < 100 else f"{row.value:,.0f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g} x {row.against}"
        bar = ""
        if row.bar is not None:
            bar = f"bar {row.bar:g} {'met' if row.met else 'MISSED'}"
        print(f"{row.name:<52} {value:>10} {row.unit:<8} {ratio:<38} {bar:<18} {row.note}".rstrip())


def to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows for the result file."""
    return [{**attrs.asdict(row), "met": row.met} for row in rows]
