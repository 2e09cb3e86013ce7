"""From a Responses body to the neutral :class:`ChatRequest`, and to writers of its answer.

Fields that are known have to have their type. Fields, kinds of tools and kinds of items that are not
known are let through and named.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import attrs

from cdp_relay.api.dialect import AnswerFacts, Asked
from cdp_relay.api.json_body import Field
from cdp_relay.api.parameters import (
    CHAT_HEADER,
    check_parameters,
    given_parameters,
    read_chat,
    read_label,
    read_wishes,
)
from cdp_relay.api.responses.answer import Keep, ResponseStream, WholeResponse
from cdp_relay.api.responses.items import Item, MessageReader, input_items, with_ids
from cdp_relay.api.responses.resource import Resource, asked_fields
from cdp_relay.api.responses.store import ResponseStore
from cdp_relay.api.responses.tools import Offer, read_offer
from cdp_relay.api.tools import read_schema
from cdp_relay.chat.vocabulary import ChatChoice, ChatRequest, OutputFormat, RequestId, Wishes
from cdp_relay.errors import InvalidRequest, PreviousResponseNotFound, UnsupportedValue

__all__ = ["ResponseAsked", "read_response_request"]

_METADATA_PAIRS, _METADATA_NAME_CHARS, _METADATA_VALUE_CHARS = 16, 64, 512
_HONOURED = frozenset(
    {
        *("model", "input", "instructions", "stream", "stream_options", "text", "metadata"),
        *("store", "background", "previous_response_id", "conversation", "max_output_tokens"),
        *("tools", "tool_choice", "parallel_tool_calls"),
    }
)
_DEFAULTS = {"truncation": "disabled", "service_tier": "auto"}
"""Values that ask for nothing."""


@attrs.frozen(kw_only=True)
class ResponseAsked:
    """A request to ``/v1/responses``, understood."""

    request: ChatRequest
    offer: Offer
    body: Field
    items: tuple[Item, ...]
    """What the answer is based on: the items of the answers before it, then those of the request."""
    stream: bool
    background: bool
    store: bool
    given: tuple[str, ...]

    def asked(self, keep: Keep) -> Asked:
        """The request as the rest of the door takes it.

        Args:
          keep: takes the response when it has ended.
        """
        return Asked(
            request=self.request,
            stream=self.stream,
            given=self.given,
            new_stream=lambda facts: self.new_stream(facts, keep),
            new_whole=lambda facts: WholeResponse(stream=self.new_stream(facts, keep)),
        )

    def new_stream(self, facts: AnswerFacts, keep: Keep) -> ResponseStream:
        """A writer of the answer's events."""
        return ResponseStream(
            resource=Resource(facts=facts, asked=asked_fields(self.body, self.offer)),
            offer=self.offer,
            now=lambda: int(time.time()),
            keep=keep,
            queued=self.background,
        )


