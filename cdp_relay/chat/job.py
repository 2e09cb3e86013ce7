"""What a turn has to do in its chat: planned, and worded. Sans-IO."""

from __future__ import annotations

import attrs

from cdp_relay.chat.attaching import Attachment, plan_files
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.composing import check_length
from cdp_relay.chat.continuing import ChatTie
from cdp_relay.chat.place import Place
from cdp_relay.chat.plan import Plan, plan_turn
from cdp_relay.chat.shaping import Shape, shape_of
from cdp_relay.chat.vocabulary import ChatRequest
from cdp_relay.chat.wording import word_closing, word_prompt

__all__ = ["Job", "prepare_job"]


@attrs.frozen(kw_only=True)
class Job:
    """A request as one chat is to be told it. Made by :func:`prepare_job`."""

    request: ChatRequest
    plan: Plan
    prompt: str
    """What is typed: all of the conversation, or what the chat does not know of it."""
    files: tuple[Attachment, ...]
    closing: str
    """What is said beside a prompt that goes as a file."""
    calls: CallProtocol | None
    """How calls stand in the chat."""
    shape: Shape | None
    """What is to be made of the answer."""
    continued: int = 0
    """How many of the request's messages the chat knows."""

    @property
    def whole_prompt(self) -> str:
        """All that the model answers to, of which a chat that goes on holds the most: clients watch how long
        their conversations get."""
        if not self.continued:
            return self.prompt
        return word_prompt(self.request, self.request.messages, self.calls)


def prepare_job(request: ChatRequest, place: Place, tie: ChatTie, calls: CallProtocol | None) -> Job:
    """Plan a turn in the chat that it goes on in, or in a new one, and word its prompt.

    Args:
      calls: how they would stand in a new chat.

    Raises:
      UserError: the site cannot be asked this.
    """
    provider = place.desk.provider
    plan = plan_turn(
        request,
        place.route,
        provider,
        temporary=place.temporary,
        seen=place.seen_models,
        claim=tie.claim,
    )
    planned = plan_files(plan.messages, provider.site, of=request.messages)
    calls = tie.calls(calls)
    if tie.claim is None:
        prompt = word_prompt(request, planned.messages, calls)
    else:
        prompt = tie.word(planned.messages, calls)
    check_length(prompt, provider.site, planned.files)
    return Job(
        request=request,
        plan=plan,
        prompt=prompt,
        files=planned.files,
        closing=word_closing(request, calls),
        calls=calls,
        shape=shape_of(request, calls),
        continued=tie.continued,
    )
