"""From the items of a request's ``input`` to the messages of a conversation. Sans-IO.

Items that say nothing to a chat page (searches that another service made, calls of its own tools,
whatever is not known) are left out, and named. Reasoning is left out in silence: no model wants its
old thoughts back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.api.parts import read_part, spaced
from cdp_relay.api.responses.tools import flat_name
from cdp_relay.chat.vocabulary import FilePart, Message, Part, Role, TextPart, ToolCall
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["Item", "MessageReader", "input_items", "with_ids"]

Item: TypeAlias = dict[str, Any]
"""An item as JSON has it."""

_ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "assistant": Role.ASSISTANT}
"""All others speak for the user."""
_ID_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
}


def input_items(field: Field, find: Callable[[str], Item | None]) -> list[Field]:
    """The items of ``input``; a text alone is one message of the user's.

    Args:
      find: looks up the items of kept answers, for references to them.

    Raises:
      InvalidRequest: the input is neither text nor a list of objects, or a reference leads nowhere.
    """
    if isinstance(field.value, str):
        message = {"type": "message", "role": "user", "content": field.text()}
        return [Field(path=field.path, value=message)]
    if not isinstance(field.value, list):
        field.refuse("a string or an array of items")
    return [_resolve(item.object(), find) for item in field.items()]


def with_ids(items: Iterable[Field], response_id: str) -> tuple[Item, ...]:
    """The items as they are kept: each with an id, messages with their content as parts."""
    return tuple(_kept_item(field, response_id, index) for index, field in enumerate(items))


@attrs.define
class MessageReader:
    """Gathers messages out of items. The calls that follow what the assistant said belong to it."""

    messages: list[Message] = attrs.field(factory=list, init=False)
    skipped: list[str] = attrs.field(factory=list, init=False)
    """The types of the items that were left out, as ``input.web_search_call``."""

    def instruct(self, field: Field) -> None:
        """Take the request's ``instructions``."""
        if not field.is_null:
            self.messages.append(Message(role=Role.SYSTEM, parts=(TextPart(field.text()),)))

    def read(self, field: Field) -> None:
        """Take the next item.

        Raises:
          InvalidRequest, InvalidText: it is malformed; ``param`` names the field.
          UnsupportedValue: it holds something that would be lost on the way to the page.
        """
        kind = _kind(field)
        if kind == "message":
            self._read_message(field)
        elif kind in ("function_call", "custom_tool_call"):
            self._add_call(_read_call(field, freeform=kind == "custom_tool_call"))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            parts = spaced(_result_parts(field.get("output")))
            call_id = field.get("call_id").text()
            self.messages.append(Message(role=Role.TOOL, parts=parts, tool_call_id=call_id))
        elif kind == "image_generation_call":
            self._read_image(field)
        elif kind != "reasoning":
            self.skipped.append(f"input.{kind}")

    def _read_message(self, field: Field) -> None:
        role = _ROLES.get(field.get("role").string(), Role.USER)
        content = field.get("content")
        if isinstance(content.value, str):
            parts: tuple[Part, ...] = (TextPart(content.text()),)
        elif isinstance(content.value, list):
            parts = tuple(_read_content(item, role) for item in content.items())
            parts = parts if role is Role.ASSISTANT else spaced(parts)
        elif content.is_null and role is Role.ASSISTANT:
            parts = ()
        else:
            content.refuse("a string or an array of parts")
        self.messages.append(Message(role=role, parts=parts))

    def _add_call(self, call: ToolCall) -> None:
        last = self.messages[-1] if self.messages else None
        if last is not None and last.role is Role.ASSISTANT:
            self.messages[-1] = attrs.evolve(last, tool_calls=(*last.tool_calls, call))
        else:
            self.messages.append(Message(role=Role.ASSISTANT, tool_calls=(call,)))

    def _read_image(self, field: Field) -> None:
        """An image of an earlier answer, in the form in which answers hold them."""
        result = field.get("result")
        if result.is_null:
            return
        url = Field(path=field.path, value={"type": "input_image", "image_url": _data_url(result.string())})
        self.messages.append(Message(role=Role.ASSISTANT, parts=(read_part(url),)))


# --- parts of items ------------------------------------------------------------------------------


def _kind(field: Field) -> str:
    kind = field.get("type")
    if not kind.is_null:
        return kind.string()
    if field.get("role").is_null and not field.get("id").is_null:
        return "item_reference"
    return "message"


def _read_content(field: Field, role: Role) -> Part:
    part = read_part(field)
    if role is Role.SYSTEM and isinstance(part, FilePart):
        raise UnsupportedValue(
            f"{field.path}: instructions are text; a file belongs into a user message.", param=field.path
        )
    return part


def _read_call(field: Field, *, freeform: bool) -> ToolCall:
    space = field.get("namespace")
    return ToolCall(
        id=field.get("call_id").text(),
        name=flat_name(field.get("name").text(), None if space.is_null else space.text()),
        arguments=field.get("input" if freeform else "arguments").text(),
        freeform=freeform,
    )


def _result_parts(output: Field) -> Iterable[Part]:
    if isinstance(output.value, str):
        yield TextPart(_typable(output.value))
    elif isinstance(output.value, list):
        for item in output.items():
            text = item.value.get("text") if isinstance(item.value, dict) else None
            yield TextPart(_typable(text)) if isinstance(text, str) else read_part(item)
    else:
        output.refuse("a string or an array of parts")


def _typable(text: str) -> str:
    """What a tool printed, as far as it can be typed.

    Commands print whatever a file holds. A refusal would come again with every request from then on,
    as clients send their whole history along.
    """
    text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _data_url(result: str) -> str:
    return result if result[:5].lower() == "data:" else f"data:image/png;base64,{result}"


# --- what is kept --------------------------------------------------------------------------------


def _resolve(field: Field, find: Callable[[str], Item | None]) -> Field:
    if _kind(field) != "item_reference":
        return field
    item_id = field.get("id").string()
    found = find(item_id)
    if found is None:
        raise InvalidRequest(
            f"{field.path} refers to the item {item_id[:80]!r}, which is not kept here.",
            param=field.path,
            next_step="Send the item itself; references lead to answers that were asked for with 'store'.",
        )
    return Field(path=field.path, value=found)


def _kept_item(field: Field, response_id: str, index: int) -> Item:
    item, kind = dict(field.value), _kind(field)
    item["type"] = kind
    if not isinstance(item.get("id"), str):
        prefix = _ID_PREFIXES.get(kind, "item")
        item["id"] = f"{prefix}_{response_id.removeprefix('resp_')}in{index:02x}"
    if kind != "reasoning":
        item.setdefault("status", "completed")
    if kind == "message" and isinstance(item.get("content"), str):
        item["content"] = [_text_part(item["content"], by_model=item["role"] == "assistant")]
    return item


def _text_part(text: str, *, by_model: bool) -> dict[str, Any]:
    if by_model:
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": text}
