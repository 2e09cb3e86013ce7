"""Which requests share an answer: decided without a clock, a page or a task."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import attrs
import pytest

from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.fingerprint import fingerprint
from cdp_relay.chat.record import KeptTurn
from cdp_relay.chat.sharing import SharedTurn, Sharing, may_have_been_sent
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FilePart,
    Finished,
    FinishReason,
    Message,
    RequestId,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextPart,
    Tool,
    Usage,
    Wishes,
)
from cdp_relay.errors import (
    AnswerIncomplete,
    AnswerNotKept,
    AnswerStopped,
    CapReached,
    IdempotencyKeyReused,
    QueueFull,
    RelayError,
    SubmitAmbiguous,
    SubmitFailed,
)

NOW = 1000.0
COMPOSED = StepReached(step=Step.COMPOSED, at_seconds=1.5)
FINISHED = Finished(
    finish_reason=FinishReason.STOP,
    usage=Usage(prompt_tokens=1, completion_tokens=1),
    site="practice",
    model=None,
)
ANSWER = (COMPOSED, TextDelta("yes"), FINISHED)


def request(id_: str = "req_1", **more: Any) -> ChatRequest:
    fields = {"fingerprint": "f", "client": "c", "session": "s", **more}
    message = Message(role=Role.USER, parts=(TextPart("Hi"),))
    return ChatRequest(id=RequestId(id_), model="practice", messages=(message,), **fields)


@attrs.define
class Stage:
    """Turns that run as a test says."""

    sharing: Sharing = attrs.field(factory=lambda: Sharing(retry_seconds=60))
    halted: list[str] = attrs.field(factory=list)

    def begin(self, id_: str = "req_1", now: float = NOW, **more: Any) -> SharedTurn:
        return self.sharing.begin(request(id_, **more), Delivery(), lambda: self.halted.append(id_), now)

    def end(self, turn: SharedTurn, *events: ChatEvent, error: RelayError | None = None) -> None:
        for event in events:
            turn.delivery.put(event)
        turn.delivery.close(error)
        self.sharing.ended(turn, NOW)

    def found(self, id_: str = "req_2", now: float = NOW, **more: Any) -> str | None:
        found = self.sharing.find(request(id_, **more), now)
        return None if found is None else found.id


# --- keys --------------------------------------------------------------------------------------


def test_the_same_key_joins_the_turn_that_runs_and_is_told_the_one_that_ended() -> None:
    stage = Stage()
    turn = stage.begin(key="k")
    turn.delivery.read()
    assert stage.found(key="k") == "req_1"
    assert stage.found(key="k", client="other", session="other") == "req_1"
    assert stage.found(key="l") is None
    stage.end(turn, *ANSWER)
    assert stage.found(key="k", now=NOW + 1e6) == "req_1"


def test_a_key_of_another_request_is_refused_whether_that_one_runs_or_not() -> None:
    stage = Stage()
    turn = stage.begin(key="k")
    for _ in range(2):
        with pytest.raises(IdempotencyKeyReused):
            stage.found(key="k", fingerprint="g")
        stage.end(turn, *ANSWER)


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ((), QueueFull("full")),
        ((COMPOSED,), SubmitFailed("did not leave")),
        ((COMPOSED,), CapReached("refused")),
        ((), None),
    ],
)
def test_a_key_whose_turn_sent_nothing_may_ask_again(
    events: tuple[ChatEvent, ...], error: RelayError | None
) -> None:
    stage = Stage()
    turn = stage.begin(key="k")
    turn.stopped = error is None
    stage.end(turn, *events, error=error)
    assert stage.found(key="k") is None


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ((COMPOSED,), SubmitAmbiguous("who knows")),
        ((COMPOSED, TextDelta("ha")), AnswerIncomplete("broke off")),
        ((COMPOSED, TextDelta("ha")), CapReached("in the middle")),
    ],
)
def test_a_key_whose_prompt_may_have_left_is_told_how_that_ended(
    events: tuple[ChatEvent, ...], error: RelayError
) -> None:
    stage = Stage()
    stage.end(stage.begin(key="k"), *events, error=error)
    assert stage.found(key="k") == "req_1"
    # Who only says that it is sent again has nothing to fear from a second prompt.
    stage = Stage()
    stage.end(stage.begin(), *events, error=error)
    assert stage.found(retry=True) is None


def test_a_key_whose_answer_was_stopped_or_is_too_large_says_so() -> None:
    stage = Stage()
    turn = stage.begin(key="k")
    turn.delivery.put(COMPOSED)
    turn.stop()
    with pytest.raises(AnswerStopped):
        stage.found(key="k")
    stage.end(turn)
    with pytest.raises(AnswerStopped, match="stopped"):
        stage.found(key="k")
    turn = stage.begin("req_3", key="large")
    turn.delivery.most = 0
    turn.delivery.put(COMPOSED)
    for _ in range(2):
        with pytest.raises(AnswerNotKept):
            stage.found(key="large")
        stage.end(turn, FINISHED)


# --- what is sent again ------------------------------------------------------------------------


def test_the_same_request_twice_is_two_turns() -> None:
    stage = Stage()
    turn = stage.begin()
    turn.delivery.read()
    assert stage.found() is None
    stage.end(turn, *ANSWER)
    assert stage.found() is None


def test_a_request_that_is_sent_again_gets_the_answer_that_is_on_its_way_or_just_came() -> None:
    stage = Stage()
    turn = stage.begin()
    turn.delivery.read()
    assert stage.found(retry=True) == "req_1"
    assert stage.found(retry=True, fingerprint="g") is None
    assert stage.found(retry=True, session="other") is None
    assert stage.found(retry=True, fingerprint="") is None
    stage.end(turn, *ANSWER)
    assert stage.found(retry=True, now=NOW + 59) == "req_1"
    assert stage.found(retry=True, now=NOW + 60) is None


def test_who_lost_its_connection_goes_on_with_the_answer_that_nobody_reads() -> None:
    stage = Stage()
    turn = stage.begin()
    reader = turn.delivery.read()
    stage.sharing.leave(turn, reader)
    assert turn.deserted
    assert stage.found() == "req_1"
    assert stage.found(client="other") is None
    stage.end(turn, *ANSWER)
    assert stage.found() == "req_1"
    turn.stopped = True
    assert stage.found(retry=True) is None


def test_an_answer_that_was_had_whole_is_not_given_twice() -> None:
    stage = Stage()
    turn = stage.begin()
    reader = turn.delivery.read()
    stage.end(turn)
    stage.sharing.leave(turn, reader)
    assert not turn.missed
    assert stage.found() is None


def test_no_retry_of_what_is_over_where_the_settings_want_none() -> None:
    stage = Stage(Sharing(retry_seconds=0))
    turn = stage.begin()
    turn.delivery.read()
    assert stage.found(retry=True) == "req_1"
    stage.end(turn, *ANSWER)
    assert stage.found(retry=True) is None


# --- stopping ----------------------------------------------------------------------------------


def test_a_turn_is_deserted_once_its_last_reader_left_and_stops_once() -> None:
    stage = Stage()
    turn = stage.begin()
    first, second = turn.delivery.read(), turn.delivery.read()
    deserted = []
    for reader in (first, second):
        stage.sharing.leave(turn, reader)
        deserted.append(turn.deserted)
    assert deserted == [False, True]
    turn.stop()
    turn.stop()
    assert stage.halted == ["req_1"]


@pytest.mark.parametrize(("finish", "key"), [(True, ""), (False, "k")])
def test_a_turn_with_a_key_goes_on_and_so_does_any_where_the_settings_say_so(finish: bool, key: str) -> None:
    stage = Stage(Sharing(retry_seconds=60, finish=finish))
    turn = stage.begin(key=key)
    stage.sharing.leave(turn, turn.delivery.read())
    assert not turn.deserted


# --- what is remembered ------------------------------------------------------------------------


def test_old_answers_go_and_running_ones_never() -> None:
    stage = Stage()
    running = stage.begin("req_run", key="run")
    for number in range(300):
        stage.end(stage.begin(f"req_{number}", key=f"k{number}"), *ANSWER)
    assert stage.found(key="k0") is None
    assert stage.found(key="k299") == "req_299"
    assert list(stage.sharing.running()) == [running]
    stage.end(stage.begin("req_old"), *ANSWER)
    stage.begin("req_new", now=NOW + 61)
    assert stage.sharing.get(RequestId("req_old")) is None
    assert stage.sharing.get(RequestId("req_299")) is not None


async def test_an_answer_that_is_kept_holds_nothing_of_the_turn_that_made_it() -> None:
    class Work:
        def watch(self, event: ChatEvent) -> None:
            del event

        def halt(self) -> None:
            raise AssertionError("it is over")

        def fail(self) -> RelayError:
            try:
                raise AnswerIncomplete("It broke off.")
            except RelayError as error:
                return error

    stage, work = Stage(), Work()
    gone = weakref.ref(work)
    turn = stage.sharing.begin(request(key="k"), Delivery(watch=work.watch), work.halt, NOW)
    stage.end(turn, COMPOSED, TextDelta("half"), error=work.fail())
    del work
    gc.collect()
    assert gone() is None
    assert turn.request.messages == ()
    heard: list[RelayError] = []
    for _ in range(2):
        found = stage.sharing.find(request("req_2", key="k"), NOW)
        assert found is turn
        try:
            async for _event in found.delivery.read():
                pass
        except AnswerIncomplete as error:
            heard.append(error)
    assert [error.message for error in heard] == ["It broke off."] * 2
    assert heard[0] is not heard[1], "one error for each, or the kept one would gather everybody's frames"


def test_what_the_journal_keeps_is_judged_alike() -> None:
    sharing = Sharing(retry_seconds=60)
    kept = KeptTurn(id=RequestId("req_0"), fingerprint="f", events=ANSWER, error=None, ended_at=NOW)
    for wanted in (request(key="k"), request(retry=True)):
        turn = sharing.recall(wanted, kept)
        assert turn is not None
        assert (turn.id, turn.begun_at, turn.delivery.told) == ("req_0", NOW - 1.5, ANSWER)
    with pytest.raises(IdempotencyKeyReused):
        sharing.recall(request(key="k", fingerprint="g"), kept)
    failed = attrs.evolve(kept, events=(COMPOSED,), error=SubmitAmbiguous("?"))
    assert sharing.recall(request(retry=True), failed) is None
    assert sharing.recall(request(key="k"), failed) is not None
    unsent = attrs.evolve(kept, events=(), error=QueueFull("full"))
    assert sharing.recall(request(key="k"), unsent) is None
    with pytest.raises(AnswerStopped):
        sharing.recall(request(key="k"), attrs.evolve(kept, events=(COMPOSED,)))


def test_whether_a_prompt_may_have_left() -> None:
    assert not may_have_been_sent((), None)
    assert may_have_been_sent((COMPOSED,), None)
    assert not may_have_been_sent((COMPOSED,), SubmitFailed("no"))


# --- fingerprints ------------------------------------------------------------------------------


def test_the_way_of_telling_and_who_asks_do_not_change_a_fingerprint() -> None:
    one = request(tools=(Tool(name="t", parameters={"a": 1, "b": 2}),))
    other = request(
        "req_9",
        tools=(Tool(name="t", parameters={"b": 2, "a": 1}),),
        live=False,
        client="x",
        session="y",
        key="k",
        retry=True,
    )
    assert fingerprint(one) == fingerprint(other)
    assert len(fingerprint(one)) == 32


def test_whatever_changes_the_answer_changes_the_fingerprint() -> None:
    def said(*parts: Any) -> tuple[Message, ...]:
        return (Message(role=Role.USER, parts=parts),)

    base = request()
    file = FilePart(name="a", media_type="text/plain", data=b"1")
    others = [
        attrs.evolve(base, model="chatgpt"),
        attrs.evolve(base, messages=said(TextPart("Hi!"))),
        attrs.evolve(base, messages=said(TextPart("H"), TextPart("i"))),
        attrs.evolve(base, messages=(*base.messages, *base.messages)),
        attrs.evolve(base, messages=said(TextPart("Hi"), file)),
        attrs.evolve(base, messages=said(TextPart("Hi"), attrs.evolve(file, data=b"2"))),
        attrs.evolve(base, wishes=Wishes(max_output_tokens=5)),
        attrs.evolve(base, tools=(Tool(name="t"),)),
    ]
    assert len({fingerprint(one) for one in (base, *others)}) == len(others) + 1
