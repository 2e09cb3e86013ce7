"""The blocks of Claude's answers: what each kind of them says to a client.

* ``text``: the answer, given out as it comes.
* ``thinking``: the thinking, or the site's summaries of it, never both of one block: its text counts
  where it has any. A summary waits for the block's next event, as it may head a text that follows.
* tools: no part of the answer. A notice names each; what a tool wrote as a document of its own (an
  artifact, a file for the person) comes out as a file.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Literal

import attrs

from cdp_relay.chat.contract import DecoderEvent, FileSeen
from cdp_relay.chat.vocabulary import ReasoningDelta, TextDelta
from cdp_relay.wire import SurrogateJoiner, decode_json

__all__ = ["OUTPUT_SCHEME", "Blocks"]

OUTPUT_SCHEME = "claude-output:"
"""Before the path of a file in the site's machine; the request's address tells where it is served."""

_GAP = "\n\n"
_OUTPUTS = "/mnt/user-data/outputs/"
_WRITERS = {"tool_use": ("artifacts", "create_file"), "tool_result": ("present_files",)}
"""Blocks that are read whole, as they hold or name what the site made: their kinds, and the tools."""

_QUIET_KINDS = frozenset({"redacted_thinking", "token_budget", "flag"})
_QUIET_DELTAS = frozenset(
    {
        "citation_end_delta",
        "citation_start_delta",
        "citations_delta",
        "flag_delta",
        "signature_delta",
        "thinking_cut_off_delta",
        "tool_use_block_update_delta",
    }
)

_ARTIFACT_TYPES = {
    "application/vnd.ant.code": ("text/plain", ""),
    "application/vnd.ant.mermaid": ("text/plain", ".mmd"),
    "application/vnd.ant.react": ("text/plain", ".jsx"),
    "image/svg+xml": ("image/svg+xml", ".svg"),
    "text/html": ("text/html", ".html"),
    "text/markdown": ("text/markdown", ".md"),
}
_ENDINGS = {
    "bash": ".sh", "c": ".c", "cpp": ".cpp", "csharp": ".cs", "css": ".css", "go": ".go", "html": ".html",
    "java": ".java", "javascript": ".js", "json": ".json", "kotlin": ".kt", "php": ".php", "python": ".py",
    "ruby": ".rb", "rust": ".rs", "sql": ".sql", "swift": ".swift", "toml": ".toml", "typescript": ".ts",
    "xml": ".xml", "yaml": ".yaml",
}  # fmt: skip


@attrs.define(eq=False)
class _Block:
    """One block of the answer's message."""

    index: int
    kind: str
    name: str = ""
    """A tool's."""
    joiner: SurrogateJoiner = attrs.field(factory=SurrogateJoiner)
    voice: Literal["", "text", "summaries"] = ""
    """How the thinking was given out, if any of it was."""
    summary: str = ""
    """One that waits."""
    input: list[str] = attrs.field(factory=list)
    """That of a tool which writes documents, so far."""
    given: bool = False


@attrs.frozen
class _Passage:
    """What was given out of one text block, in one go."""

    block: _Block
    pieces: list[str] = attrs.field(factory=list)


