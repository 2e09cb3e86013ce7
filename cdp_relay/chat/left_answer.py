"""The answer to a prompt that an earlier run of the service sent: read off its page, told as any other.

Nothing is typed and nothing is sent. What stands on the page is only given out when it is known to be the
answer to that prompt.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import attrs
import structlog
import trio

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.measures import Measures
from cdp_relay.chat.page_answer import PageAnswer
from cdp_relay.chat.record import LeftTurn, TurnRecord
from cdp_relay.chat.shaping import Shaper, shape_of
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.told_protocol import told_protocol
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import ChatEvent, ChatNamed, Finished, FinishReason, Notice, Step, ToolMode
from cdp_relay.errors import AnswerLost, RelayError
from cdp_relay.page import Asked, RenderedText, Tab, look_asked
from cdp_relay.page.asked import prompt_lines

__all__ = ["LeftAnswer"]

_log = structlog.stdlib.get_logger("cdp_relay.recovery")

_APPEAR_SECONDS = 10.0
"""How long a page may show neither an answer nor work on one."""

_TELLING_LETTERS = 40
"""A shorter prompt may well have been said in the chat before."""

_NOT_CORRECTED = "The service was restarted in the meantime, and nothing is sent twice."


@attrs.define(eq=False, kw_only=True)
class LeftAnswer:
    """One turn that was left, on its way to its end."""

    turn: LeftTurn
    record: TurnRecord
    counter: TokenCounter
    measures: Measures
    delivery: Delivery = attrs.field(factory=Delivery)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    """Cancelling it ends the reading; the page goes on."""
    timeline: Timeline = attrs.field(init=False)
    conversation_id: str | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.delivery.watch = self.record.event
        ago = 0.0 if self.turn.began_at is None else max(0.0, time.time() - self.turn.began_at)
        self.timeline = Timeline(self.turn.request.id, self.delivery, trio.current_time() - ago)
        self.conversation_id = self.turn.conversation_id

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.delivery.closed

    def url(self, provider: Provider | None) -> str | None:
        """Where its chat can be opened, as far as that is known."""
        if self.turn.url is None and provider is not None and self.conversation_id is not None:
            return provider.conversation_url(self.conversation_id)
        return self.turn.url

    # --- the page

    async def look(self, tab: Tab, provider: Provider, *, seconds: float, its_own: bool) -> RenderedText:
        """Wait for the answer on a page that shows the chat.

        Args:
          its_own: whether the page is the one that the prompt was sent from.

        Raises:
          AnswerLost: the page does not show it.
          RelayError: the page shows a state, or is gone.
        """
        self._name(provider, provider.conversation_at(tab.url))
        title = provider.site.title
        shown = await PageAnswer(tab, provider).whole(timeout=seconds, appear=_APPEAR_SECONDS)
        self._name(provider, provider.conversation_at(tab.url))
        asked = await look_asked(tab, provider.site.answer, self._beginning)
        if asked is None or not self._is_ours(asked, its_own=its_own):
            raise AnswerLost(
                f"The chat on {title} does not show this prompt with an answer below it."
                + ("" if self.turn.submitted else " As far as it shows, the prompt was not sent.")
            )
        if shown is None:
            raise AnswerLost(f"{title} did not come to the end of its answer.")
        return shown

    def _name(self, provider: Provider, conversation_id: str | None) -> None:
        if conversation_id is not None and self.conversation_id is None:
            self.conversation_id = conversation_id
            url = provider.conversation_url(conversation_id)
            self.delivery.put(ChatNamed(conversation_id=conversation_id, conversation_url=url))

    @property
    def _beginning(self) -> str:
        """As much of the prompt as can be compared."""
        turn = self.turn
        return turn.prompt.partition(turn.blot)[0] if turn.blot else turn.prompt

    def _is_ours(self, asked: Asked, *, its_own: bool) -> bool:
        turn, letters = self.turn, sum(map(len, prompt_lines(self._beginning)))
        if asked.shown and letters:
            # Sent twice in one chat, a few words do not tell which of them is answered.
            return turn.submitted or not turn.continued or letters >= _TELLING_LETTERS
        # A long prompt may have gone as a file, of which the page shows only the name.
        sent_here = turn.submitted and (its_own or turn.conversation_id is not None)
        return sent_here and not turn.continued and asked.answers == 1

    # --- telling

    def tell(self, shown: RenderedText, provider: Provider) -> None:
        """Give the answer out; the turn is over then.

        Raises:
          AnswerLost: nobody knows any more how calls stand in it.
          OutputInvalid, ToolCallInvalid: it is not what was asked for, and nothing is sent to mend it.
        """
        request = self.turn.request
        shape = shape_of(request, self._protocol())
        shaper = None if shape is None else Shaper(shape, lambda: f"call_{secrets.token_hex(12)}")
        reader = AnswerReader(provider.new_decoder(), self.delivery, shaper, self.counter)
        message = (
            "The service was restarted while this was answered; the answer was read off its chat's page."
        )
        self.delivery.put(Notice(code="recovered", message=message))
        reader.rendered(shown.markdown, shown.thinking)
        if shaper is not None:
            self._deliver(shaper.close(reader.finish_reason))
            if shaper.correction is not None:
                self._deliver(shaper.give_up(_NOT_CORRECTED))
        self.timeline.reach(Step.FINISHED, bytes=reader.text_bytes, capture=reader.capture, recovered=True)
        reason = FinishReason.STOP if shaper is None else shaper.finish_reason(reader.finish_reason)
        self.delivery.put(
            Finished(
                finish_reason=reason,
                usage=reader.usage(self.counter.count(self.turn.prompt)),
                site=self.turn.desk,
                model=None,
                conversation_id=self.conversation_id,
                conversation_url=self.url(provider),
                stop_sequence=None if shaper is None else shaper.stop_sequence,
                capture=reader.capture,
                timeline=tuple(self.timeline.steps),
            )
        )
        self._end("finished")

    def _protocol(self) -> CallProtocol | None:
        """How calls stand in the answer.

        Raises:
          AnswerLost: nobody knows any more.
        """
        request = self.turn.request
        if not request.tools or request.tool_choice.mode is ToolMode.NONE:
            return None
        protocol = told_protocol(request, self.turn.prompt)
        if protocol is None:
            raise AnswerLost("The calls of tools in the answer cannot be told from its text any more.")
        return protocol

    def _deliver(self, events: Iterable[ChatEvent]) -> None:
        for event in events:
            self.delivery.put(event)

    # --- other ends

    def lose(self, why: str, provider: Provider | None = None) -> None:
        """End it without its answer.

        Args:
          why: a sentence.
        """
        url = self.url(provider)
        next_step = None if url is None else f"Look at {url} before you send the request again."
        details = {"conversation_url": url, "submitted": self.turn.submitted}
        error = AnswerLost(
            f"The service ended while this was answered. {why}", next_step=next_step, details=details
        )
        self.timeline.reach(Step.FAILED, code=error.code)
        self._end("lost", error)

    def fail(self, error: RelayError) -> None:
        """End it with the site's own word."""
        self.timeline.reach(Step.FAILED, code=error.code)
        self._end("failed", error)

    def stop(self) -> None:
        """End it, as nobody wants it any more."""
        self.timeline.reach(Step.STOPPED)
        self._end("stopped")

    def _end(self, state: str, error: RelayError | None = None) -> None:
        code = None if error is None else error.code
        _log.info(
            "turn_recovered" if error is None else "turn_lost", site=self.turn.desk, state=state, code=code
        )
        self.measures.recovered[self.turn.desk, state] += 1
        self.record.ended(state, error)
        self.delivery.close(error)
