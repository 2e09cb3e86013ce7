"""Which declared tool a model means by the name that it wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdp_relay.chat.vocabulary import Tool

__all__ = ["find_tool"]

# What models put before a tool's name, out of other systems' habits.
_PREFIX = re.compile(r"^(?:functions?|tools?|default_api)[./:]", re.IGNORECASE)


def find_tool(name: str, tools: Sequence[Tool]) -> Tool | None:
    """The tool of that name, or the only one whose name differs by case, punctuation or such a prefix."""
    for tool in tools:
        if tool.name == name:
            return tool
    bare = _bare(name)
    if not bare:
        return None
    alike = [tool for tool in tools if _bare(tool.name) == bare]
    return alike[0] if len(alike) == 1 else None


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, _PREFIX.sub("", name.strip()).casefold()))
