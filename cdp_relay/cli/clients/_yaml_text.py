"""Small edits of YAML that leave every other character as it is. Sans-IO.

The composer's marks say where each value stands. New keys go to the end of the document, or before
the first key of a mapping further in; new items before the first of a list, which programs that take
the first model as their default like best. What cannot be done so is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cdp_relay.cli.clients._merge import MAX_CHANGES, Unmergeable, Unreadable, match_item
from cdp_relay.cli.clients.plan import Values

__all__ = ["edit_yaml", "read_yaml"]


def read_yaml(text: str) -> Any:
    """The data of a document, tags of the program's own left out; None for an empty one.

    Raises:
      Unreadable: with the line and column of the fault.
    """
    node = _compose(text)
    return None if node is None else _data(node)


def edit_yaml(text: str, values: Values) -> str:
    """Merge *values* into a document.

    Raises:
      Unreadable: the document is broken.
      Unmergeable: something else than wanted stands where a value belongs.
    """
    for _ in range(MAX_CHANGES):
        root = _compose(text)
        if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
            lead = text if not text or text.endswith("\n") else text + "\n"
            return lead + _block(values, 0)
        changed = _Editor(text, root).merge(values)
        if changed is None:
            return text
        text = changed
    raise Unmergeable("the values contradict each other")


def _compose(text: str) -> yaml.Node | None:
    try:
        found: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise Unreadable(f"{where}{error.problem or 'this is no YAML'}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split()) or "it is nested too deeply") from None
    return found


def _data(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(_data(key)): _data(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_data(item) for item in node.value]
    # A type of a program's own keeps its text, and its tag tells it from a string.
    try:
        return yaml.SafeLoader("").construct_object(node)
    except yaml.YAMLError:
        return (node.tag, node.value)


class _Editor:
    def __init__(self, text: str, root: yaml.Node) -> None:
        self._text = text
        self._root = root
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def merge(self, values: Values) -> str | None:
        return self._merge_into(self._root, values, "the document")

    def _merge_into(self, node: yaml.Node, values: Values, where: str) -> str | None:
        if isinstance(values, Mapping):
            if not isinstance(node, yaml.MappingNode):
                raise Unmergeable(f"{where} is no mapping")
            return self._merge_members(node, values)
        if not isinstance(node, yaml.SequenceNode):
            raise Unmergeable(f"{where} is no list")
        return self._merge_items(node, values)

    def _merge_items(self, node: yaml.SequenceNode, values: Sequence[Mapping[str, Any]]) -> str | None:
        data = _data(node)
        for wanted in values:
            index = match_item(data, wanted)
            if index is None:
                return self._add_item(node, wanted)
            if (changed := self._merge_members(node.value[index], wanted)) is not None:
                return changed
        return None

    def _merge_members(self, node: yaml.MappingNode, values: Mapping[str, Any]) -> str | None:
        members = {str(_data(key)): (key, value) for key, value in node.value}
        for key, wanted in values.items():
            if key not in members:
                return self._add_key(node, key, wanted)
            place, value = members[key]
            nested = isinstance(wanted, Mapping) and isinstance(value, yaml.MappingNode)
            listed = _is_list_of_mappings(wanted) and isinstance(value, yaml.SequenceNode)
            if nested or listed:
                changed = self._merge_into(value, wanted, repr(key))
            else:
                changed = None if _data(value) == wanted else self._replace(key, place, value, wanted)
            if changed is not None:
                return changed
        return None

    def _add_key(self, node: yaml.MappingNode, key: str, wanted: Any) -> str:
        start = node.start_mark.index
        if node.flow_style:
            return self._add_flow(node, f"{json.dumps(key)}: {json.dumps(wanted)}")
        column = node.start_mark.column
        block = self._lines({key: wanted}, column)
        if node is self._root and column == 0:
            lead = self._text if self._text.endswith("\n") else self._text + self._newline
            return lead + block
        return self._text[:start] + block.lstrip(" ") + " " * column + self._text[start:]

    def _add_item(self, node: yaml.SequenceNode, wanted: Mapping[str, Any]) -> str:
        if node.flow_style:
            return self._add_flow(node, json.dumps(wanted))
        start, column = node.start_mark.index, node.start_mark.column
        block = self._lines([wanted], column)
        return self._text[:start] + block.lstrip(" ") + " " * column + self._text[start:]

    def _add_flow(self, node: yaml.CollectionNode, rendered: str) -> str:
        behind = node.start_mark.index + 1
        return self._text[:behind] + rendered + (", " if node.value else "") + self._text[behind:]

    def _replace(self, key: str, place: yaml.Node, value: yaml.Node, wanted: Any) -> str:
        start, end = value.start_mark.index, value.end_mark.index
        if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
            raise Unmergeable(f"{key!r} holds several lines, where one value belongs")
        if start < place.end_mark.index:
            raise Unmergeable(f"{key!r} is a reference to another place")
        rendered = json.dumps(wanted) if not isinstance(wanted, str) else _scalar(wanted)
        return self._text[:start] + ("" if start < end else " ") + rendered + self._text[end:]

    def _lines(self, values: Any, column: int) -> str:
        return _block(values, column).replace("\n", self._newline)


def _block(values: Any, column: int) -> str:
    dumped = yaml.safe_dump(_plain(values), sort_keys=False, allow_unicode=True, width=1 << 20)
    return "".join(" " * column + line for line in dumped.splitlines(keepends=True))


def _scalar(text: str) -> str:
    dumped: str = yaml.safe_dump(text, allow_unicode=True, width=1 << 20)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(v, Mapping) for v in value)
