"""Files into a composer, by the ways that the site itself offers, until they are proven to be there.

A way that visibly does nothing is followed by the next one. Once the page did anything at all (a chip,
a busy sign, a request with the file) the files are never given to it a second time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import attrs
import trio

from cdp_relay.cdp import protocol
from cdp_relay.errors import AttachmentRefused, CommandFailed, SelectorDrift
from cdp_relay.page.chips import chip_count, chip_labels
from cdp_relay.page.probe import StateLike, click_control, find_control, plain_rule
from cdp_relay.page.tab import Tab
from cdp_relay.page.uploads import UploadFile, accepts

__all__ = ["AttachPlan", "attach_files"]

_log = logging.getLogger("cdp_relay.page")

_INPUT_SECONDS = 1.0
"""How long a page whose composer is ready may take to bring its file inputs."""

_CONTROL_SECONDS = 5.0
_CHOOSER_SECONDS = 3.0
_MENU_SECONDS = 0.3
"""How long a press that may already open the file chooser is waited for, before the next one."""

_REACTION_SECONDS = 4.0
"""How long a page may take to show anything at all about files that it was given."""

_READ_BYTES_PER_SECOND = 10_000_000
"""What it may need on top of that, as some pages read a file first."""

_QUIET_MS = 300
"""So long nothing is busy: progress signs come a moment after the chip."""

_STILL_SECONDS = 10.0
"""A page that took the files and then shows neither chips nor progress for so long has dropped them."""

_UPLOAD_TYPES = frozenset({"multipart/form-data", "application/octet-stream"})
_COMMON_TYPES = frozenset({"application/json", "text/plain", "application/x-www-form-urlencoded"})
"""What pages send all the time, so that it says nothing of a file of that type."""

_COPY = 1  # the dragOperationsMask of "copy"


class Refusal(StateLike, Protocol):
    """A state of the page that says no to a file (``chat.contract.StateRule`` is one)."""

    @property
    def message(self) -> str:
        """A sentence for the person; may be empty."""


@attrs.frozen(kw_only=True)
class AttachPlan:
    """How files get into a site's composer; the fields are those of ``chat.contract.AttachmentRule``."""

    ways: tuple[str, ...]
    input: tuple[str, ...] = ()
    open: tuple[tuple[str, ...], ...] = ()
    drop: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    seconds: float = 60.0
    chips: tuple[str, ...]
    """What shows that a file is attached; without it nothing can be proven."""
    refusals: tuple[Refusal, ...] = ()
    """States that the page shows when it does not take a file."""


async def attach_files(tab: Tab, files: Sequence[UploadFile], plan: AttachPlan) -> tuple[str, ...]:
    """Attach *files* and wait until their uploads are done; returns the ways that it took.

    Proven: as many chips more as there are files, and nothing busy. When it fails, some of the files
    may be attached.

    Raises:
      AttachmentRefused: the page took no way, said no, dropped a file, or took too long; ``details``
        names the files.
    """
    attaching = _Attaching(tab, plan, trio.current_time() + plan.seconds)
    return await attaching.attach(list(files))