@attrs.define(eq=False)
class Blocks:
    """The blocks of one answer, and what of them was given out."""

    _out: list[DecoderEvent]
    _report: Callable[[str, str], None]
    _notice: Callable[[str, str], None]
    _open: dict[int, _Block] = attrs.field(factory=dict, init=False)
    _given: list[_Passage] = attrs.field(factory=list, init=False)
    _retracted: set[int] = attrs.field(factory=set, init=False)
    _written: set[str] = attrs.field(factory=set, init=False)
    """Paths of files that were given out."""
    _any_reasoning: bool = attrs.field(default=False, init=False)
    _last_thought: _Block | None = attrs.field(default=None, init=False)

    @property
    def any_text(self) -> bool:
        """Whether any text of the answer stands."""
        return bool(self._given)

    # --- events

    def start(self, index: Any, content: Any) -> None:
        """``content_block_start``."""
        if not isinstance(index, int) or not isinstance(content, dict):
            self._report("block", "a block without an index or a content")
            return
        kind = content.get("type")
        kind = kind if isinstance(kind, str) else "a block without a type"
        if index in self._open:
            self._report("block", "an index that was in use")
            self._finish(self._open[index])
        self._retracted.discard(index)
        name = content.get("name")
        block = self._open[index] = _Block(index, kind, name if isinstance(name, str) else "")
        if kind == "text":
            self._text(block, content.get("text"))
        elif kind == "thinking":
            self._thought(block, content.get("thinking"))
            summaries = content.get("summaries")
            for summary in summaries if isinstance(summaries, list) else ():
                self._summary(block, summary)
        elif kind.endswith("tool_use"):
            self._notice("site_tool_used", f"Claude used a tool of its own: {block.name[:80] or kind}.")
        elif not kind.endswith("tool_result") and kind not in _QUIET_KINDS:
            self._report("block", kind[:80])

    def delta(self, index: Any, delta: Any) -> None:
        """``content_block_delta``."""
        block = self._open.get(index) if isinstance(index, int) else None
        kind = delta.get("type") if isinstance(delta, dict) else None
        kind = kind if isinstance(kind, str) else "a delta without a type"
        if block is None:
            block = self._unannounced(index, kind)
            if block is None:
                return
        if kind == "text_delta":
            if block.kind == "text":
                self._text(block, delta.get("text"))
            else:
                self._report("delta", f"text_delta in {block.kind[:80]}")
        elif kind in ("thinking_delta", "thinking_summary_delta"):
            if block.kind != "thinking":
                self._report("delta", f"{kind} in {block.kind[:80]}")
            elif kind == "thinking_delta":
                self._thought(block, delta.get("thinking"))
            else:
                self._summary(block, delta.get("summary"))
        elif kind == "input_json_delta":
            if block.name in _WRITERS.get(block.kind, ()):
                piece = delta.get("partial_json")
                block.input.append(piece if isinstance(piece, str) else "")
        elif kind not in _QUIET_DELTAS:
            self._report("delta", kind[:80])

    def stop(self, index: Any) -> None:
        """``content_block_stop``."""
        block = self._open.pop(index, None) if isinstance(index, int) else None
        if block is not None:
            self._finish(block)

    def legacy(self, text: str) -> None:
        """A piece of the answer in the form that knew no blocks."""
        if 0 not in self._open:
            self._open[0] = _Block(0, "text")
        self._text(self._open[0], text)

    def retract(self, first: int) -> tuple[int, str]:
        """Drop the blocks from an index on.

        Returns:
          How many characters of the end of the given text are void, and what has to be given again
          because it stood behind them.
        """
        for index in [index for index in self._open if index >= first]:
            del self._open[index]
            self._retracted.add(index)
        at = next((n for n, one in enumerate(self._given) if one.block.index >= first), None)
        if at is None:
            return 0, ""
        behind, self._given[at:] = self._given[at:], []
        kept = [passage for passage in behind if passage.block.index < first]
        self._given += kept
        return len(_joined(behind)), _joined(kept)

    def replace(self, text: str, *, whole: bool) -> tuple[int, str]:
        """Make *text* the answer; one that is not *whole* may lag behind what was given out.

        Returns:
          How many characters of the end of the given text are void, and what follows them.
        """
        given = _joined(self._given)
        if not whole and given.startswith(text):
            return 0, ""
        common = len(given) if text.startswith(given) else _common(given, text)
        self._open.clear()
        self._given = [_Passage(_Block(0, "text"), [text])] if text else []
        return len(given) - common, text[common:]

    def settle(self) -> None:
        """Give out what waits; the blocks may go on."""
        for block in self._open.values():
            self._tell_summary(block)

    def close(self) -> None:
        """Nothing more comes."""
        for block in self._open.values():
            self._finish(block)
        self._open.clear()

    # --- their contents

    def _unannounced(self, index: Any, kind: str) -> _Block | None:
        """Text that no block announced is better given out than lost."""
        if not isinstance(index, int) or index in self._retracted:
            return None
        self._report("delta", "one of a block that had not started")
        if kind not in ("text_delta", "thinking_delta"):
            return None
        block = self._open[index] = _Block(index, kind.removesuffix("_delta"))
        return block

    def _text(self, block: _Block, text: Any) -> None:
        if not isinstance(text, str):
            self._report("text", "a piece of text that is none")
            return
        if piece := block.joiner.feed(text):
            self._give(block, piece)

    def _give(self, block: _Block, piece: str) -> None:
        if not self._given or self._given[-1].block is not block:
            if block.given:
                self._report("text", "an earlier block went on after a later one")
            block.given = True
            self._given.append(_Passage(block))
        self._given[-1].pieces.append(piece)
        self._out.append(TextDelta(piece))

    def _thought(self, block: _Block, text: Any) -> None:
        if not isinstance(text, str) or block.voice == "summaries":
            return
        if piece := block.joiner.feed(text):
            block.summary, block.voice = "", "text"
            self._reason(block, piece)

    def _summary(self, block: _Block, summary: Any) -> None:
        text = summary.get("summary") if isinstance(summary, dict) else summary
        if isinstance(text, str) and text and block.voice != "text":
            self._tell_summary(block)
            block.summary = text

    def _tell_summary(self, block: _Block) -> None:
        if block.summary:
            text, block.summary = SurrogateJoiner().feed(block.summary), ""
            if block.voice == "summaries":
                text = _GAP + text
            block.voice = "summaries"
            self._reason(block, text)

    def _reason(self, block: _Block, text: str) -> None:
        if self._last_thought is not block and self._any_reasoning:
            text = _GAP + text
        self._last_thought, self._any_reasoning = block, True
        self._out.append(ReasoningDelta(text))

    def _finish(self, block: _Block) -> None:
        if block.kind == "text":
            if piece := block.joiner.close():
                self._give(block, piece)
        elif block.kind == "thinking":
            self._tell_summary(block)
            if (piece := block.joiner.close()) and block.voice == "text":
                self._reason(block, piece)
        elif block.input:
            self._made(block)

    def _made(self, block: _Block) -> None:
        """A tool's whole input or result, which may hold a file for the person."""
        try:
            value = decode_json("".join(block.input))
        except ValueError:
            value = None
        match value:
            case {"command": "create" | "rewrite", "content": str(text)}:
                self._file(_artifact(value), text, block.name)
            case {"path": str(path), "file_text": str(text)}:
                if path.startswith(_OUTPUTS):
                    self._written.add(path)
                    self._file((path.removeprefix(_OUTPUTS), "text/plain"), text, block.name)
            case {"command": str()}:
                pass  # an edit of an earlier one
            case list():
                for one in value:
                    self._presented(one)
            case _:
                self._report("tool", f"{block.kind[:40]} of {block.name} without a document")

    def _file(self, about: tuple[str, str], text: str, tool: str) -> None:
        name, media_type = about
        data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        self._out.append(
            FileSeen(
                url=f"data:{media_type};base64,{data}",
                name=name.replace("/", "_")[:200],
                media_type=media_type,
                description=f"written by Claude's tool {tool}",
            )
        )

    def _presented(self, resource: Any) -> None:
        """A file in the site's own machine that the answer hands over."""
        match resource:
            case {"type": "local_resource", "file_path": str(path)} if path not in self._written:
                self._written.add(path)
                media_type, name = resource.get("mime_type"), path.rpartition("/")[2]
                self._out.append(
                    FileSeen(
                        url=OUTPUT_SCHEME + path,
                        name=name[:200],
                        media_type=media_type if isinstance(media_type, str) else "",
                    )
                )


def _joined(passages: list[_Passage]) -> str:
    return "".join(piece for passage in passages for piece in passage.pieces)


def _common(a: str, b: str) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _artifact(given: dict[str, Any]) -> tuple[str, str]:
    """The file name and the media type of an artifact."""
    media_type, ending = _ARTIFACT_TYPES.get(str(given.get("type")), ("text/plain", ""))
    name = str(given.get("title") or given.get("id") or "artifact")
    ending = ending or _ENDINGS.get(str(given.get("language")).lower(), ".txt")
    return (name if name.endswith(ending) else name + ending), media_type