def read_response_request(
    body: Field, store: ResponseStore, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> ResponseAsked:
    """Convert a body.

    Args:
      store: where earlier answers are, for ``previous_response_id`` and references to items.
      chat: which chat the request goes to, from its header.

    Raises:
      InvalidRequest: a field is missing, of the wrong type or out of its range; ``param`` names it.
      PreviousResponseNotFound: the answer to go on from is not kept.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: something that would be lost on the way to the page.
    """
    label = read_label(body.get("model"))
    check_parameters(body)
    _check_own_parameters(body)
    chat = _read_conversation(body, chat or ChatChoice())
    offer = read_offer(body)
    earlier = _earlier_items(body.get("previous_response_id"), store)
    new = input_items(body.get("input"), store.find_item)
    reader = MessageReader()
    reader.instruct(body.get("instructions"))
    for field in (*_as_fields(earlier), *new):
        reader.read(field)
    if all(message.is_blank for message in reader.messages):
        raise InvalidRequest(
            "input holds no text and no file.", param="input", next_step="Send at least some text."
        )
    output, unknown_format = _read_format(body.get("text"))
    ignored = [*_ignored_names(body), *unknown_format, *offer.ignored, *dict.fromkeys(reader.skipped)]
    stream = bool(body.get("stream").value)
    store_it = body.get("store").value is not False
    return ResponseAsked(
        request=ChatRequest(
            id=request_id,
            model=label,
            messages=tuple(reader.messages),
            wishes=_read_wishes(body),
            chat=chat,
            tools=offer.tools,
            tool_choice=offer.choice,
            output=output,
            live=stream,
            client=client,
        ),
        offer=offer,
        body=body,
        items=(*earlier, *with_ids(new, request_id.removeprefix("req_"))),
        stream=stream,
        background=bool(body.get("background").value),
        store=store_it,
        given=tuple(ignored),
    )


def _earlier_items(field: Field, store: ResponseStore) -> tuple[Item, ...]:
    if field.is_null:
        return ()
    earlier = store.get(field.string())
    if earlier is None or earlier.running:
        raise PreviousResponseNotFound(
            f"Previous response with id {field.string()[:80]!r} not found.", param=field.path
        )
    return (*earlier.items, *(item for item in earlier.output if not _is_half_a_call(item)))


def _is_half_a_call(item: Item) -> bool:
    """Of an answer that broke within a call; nobody has run it."""
    return item["type"] in ("function_call", "custom_tool_call") and item["status"] != "completed"


def _as_fields(items: Iterable[Item]) -> Iterable[Field]:
    for item in items:
        yield Field(path="previous_response_id", value=item)


# --- parameters ----------------------------------------------------------------------------------


def _read_conversation(body: Field, header: ChatChoice) -> ChatChoice:
    """Which chat the request goes to, by its body and its header, which must not contradict each other."""
    field = body.get("conversation")
    if field.is_null:
        return header
    named = field.get("id") if isinstance(field.value, dict) else field
    if not isinstance(named.value, str) or not named.value.strip():
        field.refuse("the id of a chat, or an object with its id")
    if not body.get("previous_response_id").is_null:
        raise InvalidRequest(
            "conversation and previous_response_id are both given, and each names a conversation.",
            param="conversation",
            next_step="Send one of them.",
        )
    chat = read_chat(named.value, param=named.path)
    if header not in (ChatChoice(), chat):
        raise InvalidRequest(
            f"conversation and the header {CHAT_HEADER} name different chats.",
            param="conversation",
            next_step="Send one of them.",
        )
    return chat


def _check_own_parameters(body: Field) -> None:
    for name in ("background", "store"):
        if not body.get(name).is_null:
            body.get(name).boolean()
    if body.get("background").value and body.get("store").value is False:
        raise InvalidRequest(
            "background needs store: an answer that is not kept could not be fetched.", param="background"
        )
    for name, (reason, instead) in _UNSUPPORTED.items():
        if not body.get(name).is_null:
            raise UnsupportedValue(f"{name} is not supported: {reason}.", param=name, next_step=instead)
    _check_metadata(body.get("metadata"))
    most = body.get("max_output_tokens")
    if not most.is_null and most.integer() < 1:
        raise InvalidRequest("max_output_tokens is less than 1.", param="max_output_tokens")


_UNSUPPORTED = {
    "prompt": (
        "templates of prompts are kept at OpenAI",
        "Send the prompt's text as instructions and input.",
    ),
}
"""Fields without which a request would mean something else, why not, and what to do instead."""


def _check_metadata(field: Field) -> None:
    if field.is_null:
        return
    pairs = field.object().value
    if len(pairs) > _METADATA_PAIRS:
        raise InvalidRequest(f"metadata has more than {_METADATA_PAIRS} pairs.", param="metadata")
    for name in pairs:
        value = field.get(name)
        if len(name) > _METADATA_NAME_CHARS:
            raise InvalidRequest(
                f"A name in metadata is longer than {_METADATA_NAME_CHARS} characters.", param="metadata"
            )
        if len(value.string()) > _METADATA_VALUE_CHARS:
            raise InvalidRequest(
                f"{value.path} is longer than {_METADATA_VALUE_CHARS} characters.", param=value.path
            )


def _read_wishes(body: Field) -> Wishes:
    most = body.get("max_output_tokens")
    wishes = read_wishes(body)
    return wishes if most.is_null else attrs.evolve(wishes, max_output_tokens=most.integer())


def _read_format(text: Field) -> tuple[OutputFormat | None, list[str]]:
    """What the answer's text has to be, and the names of what nobody can grant."""
    if text.is_null:
        return None, []
    ignored = [] if text.object().get("verbosity").is_null else ["text.verbosity"]
    form = text.get("format")
    kind = "text" if form.is_null else form.object().get("type").string()
    if kind == "json_object":
        return OutputFormat(), ignored
    if kind == "json_schema":
        name, description = form.get("name"), form.get("description")
        return OutputFormat(
            schema=read_schema(form.get("schema").object()),
            name="" if name.is_null else name.text(),
            description="" if description.is_null else description.text(),
        ), ignored
    return None, [*ignored, *([] if kind == "text" else [f"text.format.{kind}"])]


def _ignored_names(body: Field) -> Iterable[str]:
    for name in given_parameters(body.value):
        value = body.value[name]
        if name in _HONOURED or _DEFAULTS.get(name) == value:
            continue
        if name == "reasoning" and not value.get("effort"):
            continue
        yield name
