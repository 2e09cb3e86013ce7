"""What is said on a tab that stands ready: the prompt and its answer, and a correction where one is needed.

An answer that is wrong in its form is asked for once more, in the same chat: another prompt, and not the
first one again. What comes of that can make the answer better, and never lose it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

import attrs

from cdp_relay.chat.admission import Admission
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.continuing import ChatTie
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.exchange import Exchange, open_exchange
from cdp_relay.chat.health import needs_person
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.job import Job
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.place import Place
from cdp_relay.chat.record import TurnRecord
from cdp_relay.chat.shaping import Shaper
from cdp_relay.chat.tabs import Tabs
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import ChatEvent, Finished, FinishReason, Notice, Step, Usage
from cdp_relay.errors import (
    AnswerBlocked,
    AnswerIncomplete,
    AnswerStopped,
    BrowserError,
    EmptyAnswer,
    RelayError,
)
from cdp_relay.nursery import sole_error
from cdp_relay.page import UploadFolder, watch_requests

__all__ = ["Dialogue"]


@attrs.define(eq=False, kw_only=True)
class Dialogue:
    """One turn's part in a chat."""

    job: Job
    place: Place
    tie: ChatTie
    pool: Tabs
    """Where the tab comes from."""
    admission: Admission
    record: TurnRecord
    timeline: Timeline
    counter: TokenCounter
    named: Callable[[str], None]
    """Told of the chat's name on the site, as soon as it is known."""
    max_file_bytes: int
    """The largest file of an answer that is fetched."""
    exchange: Exchange | None = attrs.field(default=None, init=False)
    """The one of the request's own prompt."""

    @property
    def provider(self) -> Provider:
        """The site."""
        return self.place.desk.provider

    @property
    def may_have_sent(self) -> bool:
        """Whether a failure may have sent the prompt."""
        return self.exchange is not None and self.exchange.may_have_sent

    async def hold(self, site_tab: SiteTab, folder: UploadFolder, interruptions: Interruptions) -> None:
        """Ask, and give out the answer to its end; the page is at rest in the chat then.

        Raises:
          RelayError: there is no (whole) answer.
        """
        site_tab.spend()
        interruptions.document = site_tab.tab.loader_id
        job = self.job
        shaper = None if job.shape is None else Shaper(job.shape, _new_call_id)
        wanted = watch_requests(site_tab.tab, want=self._is_wanted, want_socket=self.provider.is_socket)
        with wanted as capture:
            self.exchange = Exchange(
                site_tab=site_tab,
                plan=job.plan,
                prompt=job.prompt,
                files=job.files,
                closing=job.closing,
                reader=self._reader(shaper),
                capture=capture,
                interruptions=interruptions,
                timeline=self.timeline,
                folder=folder,
                limits=self.place.desk.pool.limits,
                facts={"continued": job.continued} if job.continued else {},
            )
            last = await self._exchanged(self.exchange, shaper)
        if not last.reader.over or last.drained:
            self.tie.stand(site_tab)

    async def _exchanged(self, asked: Exchange, shaper: Shaper | None) -> Exchange:
        """Send the prompt, give out its answer, and leave the page at rest.

        Returns:
          The last exchange with the page.
        """
        async with open_exchange(asked) as exchange:
            try:
                return await self._ask(exchange, shaper)
            except BaseException as raised:
                # Before the page is stopped: who asks again at once waits for that, in the same chat.
                self._broke_off(raised)
                raise

    async def _ask(self, exchange: Exchange, shaper: Shaper | None) -> Exchange:
        interruptions = exchange.interruptions
        with interruptions.applied():
            await exchange.send(self.record.sending)
        with interruptions.applied(states=False):
            await exchange.receive()
            if exchange.reader.over:
                await exchange.fetch_files(self.max_file_bytes)
                await exchange.name_chat()
            self._check(exchange.reader)
            self.admission.worked()
            last = exchange if shaper is None else await self._shaped(exchange, shaper)
            self._finish(exchange, last, shaper)
            if last.reader.over:
                with self.pool.while_unwanted():
                    await last.drain()
                    # The next turn in this chat wants the page, and no look at it.
                    with self.tie.leisure():
                        await last.compare()
        return last

    def _broke_off(self, raised: BaseException) -> None:
        """Note what the chat holds of a turn that did not come to its end."""
        error = sole_error(raised) if isinstance(raised, ExceptionGroup) else raised
        exchange = self.exchange
        if exchange is not None and exchange.may_have_sent and not self.tie.leaves(error, exchange):
            self.tie.broke_off(error, self.job.plan, self.job.calls, exchange)

    def _reader(self, shaper: Shaper | None) -> AnswerReader:
        decoder, known = self.provider.new_decoder(), self.job.plan.conversation_id
        return AnswerReader(
            decoder, self.timeline.delivery, shaper, self.counter, named=self.named, conversation_id=known
        )

    async def _shaped(self, exchange: Exchange, shaper: Shaper) -> Exchange:
        """Give out what the shaper made of the answer, once the model has corrected it where it has to.

        Returns:
          The last exchange with the page.
        """
        self._deliver(shaper.close(exchange.reader.finish_reason))
        if shaper.correction is None:
            return exchange
        corrective = attrs.evolve(
            exchange,
            prompt=shaper.correction,
            reader=self._reader(shaper),
            files=(),
            closing="",
            facts={"correction": True},
        )
        try:
            with exchange.interruptions.applied(states=False):
                await self._correct(exchange, corrective, shaper)
        except (RelayError, ExceptionGroup) as raised:
            error = sole_error(raised)
            if not isinstance(error, RelayError):
                raise
            # What the model said first is still the answer, and what the site says now holds for the next.
            site_tab = exchange.site_tab
            site_tab.doubtful = site_tab.doubtful or isinstance(error, BrowserError)
            site_tab.met = error if needs_person(error) else None
            self.admission.failed(error)
            self._deliver(shaper.give_up(f"The model could not be asked to correct it: {error.message}"))
        else:
            self._deliver(shaper.close(corrective.reader.finish_reason))
        return corrective

    async def _correct(self, exchange: Exchange, corrective: Exchange, shaper: Shaper) -> None:
        """Ask once more, in the same chat on the same page."""
        await exchange.settle()
        entered = await self.place.desk.pacer.enter(self.timeline)
        try:
            async with open_exchange(corrective):
                shaper.begin_correction()
                with corrective.interruptions.applied():
                    await corrective.send(self.record.sending)
                with corrective.interruptions.applied(states=False):
                    await corrective.receive()
                if corrective.reader.finish_reason is FinishReason.INTERRUPTED:
                    raise AnswerStopped("The correction was stopped on the page.")
        finally:
            self.place.desk.pacer.leave(entered, sent=corrective.may_have_sent)

    def _deliver(self, events: Iterable[ChatEvent]) -> None:
        for event in events:
            self.timeline.delivery.put(event)

    def _is_wanted(self, method: str, url: str) -> bool:
        provider = self.provider
        return any(
            wanted(method, url) for wanted in (provider.is_submission, provider.is_resume, provider.is_stop)
        )

    def _check(self, reader: AnswerReader) -> None:
        """See that there is an answer.

        Raises:
          AnswerStopped, AnswerBlocked, AnswerIncomplete, EmptyAnswer: there is none, or half of one.
        """
        title = self.provider.site.title
        if reader.finish_reason is FinishReason.INTERRUPTED:
            # Half an answer must never look whole: an agent would apply half an edit.
            raise AnswerStopped(f"The answer was stopped on {title}'s page.")
        if reader.text_bytes or reader.files_fetched or reader.enough:
            return
        if reader.finish_reason is FinishReason.CONTENT_FILTER:
            raise AnswerBlocked(f"{title} withheld the answer.")
        if reader.files:
            raise AnswerIncomplete(f"{title}'s answer is a file that could not be fetched.")
        raise EmptyAnswer(f"{title} ended its answer without any text.")

    def _finish(self, exchange: Exchange, last: Exchange, shaper: Shaper | None) -> None:
        """Say that the turn worked; the client has its answer.

        Args:
          last: the corrective exchange, where there was one.
        """
        reader = exchange.reader
        if reader.model is not None and not self.job.plan.is_asked(reader.model):
            message = f"{self.place.route.model} was asked for; {reader.model} answered."
            self.timeline.delivery.put(Notice(code="model_differs", message=message))
        usage = reader.usage(self.counter.count(self.job.whole_prompt))
        if last is not exchange:
            usage = _added(usage, last.reader.usage(self.counter.count("")))
        conversation = reader.conversation_id or last.reader.conversation_id
        reason = reader.finish_reason or FinishReason.STOP
        self.tie.keep(self.job.plan, self.job.calls, last, conversation)
        self.timeline.reach(Step.FINISHED, bytes=reader.text_bytes, capture=reader.capture)
        self.timeline.delivery.put(
            Finished(
                finish_reason=reason if shaper is None else shaper.finish_reason(reader.finish_reason),
                usage=usage,
                site=self.place.desk.name,
                model=reader.model or exchange.model_sent,
                conversation_id=conversation,
                conversation_url=self.provider.conversation_url(conversation) if conversation else None,
                stop_sequence=None if shaper is None else shaper.stop_sequence,
                capture=reader.capture,
                timeline=tuple(self.timeline.steps),
            )
        )
        self.record.ended("finished")
        self.timeline.delivery.close()


def _new_call_id() -> str:
    return f"call_{secrets.token_hex(12)}"


def _added(usage: Usage, more: Usage) -> Usage:
    """What both answers cost; of the corrective prompt nothing counts, as no client can foresee it."""
    return attrs.evolve(
        usage,
        completion_tokens=usage.completion_tokens + more.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens + more.reasoning_tokens,
    )
