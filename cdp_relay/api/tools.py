"""The tools of a request, as all dialects have them: names and schemas checked, and a choice that fits.

How a dialect spells a tool is its own matter. What it cannot offer (a search of the vendor's, a tool of
a kind that is not known) is never refused, as clients send the same list to every server: it is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.chat.vocabulary import Tool, ToolChoice, ToolMode
from cdp_relay.errors import InvalidRequest
from cdp_relay.text import check_text

__all__ = ["ToolBox", "describe_grammar", "read_schema"]

_MAX_NAME_CHARS = 256
_MAX_SCHEMA_DEPTH = 64
"""Far beyond what tools have (about 12), and near enough that nobody's recursion ends over it."""

_MODES = {
    "auto": ToolMode.AUTO,
    "none": ToolMode.NONE,
    "required": ToolMode.REQUIRED,
    "any": ToolMode.REQUIRED,
}


@attrs.define
class ToolBox:
    """The tools that a request offers, in order, and what of its list is left out."""

    ignored: list[str] = attrs.field(factory=list)
    """Names for what is left out, as the header ``x-cdp-relay-ignored`` shows them."""
    _tools: dict[str, tuple[Field, Tool]] = attrs.field(factory=dict)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that the model may be offered."""
        return tuple(tool for _, tool in self._tools.values())

    def add(
        self, field: Field, *, schema: str = "parameters", freeform: bool = False, rules: str = ""
    ) -> None:
        """Add the tool that an object describes.

        One that has the name of an earlier tool takes its place, as it does where clients keep theirs.

        Args:
          field: an object with ``name``, ``description`` and a schema.
          schema: the member that holds the schema.
          rules: what the description has to say beside its own words.

        Raises:
          InvalidRequest: the object is malformed.
        """
        name = field.get("name").text()
        if not name.strip() or len(name) > _MAX_NAME_CHARS:
            raise InvalidRequest(
                f"{field.path}.name is empty or longer than {_MAX_NAME_CHARS} characters.",
                param=f"{field.path}.name",
            )
        description = field.get("description")
        told = "" if description.is_null else description.text()
        tool = Tool(
            name=name,
            description="\n\n".join(text for text in (told, rules) if text),
            parameters={} if freeform else read_schema(field.get(schema)),
            freeform=freeform,
        )
        if name in self._tools:
            earlier, _ = self._tools.pop(name)
            self._note(f"{earlier.path} (declared again)")
        self._tools[name] = (field, tool)

    def leave_out(self, field: Field, kind: str) -> None:
        """Note a tool that is of a kind which cannot be offered."""
        place = field.path.partition("[")[0]
        self._note(f"{place}.{kind}" if kind else place)

    def mode(self, field: Field) -> ToolMode:
        """Read the word for a choice.

        Raises:
          InvalidRequest: it is another word, or asks for a call where there is no tool.
        """
        mode = _MODES.get(field.string())
        if mode is None:
            raise InvalidRequest(f"{field.path} is none of {', '.join(_MODES)}.", param=field.path)
        if mode is ToolMode.REQUIRED and not self._tools:
            if self.ignored:  # tools of other kinds, which the model would have had elsewhere
                self._note(field.path)
                return ToolMode.AUTO
            raise InvalidRequest(f"{field.path} asks for a call, but there are no tools.", param=field.path)
        return mode

    def named(self, field: Field) -> str:
        """Read the name of a tool that is to be called.

        Raises:
          InvalidRequest: no tool has this name.
        """
        name = field.text()
        if name not in self._tools:
            raise InvalidRequest(
                f"{field.path} names {name[:100]!r}, which is none of the tools.",
                param=field.path,
                next_step="Name one of the tools that the request declares.",
            )
        return name

    def only(self, names: Iterable[str], mode: ToolMode) -> ToolChoice:
        """The choice among these tools; where there are none of them left, none may be called."""
        kept = tuple(dict.fromkeys(names))
        return ToolChoice(mode=mode if kept else ToolMode.NONE, names=kept)

    def _note(self, name: str) -> None:
        if name not in self.ignored:
            self.ignored.append(name)


def describe_grammar(grammar: Field) -> str:
    """What the model is told of the language that a freeform tool takes; empty where none is given."""
    definition, syntax = grammar.get("definition"), grammar.get("syntax")
    if definition.is_null:
        return ""
    name = "" if syntax.is_null else f"{syntax.text()} "
    return f"The input has to follow this {name}grammar:\n{definition.text()}"


def read_schema(field: Field) -> Mapping[str, Any]:
    """Read a JSON Schema, which is an object; nothing at all says nothing.

    Raises:
      InvalidRequest: it is something else, or nested too deeply.
      InvalidText: a string of it cannot be typed.
    """
    if field.is_null:
        return {}
    schema: Mapping[str, Any] = field.object().value
    level: list[Any] = [schema]
    for _ in range(_MAX_SCHEMA_DEPTH):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            check_text(json.dumps(schema, ensure_ascii=False), name=field.path, param=field.path)
            return schema
    raise InvalidRequest(
        f"{field.path} is nested more than {_MAX_SCHEMA_DEPTH} levels deep.", param=field.path
    )
