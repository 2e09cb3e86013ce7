"""Stages for the contract's scenarios: one that is recorded while it plays, and one on a recording."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import attrs
import trio

from cdp_relay.chat import ChatEvent, ChatRequest, TextDelta
from cdp_relay.chat.contract import Provider, Submission
from cdp_relay.chat.loan import Loan
from cdp_relay.errors import RelayError
from cdp_relay.recording.driving.diary import Diary
from cdp_relay.recording.replay import Asked, ReplayedSite
from cdp_relay.recording.session import Exchange, Session
from tests.contract.stage import NotApplicable, Stage
from tests.recordings.shelf import code_of
from tests.sites.kit import ChatSite

__all__ = ["RecordedStage", "ReplayedStage", "replay"]

_ANSWER_SECONDS = 3.0


@attrs.define(eq=False, kw_only=True)
class RecordedStage(Stage):
    """Plays on a replica, in a tab that is recorded."""

    loan: Loan
    diary: Diary
    questions: int = attrs.field(default=0, init=False)

    async def put(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Give a question to the relay, on the recorded tab."""
        self.questions += 1
        # Before the page is led to a new chat: of what is gone with the old one, the browser keeps nothing.
        await self._answered()
        suffix = "" if self.questions == 1 else f"-{self.questions}"

        async def about_to_leave(prompt: str) -> None:
            self.diary.know("prompt", prompt)
            await self.diary.step(f"filled{suffix}")

        failure: RelayError | None = None
        seen = False
        asking = self.loan.ask(request, before_sending=about_to_leave, on_event=self.diary.hear)
        async with asking as turn:
            try:
                async for event in turn.delivery:
                    if isinstance(event, TextDelta) and not seen:
                        seen = True
                        await self.diary.step(f"streaming{suffix}")
                    yield event  # noqa: ASYNC119  # whoever iterates it closes it
            except RelayError as error:
                failure = error
            finally:
                turn.scope.cancel()  # nothing is left to be cancelled but in a turn that the client left
        self.diary.turn_over(failure)
        if failure is not None:
            raise failure

    async def _answered(self) -> None:
        """Wait until what the page asked is answered."""
        with trio.move_on_after(_ANSWER_SECONDS):
            # A recorder tells of no single answer.
            while not all(map(_has_answer, self.diary.recorder.exchanges())):  # noqa: ASYNC110
                await trio.sleep(0.05)
        await self.diary.recorder.settle()


def _has_answer(exchange: Exchange) -> bool:
    response = exchange.response
    if exchange.error or exchange.resource_type == "websocket":
        return True
    return response is not None and (response.body is not None or exchange.ended_at is not None)


@attrs.define(eq=False, kw_only=True)
class ReplayedStage(Stage):
    """Plays on a recording, whose scene is set already."""

    replayed: ReplayedSite

    def say(self, text: str = "fine", **fields: Any) -> None:
        """Nothing: what the site said was recorded."""

    def state(self, name: str, **options: Any) -> None:
        """Nothing but to say where the scenario makes no sense."""
        if name in self.unavailable:
            raise NotApplicable(self.unavailable[name])

    def calm(self) -> None:
        """Nothing: how the site went on was recorded."""

    @property
    def _submissions(self) -> list[tuple[str, Submission | None]]:
        """The page's own requests for an answer: their addresses, and what they say."""
        provider = self._provider
        return [
            (one.url, provider.read_submission(one.body))
            for one in self.replayed.asked
            if provider.is_submission(one.method, one.url)
        ]

    @property
    def _provider(self) -> Provider:
        return self.relay.providers[self.name]

    @property
    def prompts(self) -> list[str]:
        """The texts of all prompts that left the page, as its own requests say them."""
        return [submission.prompt or "" for _, submission in self._submissions if submission is not None]

    @property
    def conversation_id(self) -> str | None:
        """What the recorded turn was told, unless the page's request names a chat of its own making."""
        url, submission = self._submissions[0]
        named = submission.conversation_id if submission is not None else None
        recorded = (one.event.get("conversation_id") for one in self.replayed.session.heard)
        return (
            named
            or self._provider.submitted_conversation(url)
            or next((one for one in recorded if isinstance(one, str)), None)
        )

    async def stopped(self) -> None:
        """Wait until the page did what it did next when its answer was stopped."""
        exchanges = self.replayed.session.exchanges
        is_submission = self._provider.is_submission
        places = [
            place for place, one in enumerate(exchanges) if is_submission(one.request.method, one.request.url)
        ]
        after = (one for one in exchanges[places[0] + 1 :] if one.request.method != "GET")
        wanted = next(after).id
        await self.replayed.journal.wait("asked", where=lambda asked: bool(asked["recorded"] == wanted))


def replay(session: Session, kind: type[ChatSite[Any]], *, speed: float) -> ReplayedSite:
    """A recording as a site, which journals what it is asked."""
    site: ReplayedSite

    def listen(asked: Asked) -> None:
        site.journal.record("asked", recorded=asked.recorded)

    site = ReplayedSite(session, speed=speed, code=code_of(kind), listen=listen)
    return site
