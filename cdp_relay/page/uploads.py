"""Files on the disk for as long as a page may want to read them, under names that are safe and plain."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

__all__ = ["UploadFile", "UploadFolder", "accepts", "open_upload_folder", "plain_names"]

_NAME_BYTES = 120
"""File systems take 255 bytes; sites put stamps and counters behind a name."""

_CLEAN_UP_SECONDS = 5.0

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""


@attrs.frozen(kw_only=True)
class UploadFile:
    """A file on the disk that a page is to get."""

    path: Path
    media_type: str
    size: int

    @property
    def name(self) -> str:
        """What the page is told."""
        return self.path.name


@attrs.define(eq=False)
class UploadFolder:
    """A folder of the relay's own that nobody else may read. Made by :func:`open_upload_folder`."""

    path: Path | None = None
    """Mode 0700; None as long as nothing was written."""

    async def write(self, name: str, media_type: str, data: bytes) -> UploadFile:
        """Write one file; *name* is one of :func:`plain_names`."""
        if self.path is None:
            self.path = await trio.to_thread.run_sync(
                lambda: Path(tempfile.mkdtemp(prefix="cdp-relay-files-"))
            )
        path = self.path / name
        await trio.to_thread.run_sync(path.write_bytes, data)
        return UploadFile(path=path, media_type=media_type, size=len(data))


@asynccontextmanager
async def open_upload_folder() -> AsyncGenerator[UploadFolder, None]:
    """A folder that is there from its first file on, and is removed with all its files when the block ends.

    Pages read a file when they send it, which may be long after it was chosen: keep the folder for
    as long as the page is at work.
    """
    folder = UploadFolder()
    try:
        yield folder
    finally:
        if (path := folder.path) is not None:
            with trio.move_on_after(_CLEAN_UP_SECONDS, shield=True):
                await trio.to_thread.run_sync(lambda: shutil.rmtree(path, ignore_errors=True))


def plain_names(names: Iterable[str]) -> tuple[str, ...]:
    """Turn what clients call their files into names that are safe, bounded, and each there once.

    Without folders, control and formatting characters, and what a file system keeps for itself. The
    ending stays, because sites go by it; equal names get a number, as case is no difference to some
    file systems.
    """
    given: set[str] = set()
    plain = []
    for name in names:
        stem, ending = _split(_cleaned(name))
        candidate, number = stem + ending, 1
        while candidate.casefold() in given:
            number += 1
            candidate = f"{stem}-{number}{ending}"
        given.add(candidate.casefold())
        plain.append(candidate)
    return tuple(plain)


def accepts(accept: Sequence[str], name: str, media_type: str) -> bool:
    """Whether a list as in a file input's ``accept`` allows a file; an empty list allows all."""
    wanted = [one.strip().lower() for one in accept if one.strip()]
    kind = media_type.partition(";")[0].strip().lower()
    return not wanted or any(_allows(one, name.lower(), kind) for one in wanted)


def _allows(wanted: str, name: str, kind: str) -> bool:
    if wanted.startswith("."):
        return name.endswith(wanted)
    if wanted in ("*", "*/*"):
        return True
    if wanted.endswith("/*"):
        return kind.startswith(wanted[:-1])
    return kind == wanted


def _cleaned(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(
        "_" if character in '<>:"|?*' else character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character)[0] != "C"
    )
    bare = shown.strip(" .")
    if not bare:
        return "file"
    return f"_{bare}" if _RESERVED.fullmatch(bare) else bare


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or len(ending.encode()) > 20:
        stem, ending = name, ""
    else:
        ending = f".{ending}"
    room = _NAME_BYTES - len(ending.encode())
    return stem.encode()[:room].decode("utf-8", "ignore"), ending
