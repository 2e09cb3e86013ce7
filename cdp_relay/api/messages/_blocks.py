"""Content blocks: what a message says, and what it does with tools.

Blocks that are a server's own business (its searches, its containers) have nothing to tell a page, and
are left out of an assistant's turns. What a user sends is left out only where no data are lost by it,
and is named then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.api.messages._files import FILES, kind_of, no_ids, read_image, read_source, text_of
from cdp_relay.api.messages._shape import EXTENSION
from cdp_relay.api.parts import spaced
from cdp_relay.chat.media import ending_of, sniff_type
from cdp_relay.chat.vocabulary import FilePart, Message, Part, Role, TextPart, ToolCall
from cdp_relay.errors import UnsupportedValue
from cdp_relay.text import mend_text

__all__ = ["BlockReader"]

_ReadText = Callable[[Field], str]
"""How a text is read: as it is, or mended where nobody can be asked to."""

_UNSPOKEN = frozenset({"thinking", "redacted_thinking"})
"""What a model thought in an earlier answer; clients send it back, and it is not said again."""
_SERVERS_OWN = frozenset(
    {
        "server_tool_use",
        "mcp_tool_use",
        "mcp_tool_result",
        "mcp_tool_listing",
        "container_upload",
        "search_result",
        "tool_reference",
        "fallback",
    }
)
"""Of an assistant's turn, beside every ``*_tool_result``."""


