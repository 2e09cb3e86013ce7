"""The words of a site's own language: those that its decoder compares with, and its definition's."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from cdp_relay.chat.contract import Provider

__all__ = ["known_words"]

_LONGEST = 64
"""Characters; what is longer is a sentence of ours, and no word of the site's."""


def known_words(provider: Provider) -> frozenset[str]:
    """Every short text that the provider's modules and its definition hold, docstrings left out.

    Such a text is part of the site's form, and says nothing of the person, where it is a whole value.
    """
    words = set(_texts(attrs.asdict(provider.site)))
    for tree in _sources(type(provider)):
        words.update(_constants(tree))
    return frozenset(word for word in words if 0 < len(word) <= _LONGEST)


def _sources(provider: type[Provider]) -> Iterator[ast.Module]:
    """The provider's module, and those of its folder that it imports for itself alone, however deep."""
    # A user's own module is in no list of modules; its functions know its file.
    start = provider.new_decoder.__globals__.get("__file__")
    folder = provider.__module__.rpartition(".")[0]
    waiting, seen = [start], set[str]()
    while waiting:
        try:
            tree = ast.parse(Path(str(waiting.pop())).read_text("utf-8"))
        except (
            OSError,
            SyntaxError,
            ValueError,
        ):  # no source: less is known, and more is blotted out
            continue
        yield tree
        for imported in _imports(tree, folder):
            module = sys.modules.get(imported)
            if module is not None and imported.startswith(f"{folder}._") and imported not in seen:
                seen.add(imported)
                waiting.append(module.__file__)


def _imports(tree: ast.Module, folder: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            place = ".".join(part for part in (folder if node.level else "", node.module) if part)
            yield place
            yield from (f"{place}.{alias.name}" for alias in node.names)


def _constants(tree: ast.Module) -> Iterator[str]:
    # A text that stands alone is a docstring, or no more than one.
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
