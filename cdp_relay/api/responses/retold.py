"""Any request's answer as a response, out of what the journal keeps of it: whatever it was asked in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from cdp_relay.api.dialect import AnswerFacts
from cdp_relay.api.json_body import Field
from cdp_relay.api.responses.answer import ResponseStream
from cdp_relay.api.responses.failure import response_error
from cdp_relay.api.responses.resource import Resource, asked_fields
from cdp_relay.api.responses.tools import read_offer
from cdp_relay.chat.vocabulary import ChatEvent
from cdp_relay.errors import AnswerNotKept, AnswerStopped
from cdp_relay.store import StoredTurn, TurnSummary

__all__ = ["kept_events", "response_of_turn", "writer_of_turn"]


def writer_of_turn(turn: StoredTurn) -> ResponseStream:
    """A writer of the turn's answer. What was asked is not repeated in it: the dialect may be another."""
    summary, nothing = turn.summary, Field(path="", value={})
    offer = read_offer(nothing)
    facts = AnswerFacts(
        id=summary.id.removeprefix("req_"),
        request_id=summary.id,
        created=int(summary.began_at),
        label=summary.label,
    )
    return ResponseStream(
        resource=Resource(facts=facts, asked=asked_fields(nothing, offer)),
        offer=offer,
        now=lambda: int(summary.ended_at or summary.began_at),
        keep=_keep_nothing,
    )


def response_of_turn(turn: StoredTurn) -> bytes:
    """The response as JSON: whole, or with what came of it and how it ended.

    Raises:
      AnswerNotKept: it has ended, and its texts were not kept.
    """
    _check_content(turn.summary)
    writer = writer_of_turn(turn)
    for event in turn.events:
        writer.feed(event)
    if writer.finished:
        return writer.body
    summary = turn.summary
    if summary.conversation_id is not None:
        writer.resource.conversation_id = summary.conversation_id
    status, error = _STATUSES.get(summary.state, "failed"), None
    if status == "failed" and summary.error is not None:
        error = response_error(summary.error)
    return writer.render(status, error=error, extension=_extension(summary))


async def kept_events(turn: StoredTurn) -> AsyncGenerator[ChatEvent, None]:
    """The events of a turn that is over, told again.

    Raises:
      RelayError: as the turn ended.
      AnswerNotKept: its texts were not kept.
    """
    _check_content(turn.summary)
    for event in turn.events:
        yield event
    if turn.summary.error is not None:
        raise turn.summary.error
    if turn.summary.state == "stopped":
        raise AnswerStopped("The answer was stopped.")


_STATUSES = {"running": "in_progress", "finished": "completed", "stopped": "cancelled"}
"""Those of the dialect, by the states of turns; all others are ``failed``."""


def _extension(summary: TurnSummary) -> dict[str, Any]:
    return {
        "state": summary.state,
        "step": summary.step,
        "site": summary.site,
        "conversation_id": summary.conversation_id,
        "conversation_url": summary.conversation_url,
    }


def _check_content(summary: TurnSummary) -> None:
    if not summary.content and summary.state != "running":
        raise AnswerNotKept(
            "The journal keeps no texts, so the answer cannot be fetched (journal.content).",
            next_step=f"Look at the chat: {summary.conversation_url}"
            if summary.conversation_url
            else "Set journal.content to true, and ask again.",
        )


def _keep_nothing(id_: str, body: bytes, output: list[dict[str, Any]]) -> None:
    """It is kept already."""
