"""What a chat is made of: the request that enters the river, and the events that come back.

Neutral between the dialects of clients and the formats of sites. Frozen values only.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NewType

import attrs

__all__ = [
    "AnswerShared",
    "ChatChoice",
    "ChatEvent",
    "ChatNamed",
    "ChatRequest",
    "Drift",
    "FilePart",
    "FileProduced",
    "FinishReason",
    "Finished",
    "Message",
    "Notice",
    "OutputFormat",
    "Part",
    "ReasoningDelta",
    "RequestId",
    "Role",
    "Step",
    "StepReached",
    "TextDelta",
    "TextPart",
    "TextRetracted",
    "Tool",
    "ToolCall",
    "ToolCallArguments",
    "ToolCallBegan",
    "ToolCallEnded",
    "ToolChoice",
    "ToolMode",
    "Usage",
    "Wishes",
]

RequestId = NewType("RequestId", str)


class Role(enum.StrEnum):
    """Who speaks. ``developer`` of newer clients is read as ``system`` at the door."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@attrs.frozen
class TextPart:
    """A piece of text inside a message."""

    text: str


@attrs.frozen(kw_only=True)
class FilePart:
    """A file or an image inside a message."""

    name: str
    """A file name without a folder; what the site shows and the model reads."""
    media_type: str
    data: bytes = attrs.field(repr=False)


Part = TextPart | FilePart
"""What a message is made of."""


@attrs.frozen(kw_only=True)
class ToolCall:
    """A call that the model made earlier in the conversation."""

    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it; plain text for a freeform tool."""
    freeform: bool = False


@attrs.frozen(kw_only=True)
class Tool:
    """A tool of the client's that the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    """The JSON Schema of its arguments, an object; empty when nothing is said of them."""
    freeform: bool = False
    """Whether it takes plain text and no JSON; ``parameters`` is empty then."""


class ToolMode(enum.StrEnum):
    """Whether the model has to call a tool."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@attrs.frozen(kw_only=True)
class ToolChoice:
    """How the model may use the tools of a request."""

    mode: ToolMode = ToolMode.AUTO
    names: tuple[str, ...] = ()
    """The only tools that may be called; empty for all. One name and ``REQUIRED`` is a named choice."""
    parallel: bool = True
    """Whether one answer may hold several calls."""


@attrs.frozen(kw_only=True)
class OutputFormat:
    """The answer has to be JSON, bare of anything around it."""

    schema: Mapping[str, Any] | None = None
    """The JSON Schema that it has to meet; None for any JSON object."""
    name: str = ""
    """What the client calls the schema."""
    description: str = ""


@attrs.frozen(kw_only=True)
class Message:
    """One message of the conversation, oldest first in a request."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Of a tool's result: the call that it answers."""
    failed: bool = False
    """Of a tool's result: whether it is an error."""

    @property
    def text(self) -> str:
        """The message's text, its parts joined without anything between."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def is_blank(self) -> bool:
        """Whether it holds no word, no file and no call."""
        return not (self.text.strip() or self.files or self.tool_calls)

    @property
    def files(self) -> tuple[FilePart, ...]:
        """The message's files and images, in order."""
        return tuple(part for part in self.parts if isinstance(part, FilePart))


@attrs.frozen(kw_only=True)
class Wishes:
    """What a client asks of the model beyond words; honoured where the site's page has a control for it."""

    effort: str | None = None
    """How hard to think: ``none``, ``low``, ``medium``, ``high`` or a word of the site's own."""
    temperature: float | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ChatChoice:
    """Which chat on the site a request goes to. When nothing is said, the one that holds the request's
    conversation so far, where the relay knows of one, and else a new one."""

    temporary: bool | None = None
    """With False a new chat that the site keeps. With True one that the site does not keep (refused where the
    site has none): the one that holds the conversation so far, while it stands open, and else a new one. None
    leaves it to the settings, which ask for one only where there is one."""
    conversation_id: str | None = None
    """Go on with this chat: only what follows the last assistant message is sent."""


@attrs.frozen(kw_only=True)
class ChatRequest:
    """One question to a chat site, with all that came before it.

    ``model`` is the client's label: ``chatgpt``, ``chatgpt/<model>``, ``chatgpt/<model>:<effort>``, or
    anything at all, which then goes to the default site.
    """

    id: RequestId
    model: str
    messages: tuple[Message, ...]
    wishes: Wishes = attrs.field(factory=Wishes)
    chat: ChatChoice = attrs.field(factory=ChatChoice)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = attrs.field(factory=ToolChoice)
    output: OutputFormat | None = None
    """What the answer's text has to be; None for free text."""
    live: bool = True
    """Whether the client reads along. An answer that is taken whole can be mended up to its end."""
    client: str = ""
    """Who asks, as far as known (the User-Agent); for logs and fairness, never for routing."""
    session: str = ""
    """The client's own name for its conversation, where it sends one; for logs and fairness."""
    key: str = ""
    """Of requests that are to be made once: one with the key of another that runs, or whose answer is
    kept, shares that one's answer."""
    fingerprint: str = ""
    """The same for the same request sent again, in whatever way its answer is to be told; empty where
    nobody could say."""
    retry: bool = False
    """Whether the client says that it sent this before."""


