"""What is kept comes back as it was; what is damaged or of another version is left out."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from cdp_relay.chat.vocabulary import (
    ChatChoice,
    ChatEvent,
    ChatNamed,
    Drift,
    FilePart,
    FileProduced,
    Message,
    Notice,
    OutputFormat,
    ReasoningDelta,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextPart,
    TextRetracted,
    Tool,
    ToolCall,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolChoice,
    ToolMode,
    Wishes,
)
from cdp_relay.errors import CapReached, PromptTooLong, RelayError
from cdp_relay.store.documents import (
    error_document,
    event_document,
    pack,
    read_error,
    read_event,
    read_request,
    request_document,
    unpack,
)
from tests.store.kit import asked, finished

EVENTS: list[ChatEvent] = [
    StepReached(step=Step.LEASED, at_seconds=1.5, facts={"tab": "T", "turns": 2, "more": {"a": [1]}}),
    ChatNamed(conversation_id="c", conversation_url="https://chat.example/c"),
    TextDelta("für 漢字 \ud83d lone"),
    TextRetracted(3),
    ReasoningDelta("hm"),
    ToolCallBegan(index=0, id="call_1", name="edit", freeform=True),
    ToolCallArguments(0, '{"a":'),
    ToolCallEnded(index=0, id="call_1", name="edit", arguments="{}"),
    Notice(code="restarted", message="The page was lost."),
    Drift(kind="event", detail="x"),
    finished(conversation_id="c", stop_sequence="END", capture="page"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back(event: ChatEvent) -> None:
    assert read_event(unpack(pack(event_document(event)))) == event


def test_a_file_of_an_answer_is_kept_by_its_digest() -> None:
    event = FileProduced(name="a.png", media_type="image/png", data=b"png", description="a cat")
    document = event_document(event)
    assert document["bytes"] == 3
    assert read_event(document) == attrs.evolve(event, data=b"")


def test_a_request_comes_back_without_the_data_of_its_files() -> None:
    request = attrs.evolve(
        asked(),
        messages=(
            Message(role=Role.SYSTEM, parts=(TextPart("be brief"),)),
            Message(role=Role.USER, parts=(FilePart(name="a.txt", media_type="text/plain", data=b"DATA"),)),
            Message(role=Role.ASSISTANT, tool_calls=(ToolCall(id="1", name="t", arguments="{}"),)),
            Message(role=Role.TOOL, parts=(TextPart("no"),), tool_call_id="1", failed=True),
        ),
        tools=(Tool(name="t", description="d", parameters={"type": "object"}),),
        tool_choice=ToolChoice(mode=ToolMode.REQUIRED, names=("t",), parallel=False),
        output=OutputFormat(schema={"type": "object"}),
        wishes=Wishes(effort="high", stop=("END",)),
        chat=ChatChoice(temporary=True),
        key="k",
        fingerprint="f",
        retry=True,
    )
    packed = pack(request_document(request, content=True))
    read = read_request(unpack(packed))
    assert read is not None
    assert read.messages[1].files[0].data == b""
    assert attrs.evolve(read, messages=()) == attrs.evolve(request, messages=())
    assert [message.text for message in read.messages] == [message.text for message in request.messages]
    assert read.messages[2:] == request.messages[2:]


def test_a_request_without_content_says_only_how_much_there_was() -> None:
    document = request_document(asked("a secret plan"), content=False)
    assert "secret" not in str(document)
    assert document["shape"] == [{"role": "user", "chars": 13}]
    read = read_request(document)
    assert read is not None
    assert read.messages == ()


@pytest.mark.parametrize(
    "error",
    [
        CapReached("Enough for today.", retry_after_seconds=60.0, details={"site": "chatgpt"}),
        PromptTooLong("Too long.", param="messages"),
        RelayError("Something.", next_step="Look."),
    ],
)
def test_an_error_comes_back_as_what_it_was(error: RelayError) -> None:
    read = read_error(unpack(pack(error_document(error))))
    assert type(read) is type(error)
    assert error_document(read) == error_document(error)


@pytest.mark.parametrize("damaged", [None, [], "x", 3, {}, {"event": "Nothing"}, {"event": "TextDelta"}])
def test_what_is_no_event_is_left_out(damaged: Any) -> None:
    assert read_event(damaged) is None


@pytest.mark.parametrize("damaged", [None, [], {}, {"id": 3}, {"id": "a", "model": "m", "messages": [3]}])
def test_what_is_no_request_is_left_out(damaged: Any) -> None:
    assert read_request(damaged) is None


@pytest.mark.parametrize("data", [b"", b"nothing packed", pack("x")[:5]])
def test_damaged_bytes_are_nothing(data: bytes) -> None:
    assert unpack(data) is None


def test_an_error_of_an_unknown_class_is_still_an_error() -> None:
    read = read_error({"class": "Path", "message": "odd"})
    assert type(read) is RelayError
    assert read.message == "odd"
