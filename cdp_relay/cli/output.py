"""Printing JSON that any terminal's encoding can carry."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

__all__ = ["plain", "print_json"]


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print *value* on stdout; with escapes where the output's encoding, or UTF-8, lacks a character."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    click.echo(text)


def plain(text: str) -> str:
    """A text of a page's on one line of a terminal, where no control character of it does anything."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
