"""Text into a page's composer: put in the fastest way that works, read back, compared exactly.

What counts as the same text: line ends are line feeds (``\\r\\n`` and ``\\r`` become ``\\n``, as
every editor has it); in Quill and in bare contenteditable elements no-break spaces and spaces are
one, as these editors turn one into the other on their own. Nothing else is passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import attrs
import trio

from cdp_relay.errors import (
    AttachmentRefused,
    CommandTimeout,
    InsertionFailed,
    SelectorDrift,
    SettingsError,
)
from cdp_relay.page._pieces import read_pieces, utf16_units
from cdp_relay.page._rungs import RUNGS, Placing, RungUnavailable
from cdp_relay.page.chips import remove_chips
from cdp_relay.page.probe import click_control, find_control
from cdp_relay.page.tab import Tab
from cdp_relay.text import check_text

__all__ = [
    "Attempt",
    "EditorPlan",
    "Insertion",
    "PromptFile",
    "RungLimit",
    "insert_text",
    "read_text",
]

_log = logging.getLogger("cdp_relay.page")

_QUIET_SECONDS = 0.7
"""An editor that has not changed for so long will not change any more. Editors work in the event or
in a microtask of it; this is for those that read the clipboard or upload an attachment first."""

_FILE = "file"
"""The rung that attaches the text instead of writing it."""

_CLEAR_TRIES = 3
_LOOK_SECONDS = 5.0


class RungLimit(Protocol):
    """What a rung can carry well (``chat.contract.RungLimit`` is one)."""

    @property
    def chars(self) -> int | None:
        """Characters, or None for any number."""

    @property
    def newlines(self) -> int | None:
        """Line feeds, or None for any number."""


@attrs.frozen(kw_only=True)
class _Limit:
    chars: int | None = None
    newlines: int | None = None


@attrs.frozen(kw_only=True)
class PromptFile:
    """What the rung ``file`` does: the text is attached, and a line in the composer says so."""

    line: str
    attach: Callable[[], Awaitable[object]]
    """Attach the text as a file, and return when it is there; AttachmentRefused when it can't be."""


@attrs.frozen(kw_only=True)
class EditorPlan:
    """How text is put into a site's composer."""

    ladder: Mapping[str, tuple[str, ...]]
    """Rungs in order, by kind of editor; a kind that is not named takes :data:`DEFAULT_LADDER`."""
    piece_chars: int = 0
    """``insert-text`` in pieces of so many characters; 0 for all at once."""
    limits: Mapping[str, RungLimit] = attrs.field(factory=dict)
    """By rung, over those of :data:`DEFAULT_LIMITS`; a rung that a text exceeds is tried after the others."""
    failed: Collection[str] = ()
    """Rungs that did not work before, and are tried after the others too."""
    attachment: Literal["undo", "use"] = "undo"
    """What to do when the site turns the text into an attachment."""
    attachment_selectors: tuple[str, ...] = ()
    """Attachment chips in the composer."""
    attachment_remove_selectors: tuple[str, ...] = ()
    """The controls that take a chip away."""
    max_chars: int | None = None
    """The longest text that the composer takes; of a longer one only ``file`` is tried."""
    file: PromptFile | None = None
    """For the rung ``file``; a ladder that names it goes without it when this is None."""


@attrs.frozen(kw_only=True)
class Attempt:
    """One rung that was tried."""

    rung: str
    seconds: float
    outcome: str
    """``exact``, ``attached``, or what went wrong; never any of the text."""


@attrs.frozen(kw_only=True)
class Insertion:
    """A text that is in the composer, or attached to it."""

    editor: str
    """``prosemirror``, ``lexical``, ``quill``, ``textarea`` or ``contenteditable``."""
    rung: str
    characters: int
    text: str = attrs.field(repr=False)
    """What the composer holds now: the text, or the line that stands for it, or nothing."""
    attempts: tuple[Attempt, ...]
    attached: bool
    """Whether the text went as an attachment, which the plan wanted."""


@attrs.frozen(kw_only=True)
class _Look:
    """What the composer holds."""

    editor: str
    text: str
    focused: bool
    chips: int


DEFAULT_LADDER: Mapping[str, tuple[str, ...]] = {
    "prosemirror": ("drop", "drop-html", "paste", "insert-text"),
    "lexical": ("insert-text", "drop", "paste"),
    "quill": ("paste", "insert-text"),
    "textarea": ("drop", "paste", "insert-text"),
    "contenteditable": ("insert-text", "drop", "paste"),
}
"""The order that was measured to be fastest and exact, by kind of editor (DESIGN.md)."""

DEFAULT_LIMITS: Mapping[str, RungLimit] = {"insert-text": _Limit(newlines=200)}
"""``Input.insertText`` costs more with every line feed, in every editor but Lexical (DESIGN.md)."""