class Step(enum.StrEnum):
    """The steps of a turn, in order; the last three are its ends.

    A turn whose answer has to be corrected comes to ``composed``, ``submitted`` and ``streaming`` once more,
    each time with the fact ``correction``, and to ``paced`` where the site's pace wants it.
    """

    PAUSED = "paused"
    """Only for turns that wait for the person: a check, a sign-in or terms hold the site up."""
    QUEUED = "queued"
    LEASED = "leased"
    OPENED = "opened"
    READY = "ready"
    PACED = "paced"
    """Only for turns that have to wait for the site's pace: the wait begins."""
    COMPOSED = "composed"
    SUBMITTED = "submitted"
    STREAMING = "streaming"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class StepReached:
    """The turn has reached a step. ``at_seconds`` counts from the request's arrival."""

    step: Step
    at_seconds: float
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """What is worth knowing about the step: queue position, ladder rung, conversation id, ..."""


@attrs.frozen(kw_only=True)
class AnswerShared:
    """The request shares the answer of another one, and was not asked; comes first, and only then."""

    request: RequestId
    """The one that was asked."""
    begun_at: float
    """When that one came; unix seconds."""
    kept: bool
    """Whether the answer is told again after its end; the turn still runs otherwise."""


@attrs.frozen(kw_only=True)
class ChatNamed:
    """The site has named the chat that the answer stands in; comes once, as soon as it is known."""

    conversation_id: str
    conversation_url: str | None = None
    """Where the chat can be opened."""


@attrs.frozen
class TextDelta:
    """The next piece of the answer. The pieces in order, joined, are the whole answer."""

    text: str


@attrs.frozen
class TextRetracted:
    """The site took back the last *chars* characters of the answer's text, and may go on otherwise.

    Whoever gathers the text cuts them off. Whoever has passed them on already has to say so.
    """

    chars: int


@attrs.frozen
class ReasoningDelta:
    """The next piece of what the site shows of the model's thinking."""

    text: str


@attrs.frozen(kw_only=True)
class ToolCallBegan:
    """The model calls one of the client's tools. Calls come one after another, never interleaved."""

    index: int
    """The call's place among the answer's calls, from 0."""
    id: str
    """Unlike that of any other call, over restarts as well."""
    name: str
    freeform: bool = False


@attrs.frozen
class ToolCallArguments:
    """The next piece of the arguments of the call that began last. The pieces, joined, are its arguments."""

    index: int
    text: str


@attrs.frozen(kw_only=True)
class ToolCallEnded:
    """A call is whole, and fits the tool's schema."""

    index: int
    id: str
    name: str
    arguments: str
    """All of them: JSON text of an object, or plain text for a freeform tool."""
    freeform: bool = False


@attrs.frozen(kw_only=True)
class FileProduced:
    """An image or a file that the site made for the answer, whole."""

    name: str
    media_type: str
    data: bytes = attrs.field(repr=False)
    description: str = ""
    """The site's words for it (an image's alternative text)."""


@attrs.frozen(kw_only=True)
class Notice:
    """Something the client may want to know that is no error; ``code`` is stable."""

    code: str
    message: str


@attrs.frozen(kw_only=True)
class Drift:
    """The site did something its definition does not know; reported, never fatal."""

    kind: str
    """``event``, ``operation``, ``content``, ``selector``, ..."""
    detail: str


class FinishReason(enum.StrEnum):
    """Why an answer ended, for answers that are whole or cut for a stated reason."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    """The client is to run its tools and send their results."""
    CONTENT_FILTER = "content_filter"
    INTERRUPTED = "interrupted"
    """Stopped on the page, by a person or by the site."""


@attrs.frozen(kw_only=True)
class Usage:
    """Token counts. Most sites do not report them, so they are estimates unless said otherwise."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    estimated: bool = True
    """Whether the counts are estimates; a site's own are not, nor are those of a tokenizer."""
    source: str = "estimate"
    """Who counted: ``site``, ``tokenizer`` (a real one, though hardly the site's) or ``estimate``."""

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together; reasoning is part of the completion."""
        return self.prompt_tokens + self.completion_tokens


@attrs.frozen(kw_only=True)
class Finished:
    """The last event of a turn that worked. A turn that did not raises a RelayError instead."""

    finish_reason: FinishReason
    usage: Usage
    site: str
    model: str | None
    """What the site said answered; where its answers do not say, what the page's request asked for; None
    where neither does."""
    conversation_id: str | None = None
    conversation_url: str | None = None
    stop_sequence: str | None = None
    """Which of the wished stop sequences cut the answer; None where none did."""
    capture: str = "stream"
    """Which rung of the capture ladder the text came from: ``stream``, ``socket``, ``body``, ``page``."""
    timeline: tuple[StepReached, ...] = ()


ChatEvent = (
    AnswerShared
    | StepReached
    | ChatNamed
    | TextDelta
    | TextRetracted
    | ReasoningDelta
    | ToolCallBegan
    | ToolCallArguments
    | ToolCallEnded
    | FileProduced
    | Notice
    | Drift
    | Finished
)
"""What ``Relay.ask`` yields."""
