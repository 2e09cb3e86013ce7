"""A tool, and the JSON Schema of its parameters, written down in the TypeScript that models know well.

Nothing is lost on the way: what the form has no words for stands beside it as JSON Schema. Only what
says nothing about the arguments is left out (``$schema``, ``title``, a strict mode's
``additionalProperties: false``, which the rules say for all tools).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import attrs

from cdp_relay.chat.vocabulary import Tool

__all__ = ["render_schema", "render_tool"]

_SILENT = frozenset({"$schema", "$id", "$comment", "$anchor", "title", "strict", "$defs", "definitions"})
_TYPES = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})
_NOTES = {
    "format": "format {}",
    "pattern": "pattern {}",
    "minLength": "min length {}",
    "maxLength": "max length {}",
    "minimum": "min {}",
    "maximum": "max {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "multiple of {}",
    "minItems": "min items {}",
    "maxItems": "max items {}",
    "minProperties": "min keys {}",
    "maxProperties": "max keys {}",
    "default": "default {}",
    "examples": "examples {}",
}
_FLAGS = {"uniqueItems": "unique items", "deprecated": "deprecated", "readOnly": "read only"}
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_DEPTH = 24
"""Levels of nesting that are written out; what lies deeper is given as JSON Schema."""


def render_tool(tool: Tool) -> str:
    """A tool as a section of Markdown: its name, what it does, what it takes."""
    lines = [f"### {tool.name}", tool.description.strip()]
    if tool.freeform:
        lines.append("input: plain text")
    else:
        lines.append(f"arguments: {render_schema(tool.parameters)}")
    return "\n".join(line for line in lines if line)


def render_schema(schema: Any) -> str:
    """A JSON Schema as a TypeScript type, with the types that it refers to below it."""
    if schema == {}:
        return "{}"
    writer = _Writer(schema)
    written = writer.type_of(schema, 0)
    text = f"{written.text}{_comment(written.notes)}"
    return "\n".join(
        [*(f"// {line}" for line in written.lead), text, *writer.named_types(), *writer.definitions()]
    )


@attrs.define
class _Written:
    """A type, and what is to be said beside it."""

    text: str
    notes: list[str] = attrs.field(factory=list)
    lead: list[str] = attrs.field(factory=list)
    """The lines of its description."""
    union: bool = False
    """Whether it has to be bracketed before anything is put behind it."""


class _Writer:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._targets: list[tuple[str, Any]] = []
        self._level = 0
        self._leads_nowhere = False

    def definitions(self) -> list[str]:
        """The definitions as they are, when something refers to them in a way that is not understood."""
        if not self._leads_nowhere or not isinstance(self._root, Mapping):
            return []
        kept = {key: self._root[key] for key in ("$id", "$defs", "definitions") if key in self._root}
        return [f"// JSON Schema: {_json(kept)}"] if kept else []

    def named_types(self) -> list[str]:
        """The types that were referred to; those that they refer to themselves come last."""
        lines: list[str] = []
        done = 0
        while done < len(self._targets):
            name, target = self._targets[done]
            written = self.type_of(target, 0)
            lines += [f"// {line}" for line in written.lead]
            lines.append(f"type {name} = {written.text}{_comment(written.notes)}")
            done += 1
        return lines

    def type_of(self, schema: Any, depth: int) -> _Written:
        if schema is True or schema == {}:
            return _Written("any")
        if schema is False:
            return _Written("never")
        if not isinstance(schema, Mapping) or self._level > _DEPTH:
            return _Written("any", [f"JSON Schema: {_json(schema)}"])
        rest = {key: value for key, value in schema.items() if key not in _SILENT}
        self._level += 1
        written = self._node(rest, depth)
        self._level -= 1
        description = rest.pop("description", None)
        if isinstance(description, str):
            written.lead = [*description.strip().split("\n"), *written.lead]
        elif description is not None:
            rest["description"] = description
        written.notes += _take_notes(rest)
        if rest:
            written.notes.append(f"JSON Schema: {_json(rest)}")
        return written

    def _node(self, rest: dict[str, Any], depth: int) -> _Written:
        """The type itself; what it says is taken out of *rest*."""
        parts: list[_Written] = []
        nullable = rest.get("nullable") is True and bool(rest.pop("nullable"))
        reference = self._reference(rest)
        if reference is not None:
            parts.append(_Written(reference))
        if "const" in rest:
            rest.pop("type", None)
            parts.append(_Written(_json(rest.pop("const"))))
        elif isinstance(rest.get("enum"), list) and rest["enum"]:
            rest.pop("type", None)
            choices = rest.pop("enum")
            parts.append(_Written(" | ".join(map(_json, choices)), union=len(choices) > 1))
        else:
            plain = self._plain(rest, depth)
            parts += [plain] if plain is not None else []
        for key, sign in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
            if isinstance(rest.get(key), list) and rest[key]:
                members = rest.pop(key)
                parts.append(self._joined(members, sign, depth))
        if not parts:
            whole = _Written("any")
        elif len(parts) == 1:
            whole = parts[0]
        else:
            whole = _Written(" & ".join(_bracketed(part) for part in parts), union=True)
            whole.notes = [note for part in parts for note in part.notes]
            whole.lead = [line for part in parts for line in part.lead]
        if nullable and "null" not in whole.text.split(" | "):
            whole = attrs.evolve(whole, text=f"{whole.text} | null", union=True)
        return whole

    def _plain(self, rest: dict[str, Any], depth: int) -> _Written | None:
        """What ``type`` says, or the keywords that imply one."""
        types = rest.get("type")
        names = [types] if isinstance(types, str) else types if isinstance(types, list) else None
        if names is None and types is None:
            if "properties" in rest:
                names = ["object"]
            elif "items" in rest or "prefixItems" in rest:
                names = ["array"]
        if not names or not all(isinstance(one, str) and one in _TYPES for one in names):
            return None
        rest.pop("type", None)
        written = [self._type_named(name, rest, depth) for name in names]
        if len(written) == 1:
            return written[0]
        notes = [note for one in written for note in one.notes]
        return _Written(" | ".join(one.text for one in written), notes, union=True)

    def _type_named(self, name: str, rest: dict[str, Any], depth: int) -> _Written:
        if name == "object":
            return self._object(rest, depth)
        if name == "array":
            return self._array(rest, depth)
        return _Written(name)

    def _array(self, rest: dict[str, Any], depth: int) -> _Written:
        fixed = rest.get("prefixItems")
        items = rest.pop("items", True)
        if not isinstance(fixed, list) and isinstance(items, list):
            fixed, items = items, rest.pop("additionalItems", True)  # as it was written before 2020
        elif isinstance(fixed, list):
            rest.pop("prefixItems")
        if not isinstance(fixed, list):
            item = self.type_of(items, depth)
            return _Written(f"{_bracketed(item, inline=True)}[]")
        members = [_inline(self.type_of(one, depth)) for one in fixed]
        if items is not False:
            members.append(f"...{_bracketed(self.type_of(items, depth), inline=True)}[]")
        return _Written(f"[{', '.join(members)}]")

    def _object(self, rest: dict[str, Any], depth: int) -> _Written:
        properties = rest.get("properties")
        if not isinstance(properties, Mapping):
            properties = {}
        else:
            rest.pop("properties")
        required = rest.get("required")
        needed = [one for one in required if isinstance(one, str)] if isinstance(required, list) else []
        if isinstance(required, list):
            rest.pop("required")
            if unknown := [one for one in required if one not in properties]:
                rest["required"] = unknown
        extra = rest.get("additionalProperties")
        if extra is False:
            rest.pop("additionalProperties")
        pad = "  " * (depth + 1)
        lines: list[str] = []
        for name, schema in properties.items():
            mark = "" if name in needed else "?"
            lines += _field(f"{_key(name)}{mark}", self.type_of(schema, depth + 1), pad)
        if extra is not None and extra is not False:
            rest.pop("additionalProperties")
            if extra is not True or properties:
                lines += _field("[key: string]", self.type_of(extra, depth + 1), pad)
        if not lines:
            return _Written("{}" if extra is False else "object")
        if len(lines) == 1 and not properties and "//" not in lines[0]:
            return _Written(f"{{ {lines[0].strip()} }}")
        return _Written("{\n" + "\n".join(lines) + "\n" + "  " * depth + "}")

    def _joined(self, members: Sequence[Any], sign: str, depth: int) -> _Written:
        written = [self.type_of(member, depth) for member in members]
        if len(written) == 1:
            return written[0]
        texts = [_bracketed(one, inline=True) if sign == " & " else _inline(one) for one in written]
        return _Written(sign.join(dict.fromkeys(texts)), union=True)

    def _reference(self, rest: dict[str, Any]) -> str | None:
        """The name of the type that is referred to; None where it leads nowhere in this document."""
        reference = rest.get("$ref")
        if not isinstance(reference, str):
            return None
        known = self._names.get(reference)
        if known is None:
            found, target = _follow(self._root, reference)
            if not found:
                self._leads_nowhere = True
                return None
            known = self._new_name(reference)
            self._names[reference] = known
            self._targets.append((known, target))
        rest.pop("$ref")
        return known

    def _new_name(self, reference: str) -> str:
        last = reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        base = re.sub(r"\W+", "_", last).strip("_") or "Arguments"
        base = base if _NAME.fullmatch(base) and base not in _TYPES else f"T_{base}"
        name, number = base, 2
        while name in self._names.values():
            name, number = f"{base}{number}", number + 1
        return name


def _field(head: str, written: _Written, pad: str) -> list[str]:
    """A property's lines: a long description above it, a short one behind."""
    notes = _comment(written.notes)
    if len(written.lead) == 1 and "\n" not in written.text:
        inner = "; ".join([*written.lead, *written.notes])
        return [f"{pad}{head}: {written.text} // {inner}"]
    return [*(f"{pad}// {line}".rstrip() for line in written.lead), f"{pad}{head}: {written.text}{notes}"]


