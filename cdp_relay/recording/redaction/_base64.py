"""Texts that stand in base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

__all__ = ["decoded_text", "with_text_changed"]

_FROM_URLS = str.maketrans("-_", "+/")
_TO_URLS = str.maketrans("+/", "-_")


def decoded_text(run: str) -> str | None:
    """The text that stands in base64 of either alphabet, padded or not; None where it is none."""
    bare = run.rstrip("=")
    if len(bare) % 4 == 1:
        return None
    try:
        data = base64.b64decode(bare.translate(_FROM_URLS) + "=" * (-len(bare) % 4))
        text = data.decode()
    except (ValueError, binascii.Error):
        return None
    return text if all(one.isprintable() or one.isspace() for one in text) else None


def with_text_changed(run: str, change: Callable[[str], str]) -> str:
    """The base64 of what is made of its text, spelled as before; itself where it holds none."""
    text = decoded_text(run)
    told = text if text is None else change(text)
    if text is None or told is None or told == text:
        return run
    bare = base64.b64encode(told.encode()).decode().rstrip("=")
    if "-" in run or "_" in run:
        bare = bare.translate(_TO_URLS)
    return bare + "=" * (len(run) - len(run.rstrip("=")))