@attrs.define(eq=False)
class _Attaching:
    tab: Tab
    plan: AttachPlan
    deadline: float
    dead: set[int] = attrs.field(factory=set, init=False)
    """File inputs that the page does not listen to."""
    taken: list[str] = attrs.field(factory=list, init=False)

    async def attach(self, files: list[UploadFile]) -> tuple[str, ...]:
        ways: Mapping[str, Callable[[list[UploadFile]], Awaitable[list[UploadFile]]]] = {
            "input": self._by_input,
            "chooser": self._by_chooser,
            "drop": self._by_drop,
        }
        left = files
        for way in self.plan.ways:
            before = len(left)
            left = await ways[way](left)
            if len(left) < before:
                self.taken.append(way)
            if not left:
                return tuple(self.taken)
            _log.info("attaching by %s did nothing for %d of %d files", way, len(left), len(files))
        raise self._refused(left, f"no way of attaching had any effect ({', '.join(self.plan.ways)})")

    @property
    def left(self) -> float:
        return max(0.05, self.deadline - trio.current_time())

    # --- the ways; each returns the files that it could not place

    async def _by_input(self, files: list[UploadFile]) -> list[UploadFile]:
        left = files
        unplaced: list[UploadFile] = []
        while left:
            placed = await self._through_an_input(left)
            if not placed:
                unplaced.append(left[0])
                placed = left[:1]
            left = [file for file in left if file not in placed]
        return unplaced

    async def _through_an_input(self, files: list[UploadFile]) -> list[UploadFile]:
        """Give the first file, and what may go with it, to the first input that does anything with it."""
        facts = await self.tab.world.wait("fileInputs", list(self.plan.input), seconds=_INPUT_SECONDS)
        for fact in facts:
            accept = fact["accept"].split(",")
            if fact["key"] in self.dead or not _takes(accept, files[0]):
                continue
            fitting = [file for file in files if _takes(accept, file)]
            batch = fitting if fact["multiple"] else fitting[:1]
            if await self._worked(batch, partial(self._set, fact["key"], batch), fact["key"]):
                return batch
            self.dead.add(fact["key"])
            await self._set(fact["key"], [])
        return []

    async def _set(self, key: int, files: list[UploadFile]) -> None:
        handle = await self.tab.world.handle("fileInput", key, timeout=self.left)
        await self._give(files, object_id=handle)

    async def _by_chooser(self, files: list[UploadFile]) -> list[UploadFile]:
        left = files
        while left:
            opened = await self._open_chooser()
            if opened is None or opened.backend_node_id is None:
                return left
            accept = await self._accept_of(opened.backend_node_id)
            fitting = [file for file in left if _takes(accept, file)]
            batch = fitting if opened.mode == "selectMultiple" else fitting[:1]
            if not batch:
                return left
            node = opened.backend_node_id
            if not await self._worked(batch, partial(self._give, batch, node=node)):
                return left
            left = [file for file in left if file not in batch]
        return left

    async def _open_chooser(self) -> protocol.Page.FileChooserOpened | None:
        """Press what opens the file chooser; Chrome shows none, and tells of it instead."""
        with self.tab.session.subscribe(protocol.Page.FileChooserOpened) as opened:
            for number, selectors in enumerate(self.plan.open, start=1):
                try:
                    await click_control(self.tab, selectors, timeout=min(_CONTROL_SECONDS, self.left))
                except SelectorDrift as missing:
                    _log.info("step %d towards the file chooser: %s", number, missing.message)
                    break
                last = number == len(self.plan.open)
                with trio.move_on_after(_CHOOSER_SECONDS if last else _MENU_SECONDS):
                    return await opened.__anext__()
        # Whatever opened instead would lie over the composer.
        await self.tab.keyboard.press("Escape")
        return None

    async def _accept_of(self, node: int) -> list[str]:
        described = await self.tab.session.execute(protocol.DOM.describe_node(backend_node_id=node))
        attributes = described.raw.get("attributes") or []
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=False))
        return str(pairs.get("accept", "")).split(",")

    async def _by_drop(self, files: list[UploadFile]) -> list[UploadFile]:
        try:
            zone = await find_control(self.tab, self.plan.drop, timeout=min(_CONTROL_SECONDS, self.left))
        except SelectorDrift as missing:
            _log.info("no place to drop files: %s", missing.message)
            return files

        async def drop() -> None:
            paths = [str(file.path) for file in files]
            data = {"items": [], "files": paths, "dragOperationsMask": _COPY}
            for kind in ("dragEnter", "dragOver", "drop"):
                event = protocol.Input.dispatch_drag_event(kind, zone.x, zone.y, data)
                await self.tab.session.execute(event, timeout=self.left)

        return [] if await self._worked(files, drop) else files

    async def _give(
        self, files: list[UploadFile], *, object_id: str | None = None, node: int | None = None
    ) -> None:
        paths = [str(file.path) for file in files]
        command = protocol.DOM.set_file_input_files(paths, object_id=object_id, backend_node_id=node)
        await self.tab.session.execute(command, timeout=self.left)

    # --- what came of it

    async def _worked(
        self, batch: list[UploadFile], give: Callable[[], Awaitable[None]], key: int | None = None
    ) -> bool:
        """Give the page a batch of files and see what comes of it; False when nothing at all does.

        Raises:
          AttachmentRefused: the page did something, and in the end the files are not there.
        """
        before = await chip_count(self.tab, self.plan.chips)
        watched = {
            "chips": list(self.plan.chips),
            "busy": list(self.plan.busy),
            "refused": [plain_rule(rule) for rule in self.plan.refusals],
            "input": key,
        }
        with _UploadTraffic(self.tab, batch) as traffic:
            try:
                await give()
            except CommandFailed as error:
                # The page took the control away, or Chrome may not read the file.
                _log.info("files could not be given to the page: %s", error.message)
                return False
            size = sum(file.size for file in batch)
            seconds = min(_REACTION_SECONDS + size / _READ_BYTES_PER_SECOND, self.left)
            seen = await self.tab.world.wait("uploadBegins", watched, before, seconds=seconds)
            begun = traffic.seen or self._shows(seen, before)
            if not begun:
                return False
            still = self.left if traffic.seen else _STILL_SECONDS
            wanted = before + len(batch)
            seen = await self.tab.world.wait(
                "uploadEnds", watched, wanted, _QUIET_MS, still * 1000, seconds=self.left
            )
        await self._check(batch, before, seen)
        return True

    @staticmethod
    def _shows(seen: Mapping[str, Any], before: int) -> bool:
        return bool(seen["chips"] != before or seen["busy"] or seen["refused"] >= 0 or seen["emptied"])

    async def _check(self, batch: list[UploadFile], before: int, seen: Mapping[str, Any]) -> None:
        if seen["refused"] >= 0:
            rule = self.plan.refusals[seen["refused"]]
            raise self._refused(await self._missing(batch), rule.message.rstrip(".") or "the page says so")
        if seen["busy"]:
            raise self._refused(batch, f"the upload took longer than {self.plan.seconds:g} s")
        if seen["chips"] < before + len(batch):
            arrived = max(0, seen["chips"] - before)
            why = "the page dropped it" if not arrived else f"only {arrived} of {len(batch)} arrived"
            raise self._refused(await self._missing(batch), why)

    async def _missing(self, batch: list[UploadFile]) -> list[UploadFile]:
        """Those of the batch that no chip names; all of it when the chips don't say."""
        said = "\n".join(await chip_labels(self.tab, self.plan.chips))
        # Sites put counters and stamps behind a name that they have already.
        missing = [file for file in batch if file.path.stem not in said]
        return missing if 0 < len(missing) < len(batch) else batch

    @staticmethod
    def _refused(files: Sequence[UploadFile], why: str) -> AttachmentRefused:
        names = ", ".join(repr(file.name) for file in files)
        return AttachmentRefused(
            f"The site did not take {names}: {why}.", details={"files": [file.name for file in files]}
        )


class _UploadTraffic:
    """Hears whether a request leaves the page that has to do with the files."""

    def __init__(self, tab: Tab, files: Sequence[UploadFile]) -> None:
        self.seen = False
        self._tab = tab
        # As JSON bodies have them, with and without escapes.
        names = {file.name for file in files}
        self._names = names | {json.dumps(name)[1:-1] for name in names}
        self._types = _UPLOAD_TYPES | ({file.media_type for file in files} - _COMMON_TYPES)
        self._undo: Callable[[], None] | None = None

    def __enter__(self) -> _UploadTraffic:
        self._undo = self._tab.session.on(protocol.Network.RequestWillBeSent, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._undo is not None:
            self._undo()

    def _hear(self, event: protocol.Network.RequestWillBeSent) -> None:
        request = event.request
        if request is None or request.method not in ("POST", "PUT", "PATCH"):
            return
        kind = next(
            (value for name, value in (request.headers or {}).items() if name.lower() == "content-type"), ""
        )
        body = request.post_data or ""
        if kind.partition(";")[0].strip() in self._types or any(name in body for name in self._names):
            self.seen = True


def _takes(accept: Sequence[str], file: UploadFile) -> bool:
    return accepts(accept, file.name, file.media_type)
