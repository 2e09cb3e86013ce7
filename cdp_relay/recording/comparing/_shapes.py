"""What became of the shape of documents: fields, types, words, kinds and their order."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cdp_relay.recording.comparing._traffic import Kinds
from cdp_relay.recording.comparing.difference import Difference, Kind, Weight
from cdp_relay.recording.comparing.shape import Shape

__all__ = ["differences_of_kinds", "differences_of_shape"]

_MOST_NAMED = 6
_IDLE = ("ping", "heartbeat", "keep", "pong")
"""Kinds that come when nothing else does."""


def differences_of_kinds(
    old: Kinds, new: Kinds, *, where: str, kind: Kind, vital: bool
) -> Iterator[Difference]:
    """What a stream or a socket tells now, and what it told.

    Args:
      vital: whether it brings the answer; what is elsewhere is minor.
    """
    if not (old.shapes and new.shapes) and not vital:
        return  # a list that is empty tells nothing of what it would hold
    what = {"socket": "message", "stream": "event"}.get(kind, "document")
    for name, shape in new.shapes.items():
        if name not in old.shapes:
            yield Difference(
                kind=kind,
                weight=_weight(vital and not _is_idle(name)),
                sentence=f"{where}: a new kind of {what} came, {_quoted(name)} ({_times(shape.count)}; "
                f"{_listed(_top(shape))}).",
                where=where,
                new=name,
            )
    gone = [name for name in old.shapes if name not in new.shapes]
    for names, weight in (
        ([name for name in gone if not _is_idle(name)], _weight(vital)),
        ([name for name in gone if _is_idle(name)], _weight(False)),
    ):
        if names:
            one = len(names) == 1
            named = f"the {what} {_quoted(names[0])} does" if one else f"{len(names)} kinds of {what}s do"
            listed = _times(old.shapes[names[0]].count) if one else _listed([_quoted(name) for name in names])
            yield Difference(
                kind=kind,
                weight=weight,
                sentence=f"{where}: {named} not come any more ({listed} before).",
                where=where,
                old=", ".join(names),
            )
    for name, shape in old.shapes.items():
        if name in new.shapes:
            place = f"{where}, {what} {_quoted(name)}" if name else where
            yield from differences_of_shape(shape, new.shapes[name], where=place, kind=kind, vital=vital)
    yield from _order(old, new, where, kind, vital=vital)


def differences_of_shape(
    old: Shape, new: Shape, *, where: str, kind: Kind, vital: bool
) -> Iterator[Difference]:
    """What the documents of one kind hold now, and what they held."""
    if not (old.count and new.count):
        return
    both = old.fields.keys() & new.fields.keys()
    other = {path for path in both if old.fields[path].types != new.fields[path].types}
    come = _outermost(_beside(other, new.fields.keys() - old.fields.keys()))
    gone = _outermost(_beside(other, old.fields.keys() - new.fields.keys()))
    for paths, shape, beside, words in ((come, new, old, "new"), (gone, old, new, "gone")):
        paths = [path for path in paths if not _is_in_empty(path, beside)]
        usual = [path for path in paths if 2 * shape.fields[path].seen >= shape.count]
        rare = [path for path in paths if path not in usual]
        for some, weight in ((usual, _weight(vital)), (rare, _weight(vital and words == "new"))):
            if some:
                count = f"the field {some[0]} is" if len(some) == 1 else f"{len(some)} fields are"
                listed = "" if len(some) == 1 else f": {_listed(some)}"
                seldom = ", seldom there" if some is rare else ""
                yield Difference(
                    kind=kind,
                    weight=weight,
                    sentence=f"{where}: {count} {words}{seldom}{listed}.",
                    where=where,
                    **{"new" if words == "new" else "old": ", ".join(some)},
                )
    for path in sorted(both):
        then, now = old.fields[path], new.fields[path]
        place = path or "the whole"
        if then.types != now.types and not (then.types <= now.types and "array" in then.types):
            yield Difference(
                kind=kind,
                weight=_weight(vital),
                sentence=f"{where}: {place} is {_or(now.types)} now, and was {_or(then.types)}.",
                where=f"{where} {path}",
                old=_or(then.types),
                new=_or(now.types),
            )
        if fresh := now.words - then.words if then.words else frozenset():
            yield Difference(
                kind=kind,
                weight=_weight(vital),
                sentence=f"{where}: {path} says {_listed(sorted(fresh))} now; "
                f"it said {_listed(sorted(then.words))}.",
                where=f"{where} {path}",
                old=", ".join(sorted(then.words)),
                new=", ".join(sorted(fresh)),
            )


def _order(old: Kinds, new: Kinds, where: str, kind: Kind, *, vital: bool) -> Iterator[Difference]:
    """Kinds that come in another order; those that come when nothing else does are in none."""
    then = [name for name in old.order if name in new.shapes and not _is_idle(name)]
    now = [name for name in new.order if name in old.shapes and not _is_idle(name)]
    moved = next(
        (index for index, (was, found) in enumerate(zip(then, now, strict=True)) if was != found), None
    )
    if moved is not None:
        yield Difference(
            kind=kind,
            weight=_weight(vital),
            sentence=f"{where}: {_quoted(now[moved])} comes before {_quoted(then[moved])} now.",
            where=where,
            old=", ".join(then),
            new=", ".join(now),
        )


def _beside(outer: Collection[str], paths: Collection[str]) -> list[str]:
    """Paths that do not lead further into any of the others, which are of another type now."""
    return [path for path in paths if not any(one and _is_below(path, one) for one in outer)]


def _is_in_empty(path: str, shape: Shape) -> bool:
    """Whether the other shape has the array in which a place is, and nothing was ever in it."""
    array = path[: path.rindex("[")] if path.endswith("]") else None
    field = shape.fields.get(array) if array is not None else None
    if field is None or "array" not in field.types:
        return False
    return not any(other.startswith(f"{array}[") for other in shape.fields)


def _is_below(path: str, outer: str) -> bool:
    return path.startswith(outer) and path[len(outer) : len(outer) + 1] in (".", "[", "(")


def _outermost(paths: Collection[str]) -> list[str]:
    """Paths without those that lead further into another of them."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: (len(path), path)):
        if not any(_is_below(path, outer) for outer in kept if outer):
            kept.append(path)
    return sorted(kept)


def _top(shape: Shape) -> list[str]:
    return _outermost([path for path in shape.fields if path])


def _weight(vital: bool) -> Weight:
    return "notable" if vital else "minor"


def _is_idle(name: str) -> bool:
    return any(word in name.lower() for word in _IDLE)


def _quoted(name: str) -> str:
    return repr(name) if name else "without a name"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _listed(names: Collection[str]) -> str:
    some = list(names)
    more = f" and {len(some) - _MOST_NAMED} more" if len(some) > _MOST_NAMED else ""
    return ", ".join(some[:_MOST_NAMED]) + more if some else "nothing in it"


def _or(types: Collection[str]) -> str:
    return " or ".join(sorted(types))
