"""The tools, the choice among them, and the form of the answer, as Chat Completions spells them.

``functions`` and ``function_call`` are the same in an older spelling, and are answered in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.api.tools import ToolBox, describe_grammar, read_schema
from cdp_relay.chat.vocabulary import OutputFormat, Tool, ToolChoice, ToolMode
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["Offer", "read_offer", "read_output_format"]


_FLAT_MEMBERS = frozenset({"name", "definition", "tools"})


@attrs.frozen(kw_only=True)
class Offer:
    """What a request says about tools."""

    tools: tuple[Tool, ...]
    choice: ToolChoice
    legacy: bool
    """Whether the client speaks the older spelling, which holds one call in an answer."""
    ignored: tuple[str, ...]
    """Names for what is left out."""


def read_offer(body: Field) -> Offer:
    """Read the tools of a body and the choice among them.

    Raises:
      InvalidRequest: a tool is malformed, or the choice names one that is not there.
    """
    box = ToolBox()
    for field in _items(body.get("tools")):
        _add(box, field.object())
    legacy = not box.tools and not body.get("functions").is_null
    for field in _items(body.get("functions")):
        box.add(field.object())
    choice = _choice(box, body)
    parallel = body.get("parallel_tool_calls")
    if legacy or (not parallel.is_null and not parallel.boolean()):
        choice = attrs.evolve(choice, parallel=False)
    return Offer(tools=box.tools, choice=choice, legacy=legacy, ignored=tuple(box.ignored))


def read_output_format(field: Field) -> OutputFormat | None:
    """Read ``response_format``; None for free text.

    Raises:
      InvalidRequest: it is malformed, or has no schema where it needs one.
      UnsupportedValue: it is of a kind that the relay cannot hold a model to.
    """
    if field.is_null:
        return None
    kind = field.object().get("type").string()
    if kind == "text":
        return None
    if kind == "json_object":
        # Other servers than OpenAI's take a schema here.
        schema = field.get("schema")
        return OutputFormat(schema=None if schema.is_null else read_schema(schema))
    if kind != "json_schema":
        raise UnsupportedValue(
            f"{field.path}.type is none of text, json_object, json_schema.", param=f"{field.path}.type"
        )
    inner = field.get("json_schema").object()
    name, description = inner.get("name"), inner.get("description")
    return OutputFormat(
        schema=read_schema(inner.get("schema").object()),
        name="" if name.is_null else name.text(),
        description="" if description.is_null else description.text(),
    )


# --- tools ---------------------------------------------------------------------------------------


def _items(field: Field) -> Iterator[Field]:
    return iter(()) if field.is_null else field.items()


def _add(box: ToolBox, field: Field) -> None:
    kind = field.get("type")
    if kind.is_null or kind.value == "function":
        # Cursor sends the tools of the Responses API, which has the members right here.
        box.add(_inner(field, "function"))
    elif kind.value == "custom":
        inner = _inner(field, "custom")
        box.add(inner, freeform=True, rules=_grammar(inner.get("format")))
    else:
        box.leave_out(field, kind.string()[:40])


def _inner(field: Field, kind: str) -> Field:
    """Where a tool has its members. Cursor sends the form of the Responses API: right in the object."""
    inner = field.get(kind)
    return field if inner.is_null and _FLAT_MEMBERS & field.value.keys() else inner.object()


def _grammar(form: Field) -> str:
    """What the model is told of the language that a tool takes."""
    if form.is_null or form.object().get("type").value != "grammar":
        return ""
    return describe_grammar(_inner(form, "grammar"))


# --- the choice ----------------------------------------------------------------------------------


def _choice(box: ToolBox, body: Field) -> ToolChoice:
    for name in ("tool_choice", "function_call"):
        field = body.get(name)
        if field.is_null:
            continue
        if isinstance(field.value, str):
            return ToolChoice(mode=box.mode(field))
        return _named_choice(box, field.object())
    return ToolChoice()


def _named_choice(box: ToolBox, field: Field) -> ToolChoice:
    kind = field.get("type")
    if kind.value == "allowed_tools":
        return _allowed_tools(box, _inner(field, "allowed_tools"))
    name = _tool_name(field)
    if name is None:  # a choice of a search or of something else that is not offered
        box.leave_out(field, kind.string()[:40])
        return ToolChoice()
    return ToolChoice(mode=ToolMode.REQUIRED, names=(box.named(name),))


def _allowed_tools(box: ToolBox, field: Field) -> ToolChoice:
    mode = field.get("mode")
    names = [_tool_name(item.object()) for item in field.get("tools").items()]
    if not names:
        raise InvalidRequest(f"{field.path}.tools is empty.", param=f"{field.path}.tools")
    return box.only(
        (box.named(name) for name in names if name is not None),
        ToolMode.AUTO if mode.is_null else box.mode(mode),
    )


def _tool_name(field: Field) -> Field | None:
    """Where an object that points to a tool has its name; None when it points to none of the client's."""
    kind = field.get("type").value
    if kind not in (None, "function", "custom"):
        return None
    return _inner(field, kind or "function").get("name")