async def insert_text(
    tab: Tab, composer_selectors: Sequence[str], text: str, plan: EditorPlan, *, timeout: float
) -> Insertion:
    """Make *text* the composer's whole content, and prove it by reading it back.

    A draft in the composer is replaced. When it fails, the composer may hold anything.

    Args:
      timeout: seconds for everything.

    Raises:
      InvalidText: the text holds a NUL or a lone surrogate; the page was not touched.
      InsertionFailed: no rung gave the same text; ``details`` lists the attempts.
      SelectorDrift, ControlCovered: there is no composer to be reached.
      SettingsError: the ladder names an unknown rung.
    """
    check_text(text)
    inserting = _Inserting(tab, composer_selectors, _line_feeds(text), plan, trio.current_time() + timeout)
    with trio.move_on_after(timeout):
        return await inserting.climb()
    raise inserting.failure(f"it took longer than {timeout:g} s")


async def read_text(tab: Tab, composer_selectors: Sequence[str]) -> str:
    """Return what the composer holds, with line feeds; empty when no composer is there."""
    state = await tab.world.look("editorState", list(composer_selectors), [], timeout=_LOOK_SECONDS)
    return "" if state is None else (await _whole(tab, state)).text


@attrs.define(eq=False)
class _Inserting:
    """One insertion, on its way up the ladder."""

    tab: Tab
    selectors: Sequence[str]
    text: str
    plan: EditorPlan
    deadline: float
    attempts: list[Attempt] = attrs.field(factory=list, init=False)
    units: int = attrs.field(init=False)
    """The text's length as the page counts it, in UTF-16 units."""
    chips_before: int = attrs.field(default=0, init=False)
    started: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.units = utf16_units(self.text)

    @property
    def left(self) -> float:
        return max(0.05, self.deadline - trio.current_time())

    async def climb(self) -> Insertion:
        # Composers hardly ever move, and whether the click met one shows in the focus.
        control = await click_control(self.tab, self.selectors, timeout=self.left, steady=False)
        look = await self._look()
        if not look.focused:
            control = await click_control(self.tab, self.selectors, timeout=self.left)
            look = await self._look()
        self.chips_before = look.chips
        for rung in _order(self.plan, look.editor, self.text):
            look = await self._make_empty(look)
            self.started = trio.current_time()
            if rung == _FILE and self.plan.file is not None:
                if (insertion := await self._as_file(look.editor, self.plan.file)) is not None:
                    return insertion
                look = await self._look()
                continue
            placing = Placing(
                tab=self.tab,
                text=self.text,
                editor=look.editor,
                composer=control,
                piece_chars=self.plan.piece_chars,
                timeout=self.left,
            )
            try:
                await RUNGS[rung](placing)
            except (RungUnavailable, CommandTimeout) as error:
                self._note(rung, str(error))
                continue
            look = await self._settled()
            if look.text == self.text or _same(look.editor, look.text, self.text):
                self._note(rung, "exact")
                return self._insertion(look.editor, rung, self.text)
            if look.chips > self.chips_before:
                if self.plan.attachment == "use" and not look.text.strip():
                    self._note(rung, "attached")
                    return self._insertion(look.editor, rung, "", attached=True)
                self._note(rung, "the site made an attachment of it")
                await self._remove_new_chips()
                look = await self._look()
            else:
                self._note(rung, _difference(look.text, self.text))
            control = await find_control(self.tab, self.selectors, timeout=self.left)
        raise self.failure("no rung gave back the same text")

    async def _as_file(self, editor: str, file: PromptFile) -> Insertion | None:
        """Attach the text, then climb once more with the line that stands for it."""
        try:
            await file.attach()
        except AttachmentRefused as refused:
            self._note(_FILE, refused.message)
            await self._remove_new_chips()
            return None
        self._note(_FILE, "attached")
        plan = attrs.evolve(self.plan, file=None)
        inserting = _Inserting(self.tab, self.selectors, file.line, plan, self.deadline)
        try:
            await inserting.climb()
        except InsertionFailed as failed:
            raise self.failure(
                f"the line that stands for it could not be written: {failed.message}"
            ) from None
        return self._insertion(editor, _FILE, file.line, attached=True)

    def failure(self, why: str) -> InsertionFailed:
        tried = "; ".join(f"{attempt.rung}: {attempt.outcome}" for attempt in self.attempts)
        return InsertionFailed(
            f"The prompt could not be put into the composer: {why}" + (f" ({tried})." if tried else "."),
            details={"attempts": [attrs.asdict(attempt) for attempt in self.attempts]},
        )

    def _insertion(self, editor: str, rung: str, text: str, *, attached: bool = False) -> Insertion:
        return Insertion(
            editor=editor,
            rung=rung,
            characters=len(self.text),
            text=text,
            attempts=tuple(self.attempts),
            attached=attached,
        )

    def _note(self, rung: str, outcome: str) -> None:
        seconds = trio.current_time() - self.started
        self.attempts.append(Attempt(rung=rung, seconds=seconds, outcome=outcome))
        _log.debug("insertion by %s: %s after %.3f s", rung, outcome, seconds)

    async def _look(self) -> _Look:
        chips = list(self.plan.attachment_selectors)
        state = await self.tab.world.look(
            "editorState", list(self.selectors), chips, timeout=min(self.left, _LOOK_SECONDS)
        )
        return await self._known(state)

    async def _known(self, state: Any) -> _Look:
        if not isinstance(state, dict):
            raise SelectorDrift("The composer went away while the prompt was put in.")
        return await _whole(self.tab, state)

    async def _settled(self, units: int | None = None) -> _Look:
        """Wait until the editor holds the wanted length, or a new chip is there, or all is quiet."""
        state = await self.tab.world.wait(
            "settledEditor",
            list(self.selectors),
            list(self.plan.attachment_selectors),
            self.units if units is None else units,
            self.chips_before,
            _QUIET_SECONDS * 1000,
            seconds=self.left,
        )
        return await self._known(state)

    async def _make_empty(self, look: _Look) -> _Look:
        """Give the editor the focus, and replace a draft by nothing."""
        for _ in range(_CLEAR_TRIES):
            if not look.focused:
                await self.tab.world.look("focusEditor", list(self.selectors), timeout=_LOOK_SECONDS)
            if not look.text:
                return look
            await self.tab.keyboard.press("ControlOrMeta+A", commands=["selectAll"])
            await self.tab.keyboard.press("Backspace")
            look = await self._settled(units=0)
        if look.text:
            raise self.failure("a draft in the composer could not be removed")
        return look

    async def _remove_new_chips(self) -> None:
        """Take away the chips that came with the last rung."""
        try:
            await remove_chips(
                self.tab,
                self.plan.attachment_selectors,
                self.plan.attachment_remove_selectors,
                keep=self.chips_before,
            )
        except InsertionFailed as failed:
            raise self.failure(f"an attachment that the site made stays: {failed.message}") from None


