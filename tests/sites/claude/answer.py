"""What a test lets Claude say to the next prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from tests.sites.kit import answers as kit

__all__ = ["Answer", "Block", "Retract", "Text", "Thinking", "Tool"]


@attrs.frozen
class Text:
    """A block of the answer's text."""

    text: str
    citations: tuple[Mapping[str, Any], ...] = ()
    """Sources, cited around the block's last words."""


@attrs.frozen
class Thinking:
    """A block of thoughts; its summaries come between its words."""

    text: str
    summaries: tuple[str, ...] = ()


@attrs.frozen
class Tool:
    """One of the site's own tools, called and answered."""

    name: str = "web_search"
    arguments: Mapping[str, Any] = attrs.field(factory=lambda: {"query": "a replica"})
    result: tuple[Mapping[str, Any], ...] = ({"type": "text", "text": "the tool's own words"},)
    approval: bool = False
    """Whether the site asks for leave first."""


@attrs.frozen
class Retract:
    """All blocks from this one on are taken back; others follow in their places."""

    from_index: int


Block = Text | Thinking | Tool | Retract


@attrs.frozen(kw_only=True)
class Answer(kit.Answer):
    """A turn's answer. All texts are as the site means them; :mod:`.stream` puts them into events."""

    blocks: tuple[Block, ...] = ()
    """The answer's blocks; left out, they are its thinking and its text."""
    summaries: tuple[str, ...] = ()
    """Summaries of the thinking, where no blocks are given."""
    dialect: Literal["messages", "completion"] = "messages"
    """``completion`` is the form before typed blocks: ``{"completion": …}``."""
    model: str = "claude-sonnet-5"
    names_model: bool = False
    """Whether the stream says which model answers; mostly it leaves the name empty."""
    stop_reason: str | None = None
    """The site's own word for why the answer is over; by ``finish`` when left out."""
    limit: Mapping[str, Any] = attrs.field(factory=dict)
    """Members of ``message_limit`` to set."""
    limit_first: bool = False
    """``message_limit`` before ``message_delta`` instead of after it."""
    events: tuple[Mapping[str, Any], ...] = ()
    """Further events, sent before the first block: ``model_fallback``, ``compaction_status``, ``error`` …"""
    late_events: tuple[Mapping[str, Any], ...] = ()
    """The same after the last block."""
    pings: bool = True
    """``ping`` events and comments in between."""
    padded: bool = False
    """Blanks behind each event's data, as some streams have them."""
    closes_blocks: bool = True
    """Whether ``content_block_stop`` comes."""

    def all_blocks(self) -> tuple[Block, ...]:
        """The blocks, in the order in which they are sent."""
        if self.blocks:
            return self.blocks
        thoughts = "\n\n".join(self.thinking)
        thinking = (Thinking(thoughts, self.summaries),) if thoughts or self.summaries else ()
        text = (Text(self.whole_plain),) if self.whole_plain else ()
        return (*thinking, *text, *(_tool_of(file) for file in self.files))

    @property
    def whole_plain(self) -> str:
        """The text, where no blocks are given."""
        return "".join(self.text_pieces())

    @property
    def whole_text(self) -> str:
        """The text that a reader of the page has in the end: that of all blocks that stayed."""
        return "".join(block.text for block in self.kept_blocks() if isinstance(block, Text))

    def kept_blocks(self) -> tuple[Block, ...]:
        """The blocks that were not taken back. A tool counts as two: its call and its answer."""
        kept: list[tuple[int, Block]] = []
        index = 0
        for block in self.all_blocks():
            if isinstance(block, Retract):
                kept = [(at, one) for at, one in kept if at < block.from_index]
                index = block.from_index
                continue
            kept.append((index, block))
            index += 2 if isinstance(block, Tool) else 1
        return tuple(block for _, block in kept)

    @property
    def reason(self) -> str:
        """The ``stop_reason`` that is sent."""
        reasons = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
        return self.stop_reason or reasons.get(self.finish, self.finish)


def _tool_of(file: kit.ProducedFile) -> Tool:
    """The tool by which the site makes a file: written in words, or made elsewhere and presented."""
    path = f"/mnt/user-data/outputs/{file.name}"
    if file.media_type.startswith("text/"):
        arguments = {"description": file.alt, "path": path, "file_text": file.data.decode()}
        done = {"type": "text", "text": f"File created successfully: {path}"}
        return Tool(name="create_file", arguments=arguments, result=(done,))
    resource = {"type": "local_resource", "file_path": path, "name": file.name, "mime_type": file.media_type}
    return Tool(name="present_files", arguments={"filepaths": [path]}, result=(resource,))
