"""Edits of TOML that keep comments, order and spacing. Sans-IO."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable

from cdp_relay.cli.clients._merge import Unmergeable, Unreadable
from cdp_relay.cli.clients.plan import Values

__all__ = ["edit_toml", "read_toml"]


def read_toml(text: str) -> Any:
    """The data of a document.

    Raises:
      Unreadable: with the line and column of the fault.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split()) or "it is nested too deeply") from None


def edit_toml(text: str, values: Values) -> str:
    """Merge *values* into a document.

    Raises:
      Unreadable: the document is broken.
      Unmergeable: something else than wanted stands where a table belongs.
    """
    there = read_toml(text)
    if not isinstance(values, Mapping):
        raise Unmergeable("the document is no list")
    new = {k: v for k, v in values.items() if k not in there and not isinstance(v, Mapping)}
    try:
        document = tomlkit.parse(_with_first(text, there, new))
        _merge(document, values)
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise Unmergeable(" ".join(str(error).split())) from None


def _with_first(text: str, there: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Put new keys of the top before the first table, and before the comment that stands right above it.

    tomlkit would put them between the two.
    """
    first = re.search(r"(?:^[ \t]*#[^\n]*\n)*^[ \t]*\[", text, re.MULTILINE)
    if not new or first is None:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [
        f"{tomlkit.key(key).as_string()} = {tomlkit.item(value).as_string()}" for key, value in new.items()
    ]
    start = first.start()
    changed = text[:start] + newline.join([*lines, "", ""]) + text[start:]
    try:
        fits = tomllib.loads(changed) == {**there, **new}
    except tomllib.TOMLDecodeError:
        fits = False
    # What looked like a table may be a line of a text or a list.
    return changed if fits else text


def _merge(table: Any, values: Mapping[str, Any]) -> None:
    for key, wanted in values.items():
        if not isinstance(wanted, Mapping):
            if key not in table or table[key] != wanted:
                table[key] = wanted
            continue
        if key not in table:
            # [model_providers] alone says nothing: only what it holds gets a header.
            table[key] = tomlkit.table(is_super_table=all(isinstance(v, Mapping) for v in wanted.values()))
        elif not isinstance(table[key], AbstractTable | Mapping):
            raise Unmergeable(f"{key!r} is no table")
        _merge(table[key], wanted)
