"""What merging means, for data: the measure of every edit of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["MAX_CHANGES", "Unmergeable", "Unreadable", "match_item", "merged"]

MAX_CHANGES = 200
"""Changes that one edit of a text may take, one for each value at most; a plan has twenty."""


class Unreadable(ValueError):
    """The settings file is broken; the message names the place."""

    @classmethod
    def at(cls, text: str, position: int, what: str) -> Unreadable:
        """A fault at a position of a text."""
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        return cls(f"line {line}, column {column}: {what}")


class Unmergeable(ValueError):
    """The file is sound, and the values cannot be put into it without changing something else."""


def merged(old: Any, new: Any) -> Any:
    """*old* with *new* in it: mappings are merged, items of lists matched by their first value."""
    if isinstance(new, Mapping):
        result = dict(old) if isinstance(old, Mapping) else {}
        for key, value in new.items():
            result[key] = merged(result.get(key), value)
        return result
    if isinstance(new, list | tuple) and new and all(isinstance(item, Mapping) for item in new):
        items = list(old) if isinstance(old, list) else []
        for item in new:
            index = match_item(items, item)
            if index is None:
                items.append(merged(None, item))
            else:
                items[index] = merged(items[index], item)
        return items
    return new


def match_item(items: Sequence[Any], wanted: Mapping[str, Any]) -> int | None:
    """The index of the item that has the same first value as *wanted*."""
    key = next(iter(wanted))
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and item.get(key) == wanted[key]:
            return index
    return None
