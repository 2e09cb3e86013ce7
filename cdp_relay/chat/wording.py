"""The words in which a request is put to a page: its conversation, its tools, the form of its answer."""

from __future__ import annotations

from collections.abc import Sequence

from cdp_relay.chat.calls import CallProtocol, new_nonce
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.structured import output_closing, output_instructions
from cdp_relay.chat.vocabulary import ChatRequest, Message

__all__ = ["call_protocol", "word_closing", "word_prompt"]


def call_protocol(request: ChatRequest, key: bytes) -> CallProtocol | None:
    """How the tools of a request are offered and called; None when it has none.

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


def word_closing(request: ChatRequest, calls: CallProtocol | None) -> str:
    """What a model must not miss, to be said beside a prompt that goes as a file; mostly empty."""
    closing = output_closing(tools=_may_call(calls)) if request.output is not None else ""
    return "\n".join(text for text in (calls.reminder if calls is not None else "", closing) if text)


def _may_call(calls: CallProtocol | None) -> bool:
    return calls is not None and bool(calls.callable_names)
