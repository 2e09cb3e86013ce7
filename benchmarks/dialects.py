"""(f) What each dialect adds to a streamed answer: a thousand pieces of text through its writer.

CPU time of this process alone, with nothing but the writer in the loop; the lower bound is the encoding of
the same texts as JSON strings. A token of a chat model is some four characters; sites send several at once.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.rows import Row
from cdp_relay.api.chat_completions.request import read_chat_completion
from cdp_relay.api.completions.request import read_completion
from cdp_relay.api.dialect import AnswerFacts, Asked, StreamWriter
from cdp_relay.api.json_body import Field
from cdp_relay.api.messages.request import read_messages
from cdp_relay.api.ollama.request import read_chat_request
from cdp_relay.api.responses.request import read_response_request
from cdp_relay.api.responses.store import ResponseStore
from cdp_relay.chat.vocabulary import ChatEvent, RequestId, TextDelta, ToolCallArguments, ToolCallBegan

CHUNKS = 1_000
_ROUNDS = 30
_BAR_MS = 2.0
_WORDS = ("The ", "answer", " is", " `x", "\t= ", '"a"', "`,\n", "für", " 漢字", "😀 ", " and", " so", " on")
_MESSAGES = [{"role": "user", "content": "Hi"}]
_IDS: dict[str, Any] = {"request_id": RequestId("req_1"), "client": "benchmark"}


def _chat_completions() -> Asked:
    return read_chat_completion(_body(messages=_MESSAGES), **_IDS).asked()


def _completions() -> Asked:
    return read_completion(_body(prompt="Hi"), **_IDS).asked()


def _responses() -> Asked:
    def keep(id_: str, body: bytes, items: list[dict[str, Any]]) -> None:
        del id_, body, items

    store = ResponseStore(max_count=1, max_bytes=1)
    return read_response_request(_body(input="Hi", store=False), store, **_IDS).asked(keep)


def _messages() -> Asked:
    return read_messages(_body(messages=_MESSAGES, max_tokens=1_000), **_IDS).asked()


def _ollama() -> Asked:
    return read_chat_request(_body(messages=_MESSAGES), **_IDS).asked()


DIALECTS: dict[str, Callable[[], Asked]] = {
    "Chat Completions": _chat_completions,
    "Completions": _completions,
    "Responses": _responses,
    "Messages": _messages,
    "Ollama": _ollama,
}

_WITH_PIECES = ("Chat Completions", "Responses", "Messages")
"""Those that stream the arguments of a call; the others send a call whole."""


async def run() -> list[Row]:
    """Measure all dialects."""
    texts = [_WORDS[number % len(_WORDS)] for number in range(CHUNKS)]
    floor = _milliseconds(lambda: [json.dumps(text, ensure_ascii=False).encode() for text in texts])
    rows = [Row(name=f"{CHUNKS} texts as JSON strings", value=floor, unit="ms")]
    rows += [_row(name, "texts", asked, [TextDelta(text) for text in texts], floor) for name, asked in _all()]
    pieces: list[ChatEvent] = [ToolCallArguments(0, text) for text in texts]
    calling = {name: asked for name, asked in _all() if name in _WITH_PIECES}
    return rows + [_row(name, "pieces of a call", asked, pieces, floor) for name, asked in calling.items()]


def _all() -> Iterator[tuple[str, Asked]]:
    return ((name, make()) for name, make in DIALECTS.items())


def _row(name: str, what: str, asked: Asked, events: list[ChatEvent], floor: float) -> Row:
    value = _milliseconds(lambda: _write(_writer(asked), events))
    return Row(
        name=f"{name}: {CHUNKS} {what}",
        value=value,
        unit="ms CPU",
        against="the strings",
        ratio=value / floor,
        bar=_BAR_MS,
    )


def _writer(asked: Asked) -> StreamWriter:
    writer = asked.new_stream(
        AnswerFacts(id="0" * 32, request_id="req_1", created=1_700_000_000, label="chatgpt/gpt-5")
    )
    writer.open()
    writer.feed(ToolCallBegan(index=0, id="call_1", name="write_file"))
    return writer


def _write(writer: StreamWriter, events: list[ChatEvent]) -> None:
    feed = writer.feed
    for event in events:
        feed(event)


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times) * 1000


def _body(**fields: Any) -> Field:
    return Field(path="", value={"model": "chatgpt/gpt-5", "stream": True, **fields})
