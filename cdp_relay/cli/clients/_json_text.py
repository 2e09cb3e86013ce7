"""JSON as people write it, with comments and trailing commas: where each value stands, and small edits.

An edit changes the characters of the value that it is about and no others, so comments, order and
spacing stay. Sans-IO.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from cdp_relay.cli.clients._merge import MAX_CHANGES, Unmergeable, Unreadable, match_item
from cdp_relay.cli.clients.plan import Values

__all__ = ["edit_json", "read_json"]

_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n\r]*|/\*[^\n\r]*?\*/[ \t]*)?(?=\r?\n)")
_MAX_DEPTH = 100


@attrs.frozen
class _Node:
    start: int
    end: int
    data: Any
    members: tuple[tuple[str, _Node], ...] = ()
    items: tuple[_Node, ...] = ()

    @property
    def parts(self) -> tuple[_Node, ...]:
        return self.items or tuple(node for _, node in self.members)


def read_json(text: str) -> Any:
    """The data of a document; None for one that is empty but for comments.

    Raises:
      Unreadable: with the line and column of the fault.
    """
    return None if _SPACE.fullmatch(text) else _Reader(text).document().data


def edit_json(text: str, values: Values) -> str:
    """Merge *values* into a document.

    Raises:
      Unreadable: the document is broken.
      Unmergeable: something else than wanted stands where a value belongs.
    """
    if _SPACE.fullmatch(text):
        lead = text if not text or text.endswith("\n") else text + "\n"
        return lead + json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    for _ in range(MAX_CHANGES):
        # One change at a time: every place is looked up in the text as it is by then.
        changed = _Editor(text, _Reader(text).document()).merge(values)
        if changed is None:
            return text
        text = changed
    raise Unmergeable("the values contradict each other")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> _Node:
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._fault("there is more after the end of the value")
        return node

    def _value(self, depth: int) -> _Node:
        if depth > _MAX_DEPTH:
            raise self._fault("it is nested too deeply")
        self._skip()
        start = self._at
        if self._take("{"):
            return self._object(start, depth)
        if self._take("["):
            return self._array(start, depth)
        if found := _STRING.match(self._text, start) or _PLAIN.match(self._text, start):
            try:
                data = json.loads(found.group())
            except ValueError:
                raise self._fault("this is no value") from None
            self._at = found.end()
            return _Node(start, self._at, data)
        raise self._fault("a value is missing")

    def _object(self, start: int, depth: int) -> _Node:
        members: list[tuple[str, _Node]] = []
        while not self._closes("}"):
            if members:
                self._expect(",", "a comma or '}' is missing")
                if self._closes("}"):
                    break
            name = _STRING.match(self._text, self._at)
            if name is None:
                raise self._fault("a name in double quotes is missing")
            try:
                key = str(json.loads(name.group()))
            except ValueError:
                raise self._fault("this is no name") from None
            self._at = name.end()
            self._expect(":", "a colon is missing")
            members.append((key, self._value(depth + 1)))
        return _Node(start, self._at, {key: node.data for key, node in members}, tuple(members))

    def _array(self, start: int, depth: int) -> _Node:
        items: list[_Node] = []
        while not self._closes("]"):
            if items:
                self._expect(",", "a comma or ']' is missing")
                if self._closes("]"):
                    break
            items.append(self._value(depth + 1))
        return _Node(start, self._at, [node.data for node in items], items=tuple(items))

    def _closes(self, sign: str) -> bool:
        self._skip()
        return self._take(sign)

    def _take(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._at)
        self._at += found
        return found

    def _expect(self, sign: str, complaint: str) -> None:
        self._skip()
        if not self._take(sign):
            raise self._fault(complaint)
        self._skip()

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _fault(self, what: str) -> Unreadable:
        return Unreadable.at(self._text, self._at, what)


class _Editor:
    def __init__(self, text: str, root: _Node) -> None:
        self._text = text
        self._root = root
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._unit = self._find_unit(root)

    def merge(self, values: Values) -> str | None:
        return self._merge_into(self._root, values, "the document")

    def _merge_into(self, node: _Node, values: Values, where: str) -> str | None:
        if isinstance(values, Mapping):
            if not isinstance(node.data, dict):
                raise Unmergeable(f"{where} is no object")
            return self._merge_members(node, values)
        if not isinstance(node.data, list):
            raise Unmergeable(f"{where} is no list")
        for wanted in values:
            index = match_item(node.data, wanted)
            if index is None:
                return self._add(node, self._render(wanted, node))
            if (changed := self._merge_members(node.items[index], wanted)) is not None:
                return changed
        return None

    def _merge_members(self, node: _Node, values: Mapping[str, Any]) -> str | None:
        # Of a name that stands there twice, programs take the last.
        members = dict(node.members)
        for key, wanted in values.items():
            member = members.get(key)
            if member is None:
                return self._add(node, f"{json.dumps(key)}: {self._render(wanted, node)}")
            changed: str | None = None
            nested = isinstance(wanted, Mapping) and isinstance(member.data, dict)
            listed = _is_list_of_mappings(wanted) and isinstance(member.data, list)
            if nested or listed:
                changed = self._merge_into(member, wanted, f"{key!r}")
            elif json.dumps(member.data) != json.dumps(wanted):
                changed = self._splice(member.start, member.end, self._render(wanted, node))
            if changed is not None:
                return changed
        return None

    def _add(self, node: _Node, rendered: str) -> str:
        """Add a member or an item behind the last one, in the form that the others have."""
        inner, outer = self._indent_within(node), self._indent_at(node.start)
        if not node.parts:
            within = self._text[node.start + 1 : node.end - 1]
            tail = "" if within.strip() else self._newline + outer
            end = node.start + 1 if within.strip() else node.end - 1
            return self._splice(node.start + 1, end, self._newline + inner + rendered + tail)
        last = node.parts[-1]
        gap = _SPACE.match(self._text, last.end)
        assert gap is not None
        comma = gap.end() if self._text.startswith(",", gap.end()) else None
        if self._newline not in self._text[node.start : node.parts[0].start]:
            return self._splice(last.end, last.end, ", " + rendered)
        after = last.end if comma is None else comma + 1
        # A remark at the end of the last line belongs to what stands before it.
        rest = _REST_OF_LINE.match(self._text, after)
        end = after if rest is None else rest.end()
        line = self._newline + inner + rendered + ("" if comma is None else ",")
        text = self._splice(end, end, line)
        return text if comma is not None else text[: last.end] + "," + text[last.end :]

    def _render(self, value: Any, node: _Node) -> str:
        rendered = json.dumps(value, indent=self._unit, ensure_ascii=False)
        return rendered.replace("\n", self._newline + self._indent_within(node))

    def _indent_within(self, node: _Node) -> str:
        if node.parts and self._newline in self._text[node.start : node.parts[0].start]:
            return self._indent_at(node.parts[0].start)
        return self._indent_at(node.start) + self._unit

    def _indent_at(self, at: int) -> str:
        line = self._text[self._text.rfind("\n", 0, at) + 1 : at].lstrip("\ufeff")
        return line[: len(line) - len(line.lstrip())]

    def _find_unit(self, root: _Node) -> str:
        if root.parts:
            before = self._text[root.start : root.parts[0].start]
            if "\n" in before and (indent := self._indent_at(root.parts[0].start)):
                return indent
        return "  "

    def _splice(self, start: int, end: int, new: str) -> str:
        return self._text[:start] + new + self._text[end:]


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(v, Mapping) for v in value)