@attrs.define(eq=False)
class BlockReader:
    """Reads the messages of one request, oldest first."""

    ignored: list[str] = attrs.field(factory=list)
    """What was left out and may be missed, for the client."""
    _called: dict[str, str] = attrs.field(factory=dict, init=False)
    """The tool of each call so far, by the call's id: results do not name it."""

    def system(self, field: Field) -> Iterable[Message]:
        """Read instructions, a text or blocks; each block becomes a message of its own.

        Raises:
          InvalidRequest, InvalidText: they are malformed.
          UnsupportedValue: there is a file among them.
        """
        if isinstance(field.value, str):
            texts = [field.text()]
        else:
            texts = [text for item in field.items() if (text := self._instruction(item))]
        return [Message(role=Role.SYSTEM, parts=(TextPart(text),)) for text in texts if text]

    def user(self, field: Field) -> Iterable[Message]:
        """Read what the user says; results of tools become messages of their own, in their order.

        Raises:
          InvalidRequest, InvalidText: it is malformed.
          UnsupportedValue: a part of it would be lost on the way to the page.
        """
        if isinstance(field.value, str):
            return [Message(role=Role.USER, parts=(TextPart(field.text()),))]
        read: list[Message] = []
        parts: list[Part] = []
        for block in field.items():
            if kind_of(block) == "tool_result":
                if parts:
                    read.append(Message(role=Role.USER, parts=spaced(parts)))
                    parts = []
                read.append(self._result(block))
            else:
                parts += self._said(block)
        if parts:
            read.append(Message(role=Role.USER, parts=spaced(parts)))
        return read

    def assistant(self, field: Field) -> Iterable[Message]:
        """Read an earlier answer; text that follows a call becomes a message of its own.

        Raises:
          InvalidRequest, InvalidText: it is malformed.
          UnsupportedValue: an image or a document in it cannot be had.
        """
        if field.is_null:
            return []
        if isinstance(field.value, str):
            return [Message(role=Role.ASSISTANT, parts=(TextPart(field.text()),))]
        read: list[Message] = []
        parts: list[Part] = []
        calls: list[ToolCall] = []
        for block in field.items():
            if kind_of(block) == "tool_use":
                calls.append(self._call(block))
                continue
            said = self._answered(block)
            if said and calls:
                read.append(Message(role=Role.ASSISTANT, parts=tuple(parts), tool_calls=tuple(calls)))
                parts, calls = [], []
            parts += said
        if parts or calls:
            read.append(Message(role=Role.ASSISTANT, parts=tuple(parts), tool_calls=tuple(calls)))
        return read

    # blocks

    def _instruction(self, block: Field) -> str:
        if isinstance(block.value, str):
            return block.text()
        kind = kind_of(block)
        if kind == "text":
            return block.get("text").text()
        if kind in FILES:
            raise UnsupportedValue(
                f"{block.path} is a file: instructions are text; it belongs into a user message.",
                param=block.path,
            )
        self._leave_out(block, kind)
        return ""

    def _said(self, block: Field, read: _ReadText = Field.text) -> Iterable[Part]:
        if isinstance(block.value, str):
            return [TextPart(read(block))]
        kind = kind_of(block)
        if kind == "text":
            return [TextPart(read(block.get("text")))]
        if kind in FILES:
            return self._file(block)
        if kind == "search_result":
            return self._wrapped(block, block.get("content"))
        if kind in _UNSPOKEN:
            return []
        if kind == "container_upload":
            raise no_ids(block.get("file_id"))
        if isinstance(block.value.get("text"), str):
            self._leave_out(block, kind, but_text=True)
            return [TextPart(read(block.get("text")))]
        if kind not in _SERVERS_OWN and not block.get("source").is_null:
            raise UnsupportedValue(
                f"{block.path} is of a kind that is not known here: {kind[:40]!r}.",
                param=f"{block.path}.type",
                next_step="Send blocks of type 'text', 'image' or 'document'.",
            )
        self._leave_out(block, kind)
        return []

    def _answered(self, block: Field) -> Iterable[Part]:
        if isinstance(block.value, str):
            return [TextPart(block.text())]
        kind = kind_of(block)
        if kind == "text":
            made = block.get(EXTENSION)
            if isinstance(made.value, dict) and kind_of(made) in FILES:
                return self._file(made)  # an image that this service passed on, sent back
            text = block.get("text").text()
            return [TextPart(text)] if text else []
        if kind in FILES:
            return self._file(block)
        if kind == "compaction":
            summary = block.get("content")
            return [] if summary.is_null else [TextPart(summary.text())]
        if kind not in _UNSPOKEN | _SERVERS_OWN and not kind.endswith("_tool_result"):
            self._leave_out(block, kind)
        return []

    def _call(self, block: Field) -> ToolCall:
        call_id, name = block.get("id").text(), block.get("name").text()
        given = block.get("input")
        arguments = json.dumps({} if given.is_null else given.object().value, ensure_ascii=False)
        self._called[call_id] = name
        return ToolCall(id=call_id, name=name, arguments=mend_text(arguments))

    def _result(self, block: Field) -> Message:
        call_id = block.get("tool_use_id").text()
        failed = block.get("is_error")
        return Message(
            role=Role.TOOL,
            parts=spaced(self._contents(block.get("content"), Field.printed)),
            name=self._called.get(call_id),
            tool_call_id=call_id,
            failed=False if failed.is_null else failed.boolean(),
        )

    def _contents(self, content: Field, read: _ReadText = Field.text) -> list[Part]:
        """A text, or blocks inside of a block."""
        if content.is_null:
            return []
        if isinstance(content.value, str):
            return [TextPart(read(content))]
        return [part for item in content.items() for part in self._said(item, read)]

    # files and documents

    def _file(self, block: Field) -> Iterable[Part]:
        return [read_image(block)] if kind_of(block) == "image" else self._document(block)

    def _document(self, block: Field) -> Iterable[Part]:
        source = block.get("source").object()
        kind = kind_of(source)
        if kind == "text":
            return self._wrapped(block, source.get("data"))
        if kind == "content":
            return self._wrapped(block, source.get("content"))
        data, media_type = read_source(source, kind)
        media_type = media_type or sniff_type(data) or "application/pdf"
        name = text_of(block.get("title")) or text_of(block.get("name")) or "document"
        if "." not in name:
            name += ending_of(media_type)
        file = FilePart(name=name, media_type=media_type, data=data)
        about = text_of(block.get("context"))
        return [TextPart(about), file] if about else [file]

    def _wrapped(self, block: Field, content: Field) -> Iterable[Part]:
        """A document's texts and images between tags that say which one it is."""
        if not isinstance(content.value, str | list):
            content.refuse("a string or an array of blocks")
        tag = kind_of(block)
        told = [("title", block.get("title")), ("context", block.get("context"))]
        if tag == "search_result":
            told.append(("source", block.get("source")))
        facts = "".join(f' {name}="{text}"' for name, field in told if (text := text_of(field)))
        return spaced([TextPart(f"<{tag}{facts}>"), *self._contents(content), TextPart(f"</{tag}>")])

    def _leave_out(self, block: Field, kind: str, *, but_text: bool = False) -> None:
        self.ignored.append(f"{block.path} ({kind}{', all but its text' if but_text else ''})")
