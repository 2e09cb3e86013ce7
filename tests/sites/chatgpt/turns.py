"""One turn on the server: it goes on, whoever listens."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Literal

import attrs
import trio

from tests.sites.chatgpt.answer import Answer, Recording
from tests.sites.chatgpt.stream import Frame, Gate, Pause, Step, TurnIds
from tests.sites.kit.gates import Gates

__all__ = ["Turn", "Write"]


@attrs.frozen
class Write:
    """One write of the answer's first response, as the server began it."""

    at: float
    """Seconds on ``time.perf_counter``."""
    data: bytes


@attrs.define(eq=False, kw_only=True)
class Turn:
    """A prompt and its answer. Tests read it; only the server's loop changes it."""

    prompt: str
    """The text of the user's message, as the page's request said it."""
    request: Mapping[str, Any]
    """The whole request body."""
    ids: TurnIds
    reply: Answer | Recording
    gates: Gates
    state: Literal["streaming", "complete", "stopped"] = "streaming"
    frames: list[Frame] = attrs.field(factory=list)
    writes: list[Write] = attrs.field(factory=list)
    cut_at: int | None = None
    """After how many frames the first response breaks."""
    _grown: trio.Event = attrs.field(factory=trio.Event)
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    @property
    def conversation_id(self) -> str:
        """The chat that the turn belongs to."""
        return self.ids.conversation

    @property
    def topic(self) -> str:
        """The name of the turn's topic on the WebSocket."""
        return f"conversation-turn-{self.ids.exchange}"

    @property
    def final_text(self) -> str:
        """What the chat's history shows for an answer."""
        return self.reply.whole_text if isinstance(self.reply, Answer) and not self.reply.image else ""

    async def produce(self, steps: Iterable[Step]) -> None:
        """Make the frames, with their pauses and gates, until the end or a stop."""
        with self._scope:
            for step in steps:
                if isinstance(step, Frame):
                    self.frames.append(step)
                    self._wake()
                    # One at a time, as a site that thinks of its next word only now.
                    await trio.lowlevel.checkpoint()
                elif isinstance(step, Pause):
                    await trio.sleep(step.seconds)
                else:
                    await self._pass_gate(step)
            self.state = "complete"
        self._wake()

    def stop(self) -> bool:
        """Stop generating; says whether there was anything to stop."""
        if self.state != "streaming":
            return False
        self.state = "stopped"
        self._scope.cancel()
        self._wake()
        return True

    def abandon(self) -> None:
        """The test is over."""
        self._scope.cancel()

    async def first_response(self) -> AsyncIterator[bytes | None]:
        """What the first response writes, write by write; None where the connection breaks."""
        async for data in _cut_into_writes(self._first_frames(), self.reply.write_bytes):
            if data:
                self.writes.append(Write(time.perf_counter(), data))
            yield data

    async def _first_frames(self) -> AsyncIterator[bytes | None]:
        index = 0
        while True:
            if self.cut_at is not None and index >= self.cut_at:
                yield None
                return
            if index < len(self.frames):
                frame = self.frames[index]
                index += 1
                yield frame.data
                if not frame.shared and frame.data.startswith(b"data: [DONE]"):
                    return  # handed over
            elif self.state != "streaming":
                return
            else:
                await self._grown.wait()

    async def follow(self, skip: int = 0) -> AsyncIterator[bytes]:
        """The turn's own frames from the beginning, without so many counted events.

        Counted as the page does: every event but empty ones and ``[DONE]``.
        """
        index = counted = 0
        while True:
            if index < len(self.frames):
                frame = self.frames[index]
                index += 1
                is_event = frame.data not in (b"data: \n\n", b"data: [DONE]\n\n")
                counted += is_event
                if frame.shared and (counted > skip or not is_event):
                    yield frame.data
            elif self.state != "streaming":
                return
            else:
                await self._grown.wait()

    async def _pass_gate(self, gate: Gate) -> None:
        if self.reply.cut == gate.name:
            self.cut_at = len(self.frames)
            self._wake()
        await self.gates.pass_through(gate.name, shut=gate.name in self.reply.hold)

    def _wake(self) -> None:
        grown, self._grown = self._grown, trio.Event()
        grown.set()


async def _cut_into_writes(
    frames: AsyncIterator[bytes | None], size: int | None
) -> AsyncIterator[bytes | None]:
    rest = b""
    async for data in frames:
        if data is None or size is None:
            yield data
            continue
        rest += data
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    if rest:
        yield rest
