"""The words in which a request is put to a page: its conversation, its tools, the form of its answer.

A chat that goes on is told only what it does not know: new messages; tools and the form of answers where
they have changed; and that its last exchange does not count, where the client has let that go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from cdp_relay.chat.calls import CallProtocol, new_nonce
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.structured import output_closing, output_instructions
from cdp_relay.chat.vocabulary import ChatRequest, Message, ToolMode

__all__ = [
    "call_protocol",
    "form_digest",
    "tools_digest",
    "word_closing",
    "word_continuation",
    "word_prompt",
]

_VOID = (
    "My last message in this chat, and your answer to it if there was one, are void. Act as if neither had "
    "been written: nothing that you called or wrote there was taken. What follows stands in their place."
)
_NEW_TOOLS = "The list of tools has changed. From now on this section holds, and no earlier one.\n\n"
_NO_TOOL = "No tool can be called in this answer: write plain text, and no call."
_NO_TOOLS = "The tools that were listed earlier are gone: none can be called any more. Answer in plain text."
_FREE_FORM = "Your answer need not be JSON any more: what was said of its form earlier no longer holds."


def call_protocol(request: ChatRequest, key: bytes) -> CallProtocol | None:
    """How the tools of a request are offered and called in a new chat; None when it has none.

    Args:
      key: a secret of the relay's, so that no file or web page can hold what looks like a call.
    """
    if not request.tools:
        return None
    return CallProtocol(new_nonce(key, request.messages), request.tools, request.tool_choice)


def word_prompt(request: ChatRequest, messages: Sequence[Message], calls: CallProtocol | None) -> str:
    """Render what is to be said of a request.

    Args:
      messages: of the request, or as many of them as the page's chat does not know.

    Raises:
      InvalidRequest: there is nothing to answer.
      InvalidText: a text holds what no page takes; ``param`` names the message.
    """
    if request.output is None:
        return render_prompt(messages, calls=calls, of=request.messages)
    form = output_instructions(request.output, tools=_may_call(calls))
    return render_prompt(
        messages,
        calls=calls,
        sections=(("Form of the answer", form),),
        closing=output_closing(tools=_may_call(calls)),
        of=request.messages,
    )


def word_continuation(
    request: ChatRequest,
    messages: Sequence[Message],
    calls: CallProtocol | None,
    *,
    tools: str,
    form: str,
    superseding: bool,
) -> str:
    """Render what a chat has to be told that goes on with a request.

    Args:
      messages: those of the request that it has not been told.
      calls: with the nonce that the chat was taught.
      tools: the :func:`tools_digest` of what it was told of tools last.
      form: the :func:`form_digest` of what it was told of the form of answers last.
      superseding: whether its last exchange does not count any more.

    Raises:
      InvalidRequest, InvalidText: as :func:`word_prompt`.
    """
    now_form, sections = form_digest(request), []
    if now_form != form:
        told = _FREE_FORM
        if request.output is not None:
            told = output_instructions(request.output, tools=_may_call(calls))
        sections.append(("Form of the answer", told))
    return render_prompt(
        messages,
        calls=calls,
        sections=sections,
        closing=output_closing(tools=_may_call(calls)) if request.output is not None else "",
        of=request.messages,
        tools=_changed_tools(request, calls, tools),
        opening=_VOID if superseding else "",
    )


def _changed_tools(request: ChatRequest, calls: CallProtocol | None, told: str) -> str:
    """What a chat has to be told of tools; empty where what it knows still holds."""
    if calls is None or not request.tools:
        return _NO_TOOLS if told else ""
    if not calls.callable_names:
        return _NO_TOOL if told else ""
    if tools_digest(request) != told:
        return (_NEW_TOOLS if told else "") + calls.instructions
    some = request.tool_choice.names and request.tool_choice.mode is not ToolMode.REQUIRED
    if some and len(calls.callable_names) < len(request.tools):
        names = ", ".join(f"`{name}`" for name in calls.callable_names)
        return f"In this answer only these tools may be called: {names}."
    return ""


def tools_digest(request: ChatRequest) -> str:
    """Tells lists of tools apart, in whatever order they come; empty where there are none."""
    if not request.tools:
        return ""
    listed = sorted(
        json.dumps([tool.name, tool.description, tool.parameters, tool.freeform], sort_keys=True, default=str)
        for tool in request.tools
    )
    return hashlib.blake2b("\n".join(listed).encode(), digest_size=12).hexdigest()


def form_digest(request: ChatRequest) -> str:
    """Tells the forms apart that an answer can have to have; empty for free text."""
    output = request.output
    if output is None:
        return ""
    told = json.dumps([output.schema, output.name, output.description], sort_keys=True, default=str)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def word_closing(request: ChatRequest, calls: CallProtocol | None) -> str:
    """What a model must not miss, to be said beside a prompt that goes as a file; mostly empty."""
    closing = output_closing(tools=_may_call(calls)) if request.output is not None else ""
    return "\n".join(text for text in (calls.reminder if calls is not None else "", closing) if text)


def _may_call(calls: CallProtocol | None) -> bool:
    return calls is not None and bool(calls.callable_names)
