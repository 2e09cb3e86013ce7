"""Where the page asks, what for, and what it is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.bending import exchange_of_answer
from cdp_relay.recording.comparing._shapes import differences_of_kinds, differences_of_shape
from cdp_relay.recording.comparing._timing import differences_of_timing
from cdp_relay.recording.comparing._traffic import Endpoint, endpoints_of
from cdp_relay.recording.comparing.difference import Difference, Kind, Weight
from cdp_relay.recording.session import Session

__all__ = ["differences_of_endpoints"]

_CHATTER = re.compile(
    r"analytic|beacon|/ces/|collect|/csp|event_logging|gen_204|jserror|/log|metric|/rgstr|sentry|statsig|telemetry"
    r"|/track",
    re.IGNORECASE,
)
"""What sites tell of their pages' use, at times of their own."""


def differences_of_endpoints(old: Session, new: Session) -> Iterator[Difference]:
    """Endpoints that are new or gone, and what changed at those that stayed."""
    then, now = endpoints_of(old), endpoints_of(new)
    was, found = _answering(old, then), _answering(new, now)
    pairs = {name: name for name in then if name in now}
    moved = bool(was and found and was != found and not (was in now and found in then))
    if was and found and moved:
        yield Difference(
            kind="answer",
            weight="breaks",
            sentence=f"The answer comes from {found} now, and came from {was}.",
            where=found,
            old=was,
            new=found,
        )
        pairs[was] = found
    elif was and found and was != found:
        yield Difference(
            kind="answer",
            weight="notable",
            sentence=f"The answer came from {found} this time, and from {was} before; both are known.",
            where=found,
            old=was,
            new=found,
        )
    known = set(pairs.values())
    for name, endpoint in now.items():
        if name not in known:
            yield _come_or_gone(endpoint, "is asked now, and was not", vital=name == found, is_new=True)
    for name, endpoint in then.items():
        if name not in pairs:
            yield _come_or_gone(endpoint, "is not asked any more", vital=name == was, is_new=False)
    for before, after in pairs.items():
        yield from _at(then[before], now[after], vital=before == was or after == found)


def _answering(session: Session, endpoints: Mapping[str, Endpoint]) -> str | None:
    """The endpoint that brought the first answer."""
    try:
        exchange = session.exchanges[exchange_of_answer(session, 1)]
    except InvalidRequest:
        return None  # nothing was answered, or the page alone told it
    return next((name for name, one in endpoints.items() if exchange in one.exchanges), None)


def _come_or_gone(endpoint: Endpoint, words: str, *, vital: bool, is_new: bool) -> Difference:
    weight: Weight = "breaks" if vital and not is_new else "notable" if vital else "minor"
    asks = not endpoint.name.startswith("GET ") and endpoint.own and not _CHATTER.search(endpoint.name)
    if asks and weight == "minor":
        weight = "notable"
    times = "once" if endpoint.count == 1 else f"{endpoint.count} times"
    return Difference(
        kind="endpoint",
        weight=weight,
        sentence=f"{endpoint.name} {words} ({times}).",
        where=endpoint.name,
        **{"new" if is_new else "old": endpoint.name},
    )


def _at(old: Endpoint, new: Endpoint, *, vital: bool) -> Iterator[Difference]:
    for what, then, now in (
        ("query parameter", old.query, new.query),
        ("request header", old.headers, new.headers),
    ):
        yield from _names(new.name, what, then, now, vital=vital)
    yield from differences_of_shape(
        old.asked, new.asked, where=f"{new.name}, what is asked", kind="request", vital=vital
    )
    yield from _values(old, new, vital=vital)
    kind: Kind = "socket" if new.name.startswith("socket ") else "stream" if vital else "answer"
    yield from differences_of_kinds(old.told, new.told, where=new.name, kind=kind, vital=vital)
    yield from differences_of_kinds(
        old.sent, new.sent, where=f"{new.name}, sent by the page", kind="socket", vital=vital
    )
    if vital:
        yield from differences_of_timing(old, new)


def _names(where: str, what: str, old: set[str], new: set[str], *, vital: bool) -> Iterator[Difference]:
    for names, words in ((new - old, "new"), (old - new, "gone")):
        if names:
            listed = ", ".join(sorted(names))
            many = f"{what}s {listed} are" if len(names) > 1 else f"{what} {listed} is"
            yield Difference(
                kind="request",
                weight="notable" if vital else "minor",
                sentence=f"{where}: the {many} {words}.",
                where=where,
                **{"new" if words == "new" else "old": listed},
            )


def _values(old: Endpoint, new: Endpoint, *, vital: bool) -> Iterator[Difference]:
    """Statuses, content types and forms of answers."""
    grave = (vital or new.own) and not _CHATTER.search(new.name)
    weight: Weight
    failing = {status for status in new.statuses - old.statuses if status >= 400}
    if failing and not any(status >= 400 for status in old.statuses):
        weight = "breaks" if vital else "notable" if grave else "minor"
        yield _changed(new.name, "status", old.statuses, failing, weight)
    elif old.statuses and new.statuses and not old.statuses & new.statuses:
        yield _changed(new.name, "status", old.statuses, new.statuses, "notable" if grave else "minor")
    if new.errors and not old.errors:
        sentence = f"{new.name}: it fails now ({', '.join(sorted(new.errors))}), and did not."
        weight = "breaks" if vital else "notable" if grave else "minor"
        yield Difference(kind="answer", weight=weight, sentence=sentence, where=new.name)
    for what, then, now in (
        ("content type", old.content_types, new.content_types),
        ("form of the answer", old.forms - {"none"}, new.forms - {"none"}),
    ):
        if then and now and not then & now:
            weight = "breaks" if vital and what.startswith("form") else "notable" if grave else "minor"
            yield _changed(new.name, what, then, now, weight)


def _changed(
    where: str, what: str, old: Collection[object], new: Collection[object], weight: Weight
) -> Difference:
    then, now = (", ".join(sorted(map(str, some))) for some in (old, new))
    return Difference(
        kind="answer",
        weight=weight,
        sentence=f"{where}: the {what} is {now} now, and was {then or 'unknown'}.",
        where=where,
        old=then,
        new=now,
    )
