"""Calls that a model wrote in a form of its own, found in the finished text."""

from __future__ import annotations

import re

from cdp_relay.chat.calls._names import find_tool
from cdp_relay.chat.calls._shapes import ARGUMENT_KEYS, NAME_KEYS
from cdp_relay.chat.calls.protocol import CallProtocol

__all__ = ["find_lookalike"]

_LOOKED_AT = 64 * 1024
"""Characters of the text's end; a call stands at an answer's end, and what comes before it is an example."""
_LAST_WORDS = 200
"""As many characters may follow a call: a model may say that it waits."""
_BLOCK = re.compile(
    r"^[ \t]*+(?P<run>`{3,}+|~{3,}+)[^\n]*+\n(?P<fenced>[\s\S]*?)(?:^[ \t]*+(?P=run)|\Z)"
    r"|<(?P<tag>tool_call|tool_use|function_call|invoke)\b(?P<tagged>[\s\S]*?)(?:</(?P=tag)>|\Z)",
    re.MULTILINE,
)
_NAME = re.compile(rf'["\'](?:{"|".join(NAME_KEYS)})["\']\s*:\s*["\']([^"\'\n]+)["\']')
_ARGUMENTS = re.compile(rf'["\'](?:{"|".join(ARGUMENT_KEYS)})["\']\s*:')
_NAME_ATTRIBUTE = re.compile(r'^\s+name="([^"\n]+)"')


def find_lookalike(text: str, protocol: CallProtocol) -> str | None:
    """What at the end of *text* looks like the call of a declared tool; None when nothing does."""
    end = text[-_LOOKED_AT:]
    found = None
    for block in _BLOCK.finditer(end):
        found = block
    if found is None:
        bare = end.strip()
        return bare if bare.startswith(("{", "[")) and _is_call(bare, protocol) else None
    if len(end[found.end() :].strip()) > _LAST_WORDS:
        return None
    raw = found[0]
    if found["tag"]:
        name = _NAME_ATTRIBUTE.match(found["tagged"])
        if name is not None and find_tool(name[1], protocol.tools) is not None:
            return raw
        return raw if _is_call(found["tagged"], protocol) else None
    body = found["fenced"].strip()
    if protocol.marker in body.lower():
        return raw if _is_call(body, protocol) else None  # a call inside of another code block
    return raw if body.startswith(("{", "[")) and _is_call(body, protocol) else None


def _is_call(text: str, protocol: CallProtocol) -> bool:
    name = _NAME.search(text)
    return (
        name is not None
        and _ARGUMENTS.search(text) is not None
        and find_tool(name[1], protocol.tools) is not None
    )
