"""A recording as a folder: what it is of, its network traffic, its pages, and what the relay heard.

* ``recording.json``: what it is of, the steps, how the definition fitted the page at each; never packed.
* ``session.har``: the network, HAR 1.2.
* ``pages/NN-STEP.html`` and ``pages/NN-STEP.storage.json``: the page at each step, and its local storage.
* ``events.jsonl``: what the relay said of its turn, an event on a line.

Each but the first may be packed (``.zst``). Only its owner can read what is written.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import attrs
import msgspec

from cdp_relay.errors import InternalError, RecordingInvalid, UserError
from cdp_relay.recording._json import from_json, to_json, to_pretty_json
from cdp_relay.recording._packing import PACKED, find, open_private, pack, read_file, unpack
from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.session import FORMAT, About, Body, Heard, Look, Mark, Session, Snapshot

__all__ = [
    "ABOUT_FILE",
    "EVENTS_FILE",
    "HAR_FILE",
    "PAGES_FOLDER",
    "is_recording",
    "pack_recording",
    "read_about",
    "read_recording",
    "unpack_recording",
    "write_recording",
]

ABOUT_FILE = "recording.json"
HAR_FILE = "session.har"
PAGES_FOLDER = "pages"
EVENTS_FILE = "events.jsonl"

_MAX_ABOUT_BYTES = 16 << 20

T = TypeVar("T")


class _OfStep(Protocol):
    @property
    def step(self) -> str: ...


P = TypeVar("P", bound=_OfStep)
"""A snapshot, or what ``recording.json`` says of one."""


class _Page(msgspec.Struct, kw_only=True):
    step: str
    at: float
    url: str
    title: str = ""


class _About(msgspec.Struct, kw_only=True):
    format: int
    about: About
    marks: tuple[Mark, ...] = ()
    pages: tuple[_Page, ...] = ()
    looks: tuple[Look, ...] = ()


class _Format(msgspec.Struct):
    format: int


def write_recording(folder: Path, session: Session, *, replace: bool = False) -> None:
    """Write a session as a folder: the whole of it, or nothing.

    Raises:
      UserError: the folder is there already, and *replace* is not said or it is no recording.
      InternalError: the session was not redacted; nothing of it may be on a disk.
      OSError: it could not be written; what was there before still is.
    """
    if not session.about.redacted:
        raise InternalError("A session that was not redacted was to be written.")
    _check_free(folder, replace=replace)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
    draft.mkdir(mode=0o700)
    try:
        _write_files(draft, session)
        _put_in_place(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _check_free(folder: Path, *, replace: bool) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if (folder.exists() or folder.is_symlink()) and not is_recording(folder):
        raise UserError(
            f"{folder} exists and is no recording; it is left alone.", next_step="Name another folder."
        )
    if folder.exists() and not replace:
        raise UserError(
            f"{folder} holds a recording already.",
            next_step="Name another folder, or say that it is replaced.",
        )


def _put_in_place(draft: Path, folder: Path) -> None:
    """Rename the draft; whatever was there is removed once it is, and put back if it cannot be."""
    if not folder.exists():
        draft.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.rename(old)
    try:
        draft.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def _write_files(folder: Path, session: Session) -> None:
    with open_private(folder / HAR_FILE) as file:
        write_har(session, file)
    (folder / PAGES_FOLDER).mkdir(mode=0o700)
    for name, snapshot in _page_files(session.snapshots):
        with open_private(folder / PAGES_FOLDER / f"{name}.html") as file:
            file.write(snapshot.html.read())
        with open_private(folder / PAGES_FOLDER / f"{name}.storage.json") as file:
            file.write(to_pretty_json(dict(snapshot.storage)))
    with open_private(folder / EVENTS_FILE) as file:
        for heard in session.heard:
            file.write(to_json({"at": round(heard.at, 6), "event": dict(heard.event)}) + b"\n")
    with open_private(folder / ABOUT_FILE) as file:
        file.write(to_pretty_json(_about_document(session)))


def _page_files(pages: Sequence[P]) -> Iterator[tuple[str, P]]:
    """The name, without an ending, of each page's files."""
    for number, page in enumerate(pages, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", page.step.lower())[:40].strip("-")
        yield f"{number:02}-{slug or 'page'}", page


def _about_document(session: Session) -> dict[str, Any]:
    def plain(value: Any) -> dict[str, Any]:
        return attrs.asdict(value, recurse=False)

    return {
        "format": FORMAT,
        "about": plain(session.about),
        "marks": [plain(mark) | {"at": round(mark.at, 6)} for mark in session.marks],
        "pages": [
            {"step": one.step, "at": round(one.at, 6), "url": one.url, "title": one.title}
            for one in session.snapshots
        ],
        "looks": [plain(look) for look in session.looks],
    }


# --- read ----------------------------------------------------------------------------------------


def is_recording(folder: Path) -> bool:
    """Whether a folder is a recording, as far as a glance tells."""
    return (folder / ABOUT_FILE).is_file()


def read_about(folder: Path) -> About:
    """Only what a recording is of.

    Raises:
      RecordingInvalid: it is none, is damaged, or was written by a newer version.
    """
    return _read_about(folder).about


def read_recording(folder: Path) -> Session:
    """Read a folder, packed or not; all of it but the known texts, which are never written.

    Raises:
      RecordingInvalid: it is no recording, is damaged, or was written by a newer version; the message
        names the file, and the place in it.
    """
    head = _read_about(folder)
    session = read_har(_found(folder, HAR_FILE))
    return attrs.evolve(
        session,
        about=head.about,
        marks=head.marks,
        snapshots=tuple(_snapshot(folder, name, page) for name, page in _page_files(head.pages)),
        looks=head.looks,
        heard=tuple(_heard(folder)),
    )


def _read_about(folder: Path) -> _About:
    if not folder.is_dir():
        raise RecordingInvalid(f"{folder} is no folder.")
    path = folder / ABOUT_FILE
    if not path.is_file():
        raise RecordingInvalid(f"{folder} is no recording: it has no {ABOUT_FILE}.")
    document = _json(read_file(path, max_bytes=_MAX_ABOUT_BYTES), path)
    number = _converted(document, _Format, path).format
    if number > FORMAT:
        raise RecordingInvalid(
            f"{path} is of format {number}, and this version reads up to {FORMAT}.",
            next_step="Update CDP Relay, then read it again.",
        )
    return _converted(document, _About, path)


def _found(folder: Path, name: str) -> Path:
    path = find(folder / name)
    if path is None:
        raise RecordingInvalid(f"{folder} has no {name}, nor {name}{PACKED}.")
    return path


def _snapshot(folder: Path, name: str, page: _Page) -> Snapshot:
    html = _found(folder, f"{PAGES_FOLDER}/{name}.html")
    storage = _found(folder, f"{PAGES_FOLDER}/{name}.storage.json")
    return Snapshot(
        step=page.step,
        at=page.at,
        url=page.url,
        title=page.title,
        html=Body.of(read_file(html)),
        storage=_converted(_json(read_file(storage), storage), dict[str, str], storage),
    )


def _heard(folder: Path) -> Iterator[Heard]:
    path = _found(folder, EVENTS_FILE)
    for number, line in enumerate(read_file(path).splitlines(), start=1):
        place = f"{path}, line {number},"
        yield _converted(_json(line, place), Heard, place)


def _json(data: bytes, place: object) -> Any:
    try:
        return from_json(data)
    except ValueError as error:
        raise RecordingInvalid(f"{place} is damaged: it is no JSON ({error}).") from error


def _converted(document: Any, kind: type[T], place: object) -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise RecordingInvalid(f"{place} is damaged: {error}.") from error


# --- packed and unpacked --------------------------------------------------------------------------


def pack_recording(folder: Path) -> None:
    """Pack every file but ``recording.json``; the same recording always gives the same bytes.

    Raises:
      RecordingInvalid: the folder is no recording.
      OSError: a file could not be written; each is there still, plain or packed.
    """
    _read_about(folder)
    for path in list(_files(folder)):
        if path.suffix != PACKED:
            pack(path)


def unpack_recording(folder: Path) -> None:
    """Make every file plain again.

    Raises:
      RecordingInvalid: the folder is no recording, or a file is damaged.
      OSError: a file could not be written; each is there still, plain or packed.
    """
    _read_about(folder)
    for path in list(_files(folder)):
        if path.suffix == PACKED:
            unpack(path)


def _files(folder: Path) -> Iterator[Path]:
    """Those of a recording that may be packed, and nothing that somebody put beside them."""
    for name in (HAR_FILE, EVENTS_FILE):
        if path := find(folder / name):
            yield path
    pages = folder / PAGES_FOLDER
    names = {path.name.removesuffix(PACKED) for path in pages.glob("*") if path.is_file()}
    for name in sorted(names):
        if name.endswith((".html", ".storage.json")) and (path := find(pages / name)):
            yield path
