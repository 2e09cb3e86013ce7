"""The tools of a request: flat for the model, and back under the names that the client gave them.

Codex groups tools under a ``namespace``, and wants a call back as the tool's own name beside the
namespace's (measured with codex 0.169: a joined name is an unsupported call to it). The model sees
``namespace__name``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.api.tools import ToolBox, describe_grammar
from cdp_relay.chat.vocabulary import Tool, ToolChoice, ToolMode

__all__ = ["Offer", "ToolName", "flat_name", "read_offer"]

_OURS = ("function", "custom")


@attrs.frozen
class ToolName:
    """What the client calls a tool."""

    name: str
    namespace: str | None = None


@attrs.frozen(kw_only=True)
class Offer:
    """The tools that a request offers, and how they may be used."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = attrs.field(factory=ToolChoice)
    names: dict[str, ToolName] = attrs.field(factory=dict)
    """From the names that the model sees to the client's."""
    shown: list[dict[str, Any]] = attrs.field(factory=list)
    """The tools as an answer repeats them."""
    shown_choice: Any = "auto"
    """The choice as an answer repeats it."""
    ignored: tuple[str, ...] = ()
    """Names for what is left out."""

    def client_name(self, flat: str) -> ToolName:
        """What the client calls the tool that the model named."""
        return self.names.get(flat) or ToolName(flat)


def flat_name(name: str, namespace: str | None) -> str:
    """The name of a tool as the model sees it."""
    if not namespace:
        return name
    return f"{namespace}{name}" if namespace.endswith("__") else f"{namespace}__{name}"


def read_offer(body: Field) -> Offer:
    """Read ``tools``, ``tool_choice`` and ``parallel_tool_calls``.

    Raises:
      InvalidRequest: one is malformed, or the choice names a tool that is not there.
    """
    reader = _ToolReader()
    tools = body.get("tools")
    shown = [] if tools.is_null else [one for item in tools.items() for one in reader.read(item.object())]
    field, parallel = body.get("tool_choice"), body.get("parallel_tool_calls")
    choice = ToolChoice() if field.is_null else _read_choice(reader, field)
    # A choice of what is left out was not made.
    made = not field.is_null and (choice.mode is not ToolMode.AUTO or bool(choice.names))
    return Offer(
        tools=reader.box.tools,
        choice=attrs.evolve(choice, parallel=parallel.is_null or parallel.boolean()),
        names=reader.names,
        shown=shown,
        shown_choice=field.value if made else "auto",
        ignored=tuple(reader.box.ignored),
    )


# --- tools ---------------------------------------------------------------------------------------


@attrs.define
class _ToolReader:
    box: ToolBox = attrs.field(factory=ToolBox)
    names: dict[str, ToolName] = attrs.field(factory=dict)

    def read(self, field: Field) -> Iterator[dict[str, Any]]:
        """Add a tool, or all of a namespace; yields it as answers show it."""
        kind = field.get("type").string()
        if kind in _OURS:
            yield self._add(field, kind, None)
        elif kind == "namespace":
            yield self._add_namespace(field)
        else:
            self.box.leave_out(field, kind[:40])

    def _add_namespace(self, field: Field) -> dict[str, Any]:
        name, shown = field.get("name").text(), []
        for item in field.get("tools").items():
            kind = item.object().get("type").string()
            if kind in _OURS:
                shown.append(self._add(item, kind, name))
            else:
                self.box.leave_out(item, kind[:40])
        about = field.get("description").value or ""
        return {"type": "namespace", "name": name, "description": about, "tools": shown}

    def _add(self, field: Field, kind: str, namespace: str | None) -> dict[str, Any]:
        # Some send the form of Chat Completions, with the members one level deeper.
        inner = field.get(kind)
        field = inner.object() if field.get("name").is_null and not inner.is_null else field
        name, form = field.get("name").text(), field.get("format")
        flat = flat_name(name, namespace)
        named = Field(path=field.path, value={**field.value, "name": flat})
        self.box.add(named, freeform=kind == "custom", rules=_grammar(form) if kind == "custom" else "")
        self.names[flat] = ToolName(name, namespace)
        about = field.get("description").value
        if kind == "custom":
            how = form.value or {"type": "text"}
            return {"type": "custom", "name": name, "description": about or "", "format": how}
        return {
            "type": "function",
            "name": name,
            "description": about,
            "parameters": field.get("parameters").value,
            "strict": bool(field.get("strict").value),
        }


def _grammar(form: Field) -> str:
    """What the model is told of the language that a tool takes."""
    if form.is_null or form.object().get("type").value != "grammar":
        return ""
    return describe_grammar(form)


# --- the choice ----------------------------------------------------------------------------------


def _read_choice(reader: _ToolReader, field: Field) -> ToolChoice:
    if isinstance(field.value, str):
        return ToolChoice(mode=reader.box.mode(field))
    kind = field.object().get("type").string()
    if kind == "allowed_tools":
        mode = field.get("mode")
        chosen = [item.object() for item in field.get("tools").items()]
        return reader.box.only(
            (name for item in chosen for name in _chosen_names(reader, item)),
            ToolMode.AUTO if mode.is_null else reader.box.mode(mode),
        )
    names = tuple(_chosen_names(reader, field))
    return ToolChoice(mode=ToolMode.REQUIRED, names=names) if names else ToolChoice()


def _chosen_names(reader: _ToolReader, field: Field) -> Iterator[str]:
    """The names, as the model sees them, of the tools that a part of a choice points to."""
    kind = field.get("type").string()
    if kind == "namespace":
        space = field.get("name").string()
        yield from (flat for flat, name in reader.names.items() if name.namespace == space)
    elif kind in _OURS:
        inner = field.get(kind)
        field = inner.object() if field.get("name").is_null and not inner.is_null else field
        yield reader.box.named(_flat_field(reader, field))
    else:
        reader.box.leave_out(field, kind[:40])


def _flat_field(reader: _ToolReader, field: Field) -> Field:
    name, space = field.get("name"), field.get("namespace").value
    for flat, known in reader.names.items():
        if name.value == known.name and space in (None, known.namespace):
            return Field(path=name.path, value=flat, present=name.present)
    return name
