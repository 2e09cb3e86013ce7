"""The picture that the practice page makes: drawn here, so that no file has to be brought along."""

from __future__ import annotations

import math
import struct
import zlib

__all__ = ["draw_river"]

_PICTURE_SIZE = 96


def draw_river() -> bytes:
    """A picture as PNG: a river between green banks, under a sky that fades."""
    rows = bytearray()
    for y in range(_PICTURE_SIZE):
        rows.append(0)  # a row without a filter
        middle = _PICTURE_SIZE / 2 + 10 * math.sin(y / 9)
        for x in range(_PICTURE_SIZE):
            if y < _PICTURE_SIZE // 3:
                rows += bytes((150 + y, 200 + y, 255))
            elif abs(x - middle) < y / 5:
                rows += bytes((40, 90, 200 - y))
            else:
                rows += bytes((60, 190 - y, 60))
    head = struct.pack(">IIBBBBB", _PICTURE_SIZE, _PICTURE_SIZE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