def _inline(written: _Written) -> str:
    """A type in the middle of another, with what is to be said of it."""
    said = "; ".join([" ".join(written.lead)] * bool(written.lead) + written.notes).replace("*/", "* /")
    return f"{written.text} /* {said} */" if said else written.text


def _bracketed(written: _Written, *, inline: bool = False) -> str:
    text = _inline(written) if inline else written.text
    return f"({text})" if written.union or text != written.text else text


def _comment(notes: Sequence[str]) -> str:
    return f" // {'; '.join(notes)}" if notes else ""


def _take_notes(rest: dict[str, Any]) -> list[str]:
    notes = []
    for key in list(rest):
        value = rest[key]
        if key in _FLAGS and isinstance(value, bool):
            rest.pop(key)
            notes += [_FLAGS[key]] if value else []
        elif key in _NOTES:
            rest.pop(key)
            said = value if key in ("format", "pattern") and isinstance(value, str) else _json(value)
            notes.append(_NOTES[key].format(said.replace("\n", "\\n")))
    return notes


def _follow(root: Any, reference: str) -> tuple[bool, Any]:
    if reference != "#" and not reference.startswith("#/"):
        return False, None
    target = root
    for part in reference.split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping) and name in target:
            target = target[name]
        elif isinstance(target, list) and name.isdigit() and int(name) < len(target):
            target = target[int(name)]
        else:
            return False, None
    return True, target


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else _json(name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
