"""One turn on the server: it goes on, whoever listens."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

import attrs
import trio

from tests.sites.chatgpt.answer import Answer, Recording
from tests.sites.chatgpt.frames import DONE, Frame, Gate, Pause, Step
from tests.sites.chatgpt.stream import TurnIds
from tests.sites.kit.gates import Gates

__all__ = ["Turn", "Write"]


Send = Callable[[bytes], Awaitable[None]]


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

    def final_message(self) -> dict[str, Any]:
        """What the chat's history shows for an answer."""
        reply = self.reply
        text = reply.whole_text if isinstance(reply, Answer) and not reply.image else ""
        return {
            "id": self.ids.answer,
            "author": {"role": "assistant", "name": None, "metadata": {}},
            "content": {"content_type": "text", "parts": [text]},
            "status": "finished_successfully",
            "end_turn": True,
            "metadata": {"model_slug": reply.model if isinstance(reply, Answer) else "auto"},
            "recipient": "all",
            "channel": "final",
        }

    async def produce(self, steps: Iterable[Step]) -> None:
        """Make the frames, with their pauses and gates, until the end or a stop."""
        with self._scope:
            for step in steps:
                if isinstance(step, Frame):
                    self.frames.append(step)
                    self._wake()
                    await trio.lowlevel.checkpoint()  # whoever follows gets it now
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

    async def frame(self, index: int) -> Frame | None:
        """Wait for a frame; None when the answer is over before it."""
        while index >= len(self.frames):
            if self.state != "streaming":
                return None
            await self._grown.wait()
        return self.frames[index]

    async def respond(self, send: Send) -> bool:
        """Write the first response; False when the connection is to break now."""
        writer = _Writer(send=send, size=self.reply.write_bytes, writes=self.writes)
        index = 0
        while index != self.cut_at:
            if index >= len(self.frames):
                if self.state != "streaming":
                    break
                await self._grown.wait()  # for a frame, or for the cut
                continue
            frame = self.frames[index]
            index += 1
            await writer.add(frame.data)
            if not frame.shared and frame.data == DONE.data:
                break  # handed over
        await writer.flush()
        return index != self.cut_at

    async def replay(self, send: Send, *, skip: int) -> None:
        """Write the turn's own frames from the beginning, without so many counted events.

        Counted as the page does: every event but empty ones and ``[DONE]``.
        """
        index = counted = 0
        while (frame := await self.frame(index)) is not None:
            index += 1
            is_event = frame.data not in (b"data: \n\n", DONE.data)
            counted += is_event
            if frame.shared and (counted > skip or not is_event):
                await send(frame.data)

    async def _pass_gate(self, gate: Gate) -> None:
        await self.gates.pass_through(gate.name, shut=gate.name in self.reply.hold)
        if self.reply.cut == gate.name:
            self.cut_at = len(self.frames)
            self._wake()

    def _wake(self) -> None:
        grown, self._grown = self._grown, trio.Event()
        grown.set()


@attrs.define(kw_only=True)
class _Writer:
    """Sends frame by frame, or in writes of one size, and keeps the times."""

    send: Send
    size: int | None
    writes: list[Write]
    _rest: bytes = b""

    async def add(self, data: bytes) -> None:
        if self.size is None:
            await self._write(data)
            return
        self._rest += data
        while len(self._rest) >= self.size:
            await self._write(self._rest[: self.size])
            self._rest = self._rest[self.size :]

    async def flush(self) -> None:
        if self._rest:
            await self._write(self._rest)

    async def _write(self, data: bytes) -> None:
        self.writes.append(Write(time.perf_counter(), data))
        await self.send(data)
