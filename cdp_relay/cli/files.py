"""Files that ``chat`` sends along, and those of an answer that it keeps."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

__all__ = ["Keeper", "as_part", "read_files"]


def read_files(paths: Sequence[Path]) -> list[tuple[str, str, bytes]]:
    """Read files; gives each one's name, media type and data."""
    from cdp_relay.chat.media import guess_type, sniff_type

    files = []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise click.UsageError(f"{path} cannot be read: {error.strerror}.") from None
        if not data:
            raise click.UsageError(f"{path} is empty.")
        files.append((path.name, sniff_type(data) or guess_type(path.name, data), data))
    return files


def as_part(name: str, media_type: str, data: bytes) -> dict[str, Any]:
    """A file as a part of a message's content."""
    url = f"data:{media_type};base64,{b64encode(data).decode()}"
    if media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}, "name": name}
    return {"type": "file", "file": {"filename": name, "file_data": url}}


class Keeper:
    """Keeps an answer's files in a folder, beside what is there; without one only tells of them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.kept: list[dict[str, Any]] = []
        """What came, JSON-ready; ``path`` is null for what was not kept."""

    def take_parts(self, delta: dict[str, Any]) -> None:
        """Take the files of one delta of the service's stream."""
        for part in (*delta.get("images", ()), *delta.get("files", ())):
            file = part.get("file") or {}
            url = file.get("file_data") or part.get("image_url", {}).get("url", "")
            head, _, coded = url.partition(";base64,")
            self.take(str(file.get("filename") or part.get("name")), head[5:], b64decode(coded))

    def take(self, name: str, media_type: str, data: bytes) -> None:
        """Take one file; a name that the folder has already gets a number."""
        path = None if self._folder is None else self._write(self._folder, name, data)
        self.kept.append(
            {"name": name, "media_type": media_type, "bytes": len(data), "path": path and str(path)}
        )

    def report(self) -> None:
        """Say on stderr what came."""
        for file in self.kept:
            where = file["path"] or "not kept (--save FOLDER keeps it)"
            click.echo(f"{file['name']}, {file['bytes']} bytes: {where}", err=True)

    def _write(self, folder: Path, name: str, data: bytes) -> Path:
        from cdp_relay.page.uploads import plain_names

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / plain_names([*os.listdir(folder), name])[-1]
        # Never over a file that came there in the same moment.
        with path.open("xb") as file:
            file.write(data)
        return path
