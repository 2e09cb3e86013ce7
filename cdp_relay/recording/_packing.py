"""Files that are plain or packed by zstandard: found, read whole within a limit, packed and unpacked."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import zstandard

from cdp_relay.errors import RecordingInvalid

__all__ = ["MAX_FILE_BYTES", "PACKED", "find", "open_private", "pack", "read_file", "unpack"]

PACKED = ".zst"
MAX_FILE_BYTES = 2 << 30
"""Unpacked: many times a long session, and less than what a few forged kilobytes could ask for."""

_LEVEL = 19
"""The strongest one that needs no more memory to unpack than others; slow, and done once."""
_PIECE_BYTES = 1 << 20
_BINARY = getattr(os, "O_BINARY", 0)
"""Windows would write other ends of lines."""


def find(path: Path) -> Path | None:
    """The file itself, or the packed one beside it; whoever edited one by hand left it plain."""
    if path.is_file():
        return path
    packed = path.with_name(path.name + PACKED)
    return packed if packed.is_file() else None


def read_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The bytes of a file, unpacked where its name says that it is packed.

    Raises:
      RecordingInvalid: it is missing, cannot be read, is damaged or too large; the message names it.
    """
    try:
        if path.suffix != PACKED:
            if path.stat().st_size > max_bytes:
                raise _too_large(path, max_bytes)
            return path.read_bytes()
        return _unpacked(path, max_bytes)
    except OSError as error:
        raise RecordingInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except zstandard.ZstdError as error:
        raise RecordingInvalid(f"{path} is damaged: it cannot be unpacked ({error}).") from error


def _unpacked(path: Path, max_bytes: int) -> bytes:
    data = path.read_bytes()
    size = zstandard.frame_content_size(data)
    if size > max_bytes:
        raise _too_large(path, max_bytes)
    unpacker = zstandard.ZstdDecompressor()
    if size >= 0:
        return unpacker.decompress(data, allow_extra_data=False)
    # Another program packed it from a pipe.
    pieces, read = [], 0
    with unpacker.stream_reader(data) as reader:
        while piece := reader.read(_PIECE_BYTES):
            pieces.append(piece)
            read += len(piece)
            if read > max_bytes:
                raise _too_large(path, max_bytes)
    return b"".join(pieces)


def _too_large(path: Path, max_bytes: int) -> RecordingInvalid:
    return RecordingInvalid(f"{path} is too large: more than {max_bytes} bytes, unpacked.")


def pack(path: Path) -> Path:
    """Pack a file, and put the packed one in its place; the same bytes always give the same.

    Raises:
      OSError: it could not be written; the plain one is still there.
    """
    packed = path.with_name(path.name + PACKED)
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with path.open("rb") as source, _whole_or_not(packed) as target:
        packer.copy_stream(source, target, size=path.stat().st_size)
    path.unlink()
    return packed


def unpack(packed: Path, *, max_bytes: int = MAX_FILE_BYTES) -> Path:
    """Unpack a file, and put the plain one in its place.

    Raises:
      RecordingInvalid: it is damaged or too large; it is still there.
      OSError: the plain one could not be written.
    """
    path = packed.with_name(packed.name.removesuffix(PACKED))
    data = read_file(packed, max_bytes=max_bytes)
    with _whole_or_not(path) as target:
        target.write(data)
    packed.unlink()
    return path


@contextmanager
def _whole_or_not(path: Path) -> Generator[IO[bytes]]:
    """A file to write to, which is in its place only once it is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open_private(draft) as target:
            yield target
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def open_private(path: Path) -> IO[bytes]:
    """A new file to write to that only its owner can read.

    Raises:
      OSError: it is there already, or cannot be made.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), "wb")
