"""What stands around the composer and the answer in a page: tags, roles, test ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import attrs

from cdp_relay.recording.comparing.difference import Difference
from cdp_relay.recording.comparing.shape import fold_ids
from cdp_relay.recording.session import Session, Snapshot
from cdp_relay.recording.telling.answer_paths import answers_heard

__all__ = ["differences_of_pages"]

_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta source track wbr"))
_PROSE = frozenset(
    re.findall(
        r"\w+",
        "a b blockquote code em h1 h2 h3 h4 h5 h6 i li noscript ol p pre script span strong style table "
        "tbody td th thead tr ul",
    )
)
"""What an answer consists of, by its words; what it stands in is meant."""
_SILENT = frozenset(("script", "style", "noscript"))
_MARKS = ("role", "data-testid", "contenteditable", "data-message-author-role", "slot")
_DIGITS = re.compile(r"\d+")
_ANSWER_CHARS = 24
_MOST_NAMED = 8
_MAX_PAGE_BYTES = 32 << 20


@attrs.frozen
class _Element:
    """An element as far as it is a mark for whoever looks for it."""

    name: str
    """``div[role=textbox]``."""
    parent: _Element | None = attrs.field(eq=False, repr=False)

    @property
    def chain(self) -> str:
        """It and what it stands in, the innermost first."""
        names, element = [], self
        while True:
            names.append(element.name)
            if element.parent is None:
                return " < ".join(names)
            element = element.parent


@attrs.define
class _Outline:
    composer: str | None = None
    answer: str | None = None
    test_ids: set[str] = attrs.field(factory=set)


class _Reader(HTMLParser):
    """Finds the composer, and the innermost element in which the answer begins."""

    def __init__(self, answer: str) -> None:
        super().__init__(convert_charrefs=True)
        self.outline = _Outline()
        self._wanted = answer
        self._stack: list[tuple[str, _Element]] = []
        self._texts: list[str] = []
        """For each open element, the letters in it so far, as many as are needed."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        marks = "".join(f"[{name}={fold_ids(facts[name])}]" for name in _MARKS if name in facts)
        element = _Element(f"{tag}{marks}", self._stack[-1][1] if self._stack else None)
        if "data-testid" in facts:
            self.outline.test_ids.add(_DIGITS.sub("*", facts["data-testid"]))
        if _is_composer(tag, facts):
            self.outline.composer = element.chain
        if tag not in _VOID:
            self._stack.append((tag, element))
            self._texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if not any(one == tag for one, _ in self._stack):
            return
        while self._stack:
            name, element = self._stack.pop()
            text = self._texts.pop()
            if self._wanted and text.startswith(self._wanted) and name not in _PROSE:
                self._found(element.chain)
            if self._texts:
                self._add(text)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1][0] not in _SILENT:
            self._add("".join(filter(str.isalnum, data)))

    def _add(self, text: str) -> None:
        """Only how an element's text begins is looked at."""
        self._texts[-1] += text[: max(0, _ANSWER_CHARS - len(self._texts[-1]))]

    def _found(self, chain: str) -> None:
        """Keep the innermost one, and the last on the page: a title may begin as the answer does."""
        if self.outline.answer is None or not self.outline.answer.endswith(f" < {chain}"):
            self.outline.answer = chain


def _is_composer(tag: str, facts: dict[str, str]) -> bool:
    if tag == "textarea":
        return "hidden" not in facts and facts.get("aria-hidden") != "true"
    return facts.get("contenteditable", "false") in ("", "true", "plaintext-only")


def differences_of_pages(old: Session, new: Session) -> Iterator[Difference]:
    """What changed around the composer and the answer, step by step; each change once."""
    then, now = _outlines(old), _outlines(new)
    told: set[tuple[str, str | None, str | None]] = set()
    for step in [step for step in then if step in now]:
        for name, was, found in (
            ("composer", then[step].composer, now[step].composer),
            ("answer", then[step].answer, now[step].answer),
        ):
            if was != found and (name, was, found) not in told:
                told.add((name, was, found))
                yield from _moved(name, step, was, found)
    gone = set().union(*(one.test_ids for one in then.values())) if then else set()
    come = set().union(*(one.test_ids for one in now.values())) if now else set()
    if then and now and gone != come:
        yield from _named("test ids (data-testid) are gone", gone - come)
        yield from _named("test ids (data-testid) are new", come - gone)


def _outlines(session: Session) -> dict[str, _Outline]:
    answers = [answer for answer in answers_heard(session.heard) if answer]
    wanted = "".join(filter(str.isalnum, answers[-1]))[:_ANSWER_CHARS] if answers else ""
    return {one.step: _outline(one, wanted) for one in session.snapshots if one.html.size <= _MAX_PAGE_BYTES}


def _outline(snapshot: Snapshot, wanted: str) -> _Outline:
    reader = _Reader(wanted)
    reader.feed(snapshot.html.read().decode("utf-8", "replace"))
    reader.close()
    return reader.outline


def _moved(name: str, step: str, was: str | None, found: str | None) -> Iterator[Difference]:
    old, new = was or "", found or ""
    if was is None:
        return  # it is there now, and was not seen
    if found is None:
        sentence = f"The {name} is not seen any more in the page at the step {step!r}; it was {_inner(old)}."
    elif _inner(old) != _inner(new):
        sentence = f"The {name} is {_inner(new)} now at the step {step!r}, and was {_inner(old)}."
    else:
        yield Difference(
            kind="page",
            weight="minor",
            sentence=f"What the {name} stands in changed at the step {step!r}.",
            where=name,
            old=old,
            new=new,
        )
        return
    yield Difference(kind="page", weight="notable", sentence=sentence, where=name, old=old, new=new)


def _inner(chain: str) -> str:
    return chain.partition(" < ")[0]


def _named(what: str, names: set[str]) -> Iterator[Difference]:
    if not names:
        return
    some = sorted(names)
    more = f" and {len(some) - _MOST_NAMED} more" if len(some) > _MOST_NAMED else ""
    listed = ", ".join(some[:_MOST_NAMED])
    yield Difference(
        kind="page", weight="minor", sentence=f"{len(some)} {what}: {listed}{more}.", where="data-testid"
    )
