"""The board of turns: what it shows of each, what it counts, and who it wakes. On a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from cdp_relay.chat.live import LiveTurn, TurnBoard
from cdp_relay.chat.measures import Distribution
from cdp_relay.chat.record import NoRecord
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    ChatRequest,
    Notice,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
)
from cdp_relay.errors import QueueFull, RelayError


@attrs.define
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@attrs.define(eq=False)
class Kept(NoRecord):
    """What reaches the journal."""

    told: list[object] = attrs.field(factory=list)

    def routed(self, desk: str, model: str | None) -> None:
        self.told.append((desk, model))

    def event(self, event: ChatEvent) -> None:
        self.told.append(event)

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        self.told.append((prompt, conversation_id))

    def ended(self, state: str, error: RelayError | None = None) -> None:
        self.told.append((state, error))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> TurnBoard:
    return TurnBoard(clock=clock, wall_clock=lambda: 1000.0)


Begin = Callable[..., LiveTurn]


@pytest.fixture
def begin(board: TurnBoard) -> Begin:
    def begin(name: str = "req_1", desk: str = "chatgpt") -> LiveTurn:
        request = ChatRequest(id=RequestId(name), model="chatgpt", messages=(), client="agent/1.0")
        turn = board.begin(request, NoRecord())
        turn.routed(desk, None)
        return turn

    return begin


def step(step: Step, **facts: object) -> StepReached:
    return StepReached(step=step, at_seconds=0.0, facts=facts)


def tell(turn: LiveTurn, clock: Clock, events: Iterable[tuple[float, ChatEvent]]) -> None:
    """Events, each so many seconds after the one before."""
    for seconds, event in events:
        clock.now += seconds
        turn.event(event)


def test_a_turn_is_shown_with_where_it_is_and_then_as_over(
    board: TurnBoard, clock: Clock, begin: Begin
) -> None:
    turn = begin()
    tell(turn, clock, [(0, step(Step.QUEUED, position=3, estimated_seconds=40.0))])
    assert (turn.position, turn.estimated_seconds) == (3, 40.0)
    tell(turn, clock, [(5, step(Step.QUEUED, position=1, estimated_seconds=10.0))])
    assert (turn.position, turn.step_at) == (1, 100.0), "it has been waiting since it came"
    tell(
        turn,
        clock,
        [
            (5, step(Step.LEASED)),
            (1, step(Step.OPENED, chat="held")),
            (1, step(Step.COMPOSED, characters=12, continued=30)),
            (1, ChatNamed(conversation_id="c1")),
            (2, TextDelta("Hello")),
            (1, TextDelta("!")),
        ],
    )
    assert (turn.position, turn.estimated_seconds, turn.step) == (0, None, Step.COMPOSED)
    assert (turn.characters, turn.pieces, turn.chat, turn.spared) == (6, 2, "held", 30)
    assert (turn.first_word_at, turn.conversation_id) == (115.0, "c1")
    assert list(board.running) == ["req_1"]

    with capture_logs() as lines:
        turn.ended("finished")
    [line] = lines
    assert line == {
        "event": "turn", "log_level": "info", "request": "req_1", "site": "chatgpt", "state": "finished",
        "seconds": 16.0, "first_word_seconds": 15.0, "characters": 6, "pieces": 2,
        "chat": "held", "spared": 30,
    }  # fmt: skip
    assert not board.running
    [ended] = board.recent
    assert (ended.state, ended.seconds, ended.ended_at, ended.client) == (
        "finished",
        16.0,
        1000.0,
        "agent/1.0",
    )
    measures = board.measures
    assert measures.step_seconds["chatgpt", "queued"].total == 10.0
    assert measures.step_seconds["chatgpt", "leased"].total == 1.0
    assert measures.first_word_seconds["chatgpt"].total == 15.0
    assert measures.answer_characters == {"chatgpt": 6}
    assert measures.chats == {("chatgpt", "held"): 1}
    assert measures.messages_spared == {"chatgpt": 30}


def test_only_the_first_end_counts_and_failures_by_their_code(board: TurnBoard, begin: Begin) -> None:
    turn = begin()
    turn.ended("failed", QueueFull("Too many wait."))
    turn.ended("stopped")
    assert board.measures.ended == {("chatgpt", "failed", "queue_full"): 1}
    assert [(one.state, one.code) for one in board.recent] == [("failed", "queue_full")]


def test_a_turn_that_was_led_on_is_counted_where_it_ended(
    board: TurnBoard, clock: Clock, begin: Begin
) -> None:
    turn = begin(desk="chatgpt")
    tell(turn, clock, [(0, step(Step.QUEUED)), (2, Notice(code="fell_back", message=""))])
    turn.routed("claude@work", "opus")
    tell(turn, clock, [(1, step(Step.LEASED)), (0, TextDelta("Hi"))])
    turn.ended("finished")
    measures = board.measures
    assert measures.notices == {("chatgpt", "fell_back"): 1}
    assert measures.ended == {("claude@work", "finished", ""): 1}
    assert measures.answer_characters == {"claude@work": 2}


def test_a_call_is_a_first_word_and_its_arguments_are_answer(
    board: TurnBoard, clock: Clock, begin: Begin
) -> None:
    turn = begin()
    tell(
        turn,
        clock,
        [
            (4, ToolCallBegan(index=0, id="call_1", name="read")),
            (1, ToolCallArguments(0, '{"path": ')),
            (1, ToolCallArguments(0, '"x"}')),
        ],
    )
    assert turn.first_word_at == 104.0
    assert (turn.characters, turn.pieces) == (13, 2)
    assert board.measures.first_word_seconds["chatgpt"].total == 4.0


def test_a_correction_is_counted_once(board: TurnBoard, clock: Clock, begin: Begin) -> None:
    turn = begin()
    tell(
        turn,
        clock,
        [
            (0, step(Step.COMPOSED)),
            (1, step(Step.SUBMITTED)),
            (1, step(Step.COMPOSED, correction=True)),
            (1, step(Step.SUBMITTED, correction=True)),
        ],
    )
    assert board.measures.corrections == {"chatgpt": 1}
    assert board.measures.step_seconds["chatgpt", "composed"].count == 2


async def test_all_that_it_is_told_reaches_the_journal(board: TurnBoard) -> None:
    kept = Kept()
    request = ChatRequest(id=RequestId("req_1"), model="chatgpt", messages=())
    turn = board.begin(request, kept)
    events: list[ChatEvent] = [step(Step.QUEUED), TextDelta("Hi"), Notice(code="restarted", message="")]
    turn.routed("chatgpt", "gpt")
    for event in events:
        turn.event(event)
    await turn.sending("Say hi", "c1")
    turn.ended("finished")
    assert kept.told == [("chatgpt", "gpt"), *events, ("Say hi", "c1"), ("finished", None)]
    assert board.measures.prompt_characters == {"chatgpt": 6}


async def test_who_follows_is_woken_by_steps_and_not_by_words(
    board: TurnBoard, begin: Begin, autojump_clock: trio.testing.MockClock
) -> None:
    turn = begin()
    seen = board.version
    turn.event(TextDelta("Hello"))
    with trio.move_on_after(1) as waited:
        await board.changed(seen)
    assert waited.cancelled_caught
    async with trio.open_nursery() as nursery:
        nursery.start_soon(board.changed, seen)
        nursery.start_soon(board.changed, seen)
        await trio.testing.wait_all_tasks_blocked()
        turn.event(step(Step.STREAMING))
    await board.changed(seen)  # what has changed by now is no wait


def test_the_last_that_ended_are_bounded(board: TurnBoard, begin: Begin) -> None:
    for number in range(200):
        begin(f"req_{number}").ended("finished")
    assert len(board.recent) == 50
    assert board.recent[0].request == "req_199"
    assert board.measures.ended == {("chatgpt", "finished", ""): 200}


@pytest.mark.parametrize(
    ("values", "cumulative"),
    [([], (0, 0, 0)), ([0.5, 1.0], (2, 2, 2)), ([1.5, 2.0, 2.5], (0, 2, 3)), ([-1.0, 1e9], (1, 1, 2))],
)
def test_a_bound_holds_what_is_at_most_it(values: list[float], cumulative: tuple[int, ...]) -> None:
    spread = Distribution((1.0, 2.0))
    for value in values:
        spread.add(value)
    assert spread.cumulative == cumulative
    assert (spread.count, spread.total) == (len(values), sum(values))
