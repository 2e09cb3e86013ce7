"""One turn on a chat site's server: it goes on, whoever listens."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs
import trio

from cdp_relay.recording.serving.gates import Gates
from tests.sites.kit.answers import Answer, Attached, Part, Recording

__all__ = ["ChatTurn", "Frame", "Gate", "Pause", "Prompt", "Send", "Step", "Write", "with_gates"]

Send = Callable[[bytes], Awaitable[None]]


@attrs.frozen
class Frame:
    """Bytes that are written at once."""

    data: bytes
    shared: bool = True
    """Whether it belongs to the turn's stream proper, and not only to the first response."""
    ends: bool = False
    """Whether the first response is over with it, though the turn goes on."""


@attrs.frozen
class Pause:
    """Nothing for some seconds."""

    seconds: float


@attrs.frozen
class Gate:
    """A place where the answer can be held or cut."""

    name: Part


Step = Frame | Pause | Gate


def with_gates(frames: Iterable[Frame], *, count: int, delay: float = 0.0) -> Iterator[Step]:
    """Frames of text with the gate ``middle`` in their middle and ``end`` behind them."""
    middle = (count + 1) // 2 if count > 1 else count
    for index, frame in enumerate(frames):
        if index == middle:
            yield Gate("middle")
        yield frame
        if delay:
            yield Pause(delay)
    if count < 2:
        yield Gate("middle")
    yield Gate("end")


@attrs.frozen(kw_only=True)
class Prompt:
    """What a page's request said, put into the words that all sites share."""

    text: str
    body: Any
    """The whole request body, parsed."""
    conversation_id: str | None = None
    """The chat that it goes on with; None asks for a new one."""
    earlier: tuple[Prompt | str, ...] = attrs.field(default=(), repr=False)
    """What the chat held before, for a model that knows its chat: prompts, and the texts of answers."""
    key: str = ""
    """The page's own name for the turn, in its reports."""
    model: str | None = None
    temporary: bool = False
    attachments: tuple[Attached, ...] = ()
    wishes: Mapping[str, Any] = attrs.field(factory=dict)
    """What the page's other controls said: ``effort``, ``temperature``, ``system`` …"""


@attrs.frozen
class Write:
    """One write of the answer's first response, as the server began it."""

    at: float
    """Seconds on ``time.perf_counter``."""
    data: bytes


@attrs.define(eq=False, kw_only=True)
class ChatTurn:
    """A prompt and its answer. Tests read it; only the server's loop changes it."""

    asked: Prompt
    conversation_id: str
    reply: Answer | Recording
    gates: Gates
    cut: Part | None = None
    """Where the first response breaks."""
    state: Literal["streaming", "complete", "stopped"] = "streaming"
    frames: list[Frame] = attrs.field(factory=list)
    writes: list[Write] = attrs.field(factory=list)
    cut_at: int | None = None
    """After how many frames the first response breaks."""
    _grown: trio.Event = attrs.field(factory=trio.Event)
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    @property
    def prompt(self) -> str:
        """The text of the user's message, as the page's request said it."""
        return self.asked.text

    @property
    def request(self) -> Any:
        """The whole request body."""
        return self.asked.body

    @property
    def model(self) -> str | None:
        """The model that the request asked for."""
        return self.asked.model

    @property
    def wishes(self) -> Mapping[str, Any]:
        """What the request asked for beyond words and model."""
        return self.asked.wishes

    @property
    def temporary(self) -> bool:
        """Whether the site was asked not to keep the chat."""
        return self.asked.temporary

    @property
    def attachments(self) -> tuple[Attached, ...]:
        """The files that came with the prompt."""
        return self.asked.attachments

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

    async def over(self) -> None:
        """Wait until nothing more is generated."""
        while self.state == "streaming":
            await self._grown.wait()

    async def frame(self, index: int) -> Frame | None:
        """Wait for a frame; None when the answer is over before it."""
        while index >= len(self.frames):
            if self.state != "streaming":
                return None
            await self._grown.wait()
        return self.frames[index]

    async def respond(self, send: Send, *, at_once: bool = False) -> bool:
        """Write the first response; False when the connection is to break now.

        Args:
          at_once: write nothing before the end, and then all of it.
        """
        size = self.reply.write_bytes
        writer = _Writer(send=send, size=None if at_once else size, at_once=at_once, writes=self.writes)
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
            if frame.ends:
                break
        await writer.flush()
        return index != self.cut_at

    async def _pass_gate(self, gate: Gate) -> None:
        await self.gates.pass_through(gate.name, shut=gate.name in self.reply.hold)
        if self.cut == gate.name:
            self.cut_at = len(self.frames)
            self._wake()

    def _wake(self) -> None:
        grown, self._grown = self._grown, trio.Event()
        grown.set()


@attrs.define(kw_only=True)
class _Writer:
    """Sends frame by frame, in writes of one size, or all at the end, and keeps the times."""

    send: Send
    size: int | None
    at_once: bool
    writes: list[Write]
    _rest: bytearray = attrs.field(factory=bytearray)

    async def add(self, data: bytes) -> None:
        if self.size is None and not self.at_once:
            await self._write(data)
            return
        self._rest += data
        while self.size is not None and len(self._rest) >= self.size:
            await self._write(bytes(self._rest[: self.size]))
            del self._rest[: self.size]

    async def flush(self) -> None:
        if self._rest:
            await self._write(bytes(self._rest))

    async def _write(self, data: bytes) -> None:
        self.writes.append(Write(time.perf_counter(), data))
        await self.send(data)
