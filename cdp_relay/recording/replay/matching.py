"""Which recorded answer is meant: by address and body, tolerant of ids, tokens, times and cache-busters.

A request is compared with those of its method, host and path (ids in the path aside). Of several that fit,
the likest is taken; of those that are as like, the first that was not given yet, in recorded order, and after
all of them the last again. What differs in the name of an operation, or in which part of a list is wanted,
never fits; nor does a body of quite another shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from cdp_relay.recording.replay._contents import Contents, read_body, read_query
from cdp_relay.recording.replay._forms import id_form, normal_segment
from cdp_relay.recording.replay._likeness import agreement, body_likeness, disagree
from cdp_relay.recording.session import Exchange, header

__all__ = ["Match", "Matcher", "Question", "message_differences"]

_NEW = 0.1
"""What not having been given yet is worth, in likeness."""
_SAME_ADDRESS = 0.3
_BARE = 0.6
"""What an answer is worth that came without its body (304), so that a whole one is preferred."""


@attrs.frozen(kw_only=True)
class Question:
    """A request as the page makes it now."""

    method: str
    url: str
    """In full, with scheme and host."""
    content_type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Match:
    """A recorded exchange that answers."""

    recorded: Exchange
    likeness: float
    """1 where nothing that matters differs."""
    exact: bool
    """Whether the address is the recorded one, letter for letter."""
    again: bool
    """Whether it was given before."""


@attrs.frozen(eq=False)
class _Address:
    method: str
    host: str
    path: str
    normal_path: str
    query: Contents

    @classmethod
    def of(cls, method: str, url: str) -> _Address:
        parts = urlsplit(url)
        path = unquote(parts.path) or "/"
        normal = "/".join(normal_segment(segment) for segment in path.split("/"))
        return cls(method.upper(), (parts.hostname or "").lower(), path, normal, read_query(parts.query))

    @property
    def key(self) -> tuple[str, str, str]:
        return self.method, self.host, self.normal_path


@attrs.define(eq=False)
class _Candidate:
    number: int
    exchange: Exchange
    address: _Address
    given: bool = False
    _body: Contents | None = None

    @property
    def body(self) -> Contents:
        if self._body is None:
            request = self.exchange.request
            data = request.body.read() if request.body is not None else b""
            self._body = read_body(data, header(request.headers, "content-type") or "")
        return self._body


class Matcher:
    """Finds the recorded exchange for each request, and remembers which were given.

    Args:
      exchanges: those that can answer, in recorded order.
    """

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._candidates: dict[tuple[str, str, str], list[_Candidate]] = {}
        for number, exchange in enumerate(exchanges):
            address = _Address.of(exchange.request.method, exchange.request.url)
            self._candidates.setdefault(address.key, []).append(_Candidate(number, exchange, address))

    def match(self, question: Question) -> Match | None:
        """The exchange that answers, which counts as given from now on; None when none fits."""
        found = self._best(question)
        if found is None:
            return None
        candidate, likeness = found
        again, candidate.given = candidate.given, True
        exact = candidate.exchange.request.url == question.url
        return Match(recorded=candidate.exchange, likeness=likeness, exact=exact, again=again)

    def has_address(self, question: Question) -> bool:
        """Whether anything was recorded of this method and address, whatever was in it."""
        return _Address.of(question.method, question.url).key in self._candidates

    def begin_anew(self) -> None:
        """Count nothing as given."""
        for candidate in self._all():
            candidate.given = False

    def ids(self) -> frozenset[str]:
        """All ids that the recorded requests have in their addresses and bodies."""
        return frozenset(
            value
            for candidate in self._all()
            for value in (
                *candidate.address.path.split("/"),
                *candidate.address.query.values.values(),
                *candidate.body.values.values(),
            )
            if isinstance(value, str) and id_form(value) is not None
        )

    def differences(self, exchange: Exchange, question: Question) -> Iterator[tuple[Any, Any]]:
        """What stands at the same places of a recorded request and of one that it answers: then, now."""
        then, now = _Address.of("", exchange.request.url), _Address.of("", question.url)
        yield from zip(then.path.split("/"), now.path.split("/"), strict=False)
        yield from _side_by_side(then.query, now.query)
        recorded = self._candidate_of(exchange)
        if recorded is not None and question.body:
            yield from _side_by_side(recorded.body, read_body(question.body, question.content_type))

    def nearest(self, question: Question) -> Exchange | None:
        """What was recorded of the nearest address, whatever its method: for who wonders what is missing."""
        asked = _Address.of(question.method, question.url)
        best = max(self._all(), key=lambda one: (_kinship(one.address, asked), one.number * -1), default=None)
        return best.exchange if best is not None and best.address.host == asked.host else None

    def nearest_document(self, question: Question) -> Exchange | None:
        """The page of the same host whose path begins most alike: one page serves many addresses there."""
        asked = _Address.of("GET", question.url)
        pages = [
            one
            for one in self._all()
            if one.exchange.resource_type == "document"
            and one.address.host == asked.host
            and one.exchange.response is not None
            and one.exchange.response.status == 200
        ]
        best = max(pages, key=lambda one: (_kinship(one.address, asked), -one.number), default=None)
        return best.exchange if best else None

    def _best(self, question: Question) -> tuple[_Candidate, float] | None:
        asked = _Address.of(question.method, question.url)
        body = read_body(question.body, question.content_type)
        candidates = self._candidates.get(asked.key, ())
        any_kind = _answer_alike(candidates)
        best: tuple[float, _Candidate, float] | None = None
        for candidate in candidates:
            likeness = _likeness(candidate, asked, body, any_kind=any_kind)
            if likeness is None:
                continue
            worth = likeness + (0 if candidate.given else _NEW)
            if candidate.exchange.request.url == question.url:
                worth += _SAME_ADDRESS
            response = candidate.exchange.response
            if response is not None and response.status == 304 and response.body is None:
                worth -= _BARE
            worth = round(worth, 6)
            # The first of those that are as good, and the last of those that all were given.
            if best is None or worth > best[0] or (worth == best[0] and candidate.given):
                best = worth, candidate, likeness
        return (best[1], best[2]) if best else None

    def _all(self) -> Iterator[_Candidate]:
        for candidates in self._candidates.values():
            yield from candidates

    def _candidate_of(self, exchange: Exchange) -> _Candidate | None:
        key = _Address.of(exchange.request.method, exchange.request.url).key
        return next((one for one in self._candidates.get(key, ()) if one.exchange is exchange), None)


def message_differences(then: str, now: str) -> Iterator[tuple[Any, Any]]:
    """What stands at the same places of two messages of a socket: then, now."""
    old, new = (read_body(message.encode("utf-8", "replace")) for message in (then, now))
    yield from _side_by_side(old, new)


def _likeness(candidate: _Candidate, asked: _Address, body: Contents, *, any_kind: bool) -> float | None:
    """How alike two requests are, up to 1; None when the one cannot answer for the other."""
    recorded = candidate.address
    if disagree(recorded.query, asked.query):
        return None
    path = 1.0 if recorded.path == asked.path else 0.95
    address = path * (0.5 + 0.5 * agreement(recorded.query, asked.query))
    if candidate.body.kind == "nothing" and body.kind == "nothing":
        return address
    there = body_likeness(candidate.body, body)
    if there is None:
        return 0.3 * address if any_kind else None
    return 0.5 * address + 0.5 * there


def _side_by_side(then: Contents, now: Contents) -> Iterator[tuple[Any, Any]]:
    for place, value in now.values.items():
        if place in then.values:
            yield then.values[place], value


def _answer_alike(candidates: Sequence[_Candidate]) -> bool:
    """Whether all of them got the same short answer: then it does not matter what they were told."""
    answers = [one.exchange.response for one in candidates]
    first = answers[0] if answers else None
    if first is None or (first.body is not None and first.body.size > 1024):
        return False
    return all(one is not None and one.status == first.status and one.body == first.body for one in answers)


def _kinship(one: _Address, other: _Address) -> tuple[bool, int, bool]:
    shared = 0
    for mine, yours in zip(one.normal_path.split("/"), other.normal_path.split("/"), strict=False):
        if mine != yours:
            break
        shared += 1
    return one.host == other.host, shared, one.method == other.method
