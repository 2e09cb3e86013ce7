"""What a client gets of an answer that it wants cut, with calls found in it, or as JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.shaping import Shape, Shaper, shape_of
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Message,
    Notice,
    OutputFormat,
    ReasoningDelta,
    RequestId,
    Role,
    TextDelta,
    TextPart,
    TextRetracted,
    Tool,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolChoice,
    ToolMode,
    Wishes,
)
from cdp_relay.errors import GenerationFailed, OutputInvalid, ToolCallInvalid

READ = Tool(
    name="read",
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string"}, "lines": {"type": "integer"}},
        "required": ["path"],
    },
)
WRITE = Tool(
    name="write",
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string"}, "text": {"type": "string"}},
        "required": ["path", "text"],
    },
)
CALLS = CallProtocol("abc234", (READ, WRITE))
ONE = CallProtocol("abc234", (READ, WRITE), ToolChoice(parallel=False))
MUST = CallProtocol("abc234", (READ, WRITE), ToolChoice(mode=ToolMode.REQUIRED))
CITY = OutputFormat(
    schema={
        "type": "object",
        "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
)
GOOD = '{"city": "Bern", "people": 134794}'


def call(name: str, arguments: dict[str, Any] | str) -> str:
    """A call as a model writes it."""
    said = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return f'```{CALLS.marker}\n{{"name": "{name}", "arguments": {said}}}\n```\n'


def shaper(**wishes: Any) -> Shaper:
    numbers = itertools.count(1)
    return Shaper(Shape(**wishes), lambda: f"id{next(numbers)}")


@attrs.define
class Got:
    """What a client got, in order."""

    events: list[ChatEvent] = attrs.field(factory=list)

    def take(self, events: Iterable[ChatEvent]) -> None:
        self.events += events

    @property
    def text(self) -> str:
        said = ""
        for event in self.events:
            if isinstance(event, TextDelta):
                said += event.text
            elif isinstance(event, TextRetracted):
                said = said[: -event.chars]
        return said

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """The calls by name and arguments; each began once, in order, and came whole in its pieces."""
        found: list[tuple[str, Any]] = []
        pieces: dict[int, str] = {}
        began: list[ToolCallBegan] = []
        for event in self.events:
            if isinstance(event, ToolCallBegan):
                assert event.index == len(began) == len(found)
                began.append(event)
                pieces[event.index] = ""
            elif isinstance(event, ToolCallArguments):
                pieces[event.index] += event.text
            elif isinstance(event, ToolCallEnded):
                assert (event.id, event.name) == (began[-1].id, began[-1].name)
                assert event.arguments == pieces[event.index]
                found.append((event.name, json.loads(event.arguments)))
        assert len({one.id for one in began}) == len(began)
        return found


def hear(
    shaper: Shaper, text: str, reason: FinishReason | None = FinishReason.STOP, sizes: Iterable[int] = ()
) -> Got:
    """Let the site say *text* in such pieces, and then end its answer."""
    got, at = Got(), 0
    for size in sizes or [len(text)]:
        got.take(shaper.feed(TextDelta(text[at : at + size])))
        at += size
    got.take(shaper.feed(TextDelta(text[at:])))
    got.take(shaper.close(None if shaper.enough else reason))
    return got


def correct(shaper: Shaper, text: str) -> Got:
    """Let the model answer the correction."""
    assert shaper.correction
    shaper.begin_correction()
    return hear(shaper, text)


# --- calls


def test_text_streams_and_calls_come_whole_and_nothing_of_a_call_is_text() -> None:
    shaped = shaper(calls=CALLS)
    assert shaped.feed(TextDelta("I look.\n\n")) == [TextDelta("I look.\n\n")]
    rest = hear(shaped, call("read", {"path": "a.py"}) + call("read", {"path": "b.py", "lines": "7"}))
    assert rest.calls == [("read", {"path": "a.py"}), ("read", {"path": "b.py", "lines": 7})]
    assert rest.text == ""
    assert shaped.correction is None
    assert shaped.finish_reason(FinishReason.STOP) is FinishReason.TOOL_CALLS


def test_a_plain_request_has_no_shaper() -> None:
    words = Message(role=Role.USER, parts=(TextPart("hi"),))
    plain = ChatRequest(id=RequestId("r"), model="m", messages=(words,))
    assert shape_of(plain, None) is None
    assert shape_of(attrs.evolve(plain, live=False), None) is None
    # Earlier calls in the history are told by a protocol, but none can be made.
    assert shape_of(plain, CallProtocol("abc234")) is None
    assert (
        shape_of(attrs.evolve(plain, tools=(READ,), tool_choice=ToolChoice(mode=ToolMode.NONE)), CALLS)
        is None
    )
    for wants in (
        attrs.evolve(plain, tools=(READ,)),
        attrs.evolve(plain, output=CITY),
        attrs.evolve(plain, wishes=Wishes(stop=("x",))),
        attrs.evolve(plain, wishes=Wishes(max_output_tokens=5)),
    ):
        assert shape_of(wants, CALLS) is not None


ANSWER = (
    "First é.\n\n"
    + call("read", {"path": "a"})
    + "Then\n"
    + call("write", {"path": "b", "text": "```\nx\n```\n" * 300})
    + "STOP never comes, tokens do: "
    + "x" * 2000
)


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 400), max_size=40),
    live=st.booleans(),
    tokens=st.sampled_from([8, 30, 1700]),
)
def test_what_comes_out_does_not_depend_on_the_pieces(sizes: list[int], live: bool, tokens: int) -> None:
    def outcome(sizes: Iterable[int]) -> tuple[str, object, FinishReason]:
        shaped = shaper(calls=CALLS, stop=("never",), max_tokens=tokens, live=live)
        try:
            got = hear(shaped, ANSWER, sizes=sizes)
        except ToolCallInvalid:
            return "", "a call that had begun was cut", FinishReason.LENGTH
        return got.text, got.calls, shaped.finish_reason(None)

    assert outcome(sizes) == outcome([])


def test_a_model_that_writes_results_itself_is_stopped() -> None:
    shaped = shaper(calls=CALLS)
    got = Got(shaped.feed(TextDelta(call("read", {"path": "a"}))))
    assert [shaped.enough] == [False]
    got.take(shaped.feed(TextDelta(f'<{CALLS.result_tag} tool="read">\nmade up')))
    assert shaped.enough
    assert shaped.feed(TextDelta(" and more")) == []
    got.take(shaped.close(None))
    assert (got.calls, got.text) == ([("read", {"path": "a"})], "")
    assert shaped.finish_reason(None) is FinishReason.TOOL_CALLS


def test_one_call_at_most_ends_the_answer() -> None:
    shaped = shaper(calls=ONE)
    got = hear(shaped, call("read", {"path": "a"}) + call("read", {"path": "b"}), sizes=[5] * 9)
    assert shaped.enough
    assert got.calls == [("read", {"path": "a"})]


# --- calls that went wrong


@pytest.mark.parametrize("live", [True, False])
def test_a_call_that_went_wrong_is_made_again_and_its_first_form_is_never_seen(live: bool) -> None:
    shaped = shaper(calls=CALLS, live=live)
    first = hear(shaped, "Let me see.\n" + call("read", {"file": "a.py"}), sizes=[7] * 4)
    assert first.text == ("Let me see.\n" if live else "")
    assert "path" in (shaped.correction or "")
    second = correct(shaped, "Sorry!\n" + call("read", {"path": "a.py"}))
    assert first.text + second.text == "Let me see.\n"
    assert second.calls == [("read", {"path": "a.py"})]
    assert second.notices == []
    assert shaped.finish_reason(FinishReason.STOP) is FinishReason.TOOL_CALLS


@pytest.mark.parametrize("again", [True, False])
def test_calls_that_have_gone_out_are_not_made_twice(again: bool) -> None:
    shaped = shaper(calls=CALLS)
    good, bad, other = ({"path": "a"}, {"lines": 1}, {"path": "c"})
    first = hear(shaped, call("read", good) + call("read", bad) + call("read", other))
    assert first.calls == [("read", good)]
    assert "first 1 of your calls (read)" in (shaped.correction or "")
    # The others are asked for again, and may come or not, as may the one that was taken.
    mended = call("read", {"path": "b"})
    second = correct(shaped, call("read", good) + mended + call("read", other) if again else mended)
    both = Got(first.events + second.events)
    assert sorted(arguments["path"] for _, arguments in both.calls) == ["a", "b", "c"]


@pytest.mark.parametrize("live", [True, False])
def test_a_call_that_stays_wrong_is_text_with_a_notice(live: bool) -> None:
    shaped = shaper(calls=CALLS, live=live)
    got = hear(shaped, "Now:\n" + call("read", {"file": "a.py"}) + "Done.")
    got.take(correct(shaped, "I cannot.").events)
    assert got.calls == []
    assert got.text.startswith("Now:\n")
    assert '"file": "a.py"' in got.text
    assert got.text.endswith("Done.")
    assert "I cannot" not in got.text
    assert got.notices == ["tool_call_invalid"]
    assert shaped.finish_reason(FinishReason.STOP) is FinishReason.STOP


def test_without_a_corrective_answer_the_first_goes_out_as_it_is() -> None:
    shaped = shaper(calls=CALLS)
    got = hear(shaped, call("delete", {"path": "a"}))
    got.take(shaped.give_up("The site limits prompts."))
    assert "delete" in got.text
    notice = got.events[-1]
    assert isinstance(notice, Notice)
    assert "no tool 'delete'" in notice.message
    assert "The site limits prompts." in notice.message


@pytest.mark.parametrize("live", [True, False])
def test_a_call_in_a_form_of_the_models_own_is_made_again(live: bool) -> None:
    shaped = shaper(calls=CALLS, live=live)
    got = hear(shaped, 'Reading:\n```json\n{"name": "read", "arguments": {"path": "a"}}\n```\n')
    got.take(correct(shaped, call("read", {"path": "a"})).events)
    assert got.calls == [("read", {"path": "a"})]
    assert ("json" in got.text) == live  # what has gone out is out


def test_a_call_that_had_to_come_is_asked_for() -> None:
    shaped = shaper(calls=MUST)
    got = hear(shaped, "No need to read it.")
    got.take(correct(shaped, call("read", {"path": "a"})).events)
    assert (got.text, got.calls) == ("No need to read it.", [("read", {"path": "a"})])


def test_a_call_that_went_wrong_after_it_had_begun_breaks_the_answer() -> None:
    shaped = shaper(calls=CALLS)
    begun = call("write", {"path": "a", "text": "x" * 5000})[:4000]
    got = Got(shaped.feed(TextDelta(begun)))
    assert any(isinstance(event, ToolCallBegan) for event in got.events)
    with pytest.raises(ToolCallInvalid):
        hear(shaped, '", "text": {nonsense}}}\n```\n')
    # An answer that is taken in one piece can still be corrected.
    held = shaper(calls=CALLS, live=False)
    hear(held, begun + '", "text": {nonsense}}}\n```\n')
    assert held.correction


# --- cuts


def test_a_stop_sequence_ends_the_answer_but_not_within_a_call() -> None:
    shaped = shaper(calls=CALLS, stop=("END", "\n\n"))
    got = Got(shaped.feed(TextDelta("one EN")))
    assert got.text == "one "
    got.take(shaped.feed(TextDelta("try\n" + call("write", {"path": "END", "text": "a\n\nb"}))))
    assert [shaped.enough] == [False]
    got.take(shaped.feed(TextDelta("two END three")))
    assert shaped.enough
    got.take(shaped.close(None))
    assert got.text.endswith("two ")
    assert got.calls == [("write", {"path": "END", "text": "a\n\nb"})]
    assert (shaped.finish_reason(None), shaped.stop_sequence) == (FinishReason.TOOL_CALLS, None)


def test_the_stop_sequence_that_ended_the_answer_is_named() -> None:
    shaped = shaper(stop=("END", "FIN"))
    assert hear(shaped, "a FIN b END", sizes=[3, 3, 3]).text == "a "
    assert (shaped.finish_reason(FinishReason.STOP), shaped.stop_sequence) == (FinishReason.STOP, "FIN")


def test_an_answer_that_outgrows_its_tokens_is_cut_and_half_a_call_is_dropped() -> None:
    shaped = shaper(calls=CALLS, max_tokens=20)
    got = hear(shaped, "Some text.\n" + call("write", {"path": "a", "text": "x" * 200}), sizes=[9] * 20)
    assert (got.text, got.calls, got.notices) == ("Some text.\n", [], [])
    assert shaped.finish_reason(None) is FinishReason.LENGTH
    # The site's own cut is the same.
    site = shaper(calls=CALLS)
    got = hear(site, "Some text.\n" + call("read", {"path": "a"})[:-9], FinishReason.LENGTH)
    assert (got.text, got.calls, site.correction) == ("Some text.\n", [], None)
    assert site.finish_reason(FinishReason.LENGTH) is FinishReason.LENGTH


def test_a_cut_within_a_call_that_has_begun_breaks_the_answer() -> None:
    shaped = shaper(calls=CALLS, max_tokens=1000)
    with pytest.raises(ToolCallInvalid, match="length"):
        hear(shaped, call("write", {"path": "a", "text": "x" * 9000}), sizes=[500] * 20)


def test_thinking_counts_towards_the_tokens() -> None:
    shaped = shaper(max_tokens=5)
    got = Got(shaped.feed(ReasoningDelta("x" * 12)))
    got.take(hear(shaped, "y" * 40).events)
    assert (got.reasoning, got.text) == ("x" * 12, "y" * 8)
    shaped = shaper(max_tokens=2)
    got = Got(shaped.feed(ReasoningDelta("x" * 12)))
    assert (got.reasoning, shaped.enough) == ("x" * 8, True)


# --- what the site takes back


def test_what_is_taken_back_is_told_where_it_had_gone_out() -> None:
    shaped = shaper(calls=CALLS, stop=("END",))
    got = Got(shaped.feed(TextDelta("one two EN")))
    got.take(shaped.feed(TextRetracted(2)))  # held: nobody has seen it
    assert got.events == [TextDelta("one two ")]
    got.take(shaped.feed(TextRetracted(4)))
    got.take(hear(shaped, "and three").events)
    assert got.text == "one and three"
    assert TextRetracted(4) in got.events


def test_what_is_taken_back_before_anything_went_out_costs_nothing() -> None:
    shaped = shaper(calls=CALLS, live=False)
    shaped.feed(TextDelta("a " + "\n" + call("read", {"path": "wrong"})))
    shaped.feed(TextRetracted(len(call("read", {"path": "wrong"}))))
    got = hear(shaped, call("read", {"path": "right"}))
    assert (got.text, got.calls) == ("a \n", [("read", {"path": "right"})])


def test_what_is_taken_back_of_a_correction_leaves_the_answer_alone() -> None:
    shaped = shaper(calls=CALLS)
    got = hear(shaped, "Now:\n" + call("read", {}))
    shaped.begin_correction()
    for event in (TextDelta("Sorry"), ReasoningDelta("hm"), TextRetracted(5)):
        got.take(shaped.feed(event))
    got.take(hear(shaped, call("read", {"path": "a"})).events)
    assert (got.text, got.calls) == ("Now:\n", [("read", {"path": "a"})])


def test_after_a_cut_nothing_counts() -> None:
    shaped = shaper(stop=("END",))
    got = Got(shaped.feed(TextDelta("one END two")))
    for event in (TextRetracted(8), TextDelta("three"), ReasoningDelta("hm")):
        assert shaped.feed(event) == []
    assert got.text == "one "


def test_a_call_that_has_gone_out_cannot_be_taken_back() -> None:
    shaped = shaper(calls=CALLS)
    shaped.feed(TextDelta(call("read", {"path": "a"})))
    with pytest.raises(GenerationFailed):
        shaped.feed(TextRetracted(3))


# --- JSON


@pytest.mark.parametrize(
    "answer", [GOOD, f"Here it is:\n```json\n{GOOD}\n```\nBye", f"Sure! {GOOD} Anything else?"]
)
def test_json_comes_bare_and_all_at_once(answer: str) -> None:
    shaped = shaper(output=CITY)
    assert shaped.feed(TextDelta(answer[:9])) == []
    assert hear(shaped, answer[9:]).text == GOOD


def test_json_that_does_not_fit_is_asked_for_again() -> None:
    shaped = shaper(output=CITY)
    assert hear(shaped, '{"city": "Bern", "people": "many"}').events == []
    assert "people" in (shaped.correction or "")
    assert correct(shaped, f"```json\n{GOOD}\n```").text == GOOD
    assert shaped.finish_reason(FinishReason.STOP) is FinishReason.STOP


def test_json_that_stays_wrong_is_an_error_that_says_why() -> None:
    shaped = shaper(output=CITY)
    hear(shaped, "I would rather not say.")
    with pytest.raises(OutputInvalid, match=r"people.*required"):
        correct(shaped, '{"city": "Bern"}')
    shaped = shaper(output=CITY)
    hear(shaped, "I would rather not say.")
    with pytest.raises(OutputInvalid, match=r"no JSON.*The site limits prompts\."):
        shaped.give_up("The site limits prompts.")


def test_json_that_was_cut_comes_as_it_is() -> None:
    shaped = shaper(output=CITY, max_tokens=4)
    assert hear(shaped, GOOD).text == GOOD[:16]
    assert shaped.correction is None
    assert shaped.finish_reason(None) is FinishReason.LENGTH


def test_calls_win_over_json() -> None:
    shaped = shaper(calls=CALLS, output=CITY)
    got = hear(shaped, "First I look.\n" + call("read", {"path": "a"}))
    assert (got.text, got.calls) == ("", [("read", {"path": "a"})])
    shaped = shaper(calls=CALLS, output=CITY)
    assert hear(shaped, f"```json\n{GOOD}\n```").text == GOOD