def _order(plan: EditorPlan, editor: str, text: str) -> list[str]:
    rungs = list(plan.ladder.get(editor) or DEFAULT_LADDER[editor])
    for rung in rungs:
        if rung not in RUNGS and rung != _FILE:
            known = ", ".join((*RUNGS, _FILE))
            raise SettingsError(f"The insertion ladder for {editor} names {rung!r}; rungs are {known}.")
    if plan.file is None:
        rungs = [rung for rung in rungs if rung != _FILE]
    elif plan.max_chars is not None and len(text) > plan.max_chars:
        return [rung for rung in rungs if rung == _FILE]
    # ProseMirror makes one paragraph break of any run of line feeds in plain text (measured), so a
    # text that has such runs, or begins or ends with one, need not be tried that way.
    if editor == "prosemirror" and "drop" in rungs and len(rungs) > 1 and _loses_blank_lines(text):
        rungs.remove("drop")
    limits = {**DEFAULT_LIMITS, **plan.limits}
    newlines = text.count("\n")
    # Stable: those that are put off keep their order among themselves.
    return sorted(
        rungs, key=lambda rung: rung in plan.failed or _exceeds(limits.get(rung), len(text), newlines)
    )


def _exceeds(limit: RungLimit | None, chars: int, newlines: int) -> bool:
    if limit is None:
        return False
    return (limit.chars is not None and chars > limit.chars) or (
        limit.newlines is not None and newlines > limit.newlines
    )


def _loses_blank_lines(text: str) -> bool:
    return "\n\n" in text or text.startswith("\n") or text.endswith("\n")


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _same(editor: str, seen: str, wanted: str) -> bool:
    if editor not in ("quill", "contenteditable"):
        return False
    return seen.replace("\xa0", " ") == wanted.replace("\xa0", " ")


def _difference(seen: str, wanted: str) -> str:
    if not seen:
        return "the editor took nothing"
    at = next((i for i, (a, b) in enumerate(_pairs(seen, wanted)) if a != b), min(len(seen), len(wanted)))
    return f"the text differs from character {at} on ({len(seen)} of {len(wanted)} characters)"


def _pairs(seen: str, wanted: str) -> Iterable[tuple[str, str]]:
    return zip(seen, wanted, strict=False)


async def _whole(tab: Tab, state: Mapping[str, Any]) -> _Look:
    """Read the rest of a text that was too long for one answer."""
    text = await read_pieces(tab, state["text"], state["length"], "The composer changed while it was read.")
    return _Look(editor=state["kind"], text=text, focused=state["focused"], chips=state["chips"])
