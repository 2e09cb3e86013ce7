"""One prompt and its answer, on a tab that is ready: composed, sent, received, and left at rest.

A turn has one, and a second one in the same chat where the answer had to be corrected.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.attaching import Attachment
from cdp_relay.chat.composing import Composed, Composer
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.opening import SiteTab, chat_name
from cdp_relay.chat.page_answer import PageAnswer
from cdp_relay.chat.plan import Plan
from cdp_relay.chat.produced import fetch_files
from cdp_relay.chat.receiving import Receiver
from cdp_relay.chat.sending import Sender
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Drift, FileProduced, Notice, Step
from cdp_relay.errors import RelayError, SubmitFailed
from cdp_relay.page import Capture, UploadFolder

__all__ = ["Exchange", "open_exchange"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")


@attrs.define(eq=False, kw_only=True)
class Exchange:
    """Asks the page once. Made by :func:`open_exchange`."""

    site_tab: SiteTab
    plan: Plan
    prompt: str
    reader: AnswerReader
    capture: Capture
    interruptions: Interruptions
    timeline: Timeline
    folder: UploadFolder
    limits: StepLimits
    files: tuple[Attachment, ...] = ()
    closing: str = ""
    """What is said beside a prompt that goes as a file."""
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """What the timeline says with each step."""
    model_sent: str | None = attrs.field(default=None, init=False)
    """The model that the page's request asked for."""
    drained: bool = attrs.field(default=False, init=False)
    """Whether nothing more comes after the answer."""
    _page: PageAnswer = attrs.field(init=False)
    _receiver: Receiver = attrs.field(init=False)
    _composed: Composed | None = attrs.field(default=None, init=False)
    _sender: Sender | None = attrs.field(default=None, init=False)
    _submitted: str = attrs.field(default="", init=False)
    """The address of the prompt's request."""

    def __attrs_post_init__(self) -> None:
        self._page = PageAnswer(self.site_tab.tab, self.provider)
        self._receiver = Receiver(
            self.provider,
            self.capture,
            self.reader,
            self.interruptions,
            self.timeline,
            self.limits,
            self._page,
            self.facts,
        )

    @property
    def provider(self) -> Provider:
        """The site."""
        return self.site_tab.provider

    @property
    def may_have_sent(self) -> bool:
        """Whether a failure may have sent the prompt."""
        return self._sender is not None and self._sender.pressed

    @property
    def refused(self) -> bool:
        """Whether the site has refused the prompt, and so has not taken it."""
        return self._receiver.refused

    async def send(self, before: Callable[[str, str | None], Awaitable[None]]) -> None:
        """Compose the prompt and send it, once.

        Args:
          before: awaited when all is ready, with the prompt and the chat that it goes on with.

        Raises:
          RelayError: it did not leave, or nobody knows.
        """
        composed = await self._compose()
        await self._page.mark()
        await before(self.prompt, self.plan.conversation_id)
        await self._send(composed)

    async def receive(self) -> None:
        """Read the answer, until it is whole or there is enough of it.

        Raises:
          RelayError: there is none, or it broke off.
        """
        await self._receiver.receive()

    async def fetch_files(self, max_bytes: int) -> None:
        """Fetch what the site made for the answer."""
        reader = self.reader
        named = [
            attrs.evolve(file, url=self.provider.file_url(file.url, self._submitted)) for file in reader.files
        ]
        files = fetch_files(
            self.site_tab.tab,
            named,
            max_bytes=max_bytes,
            places=self.provider.site.answer.files,
            known=self._composed.shown if self._composed is not None else (),
        )
        async for event in files:
            reader.files_fetched += isinstance(event, FileProduced)
            self.timeline.delivery.put(event)

    async def name_chat(self) -> None:
        """Learn what the chat is called, where only the page's address says it."""
        reader, seconds = self.reader, self.provider.site.pages.named_seconds
        if seconds and reader.conversation_id is None and reader.text_bytes and not self.plan.temporary:
            reader.name_chat(self.plan.conversation_id or await chat_name(self.site_tab, seconds) or "")

    async def settle(self) -> None:
        """See that nothing of the answer is on its way any more, so that the page takes another prompt.

        Raises:
          SubmitFailed: the page goes on with an answer that it was told to stop.
          RelayError: the page is gone.
        """
        if self.reader.over:
            await self._receiver.drain()
        elif not self._receiver.at_rest and not await self.stop():
            raise SubmitFailed(f"{self.provider.site.title} did not stop its answer.")

    async def drain(self) -> None:
        """Wait for the tail of the answer; until it is over, a page may not take another prompt."""
        await self._receiver.drain()
        self.drained = True

    async def compare(self) -> None:
        """Compare what the wire said with what the page shows."""
        reader = self.reader
        if not self._page.known or not reader.text or reader.capture == "page":
            return
        drift = await self._page.compare(reader.text)
        if drift is not None:
            _log.warning(
                "capture_differs", request=self.timeline.request, kind=drift.kind, detail=drift.detail
            )
            self.timeline.delivery.put(drift)

    @property
    def goes_on(self) -> bool:
        """Whether the page may still be writing the answer."""
        return self.may_have_sent and not self._receiver.at_rest and self.interruptions.lost is None

    async def stop(self) -> bool:
        """Stop the answer on the page; False when nobody can say that it stopped."""
        try:
            return await self._receiver.stop(self.site_tab.tab)
        except RelayError:
            return False

    async def _compose(self) -> Composed:
        composer = Composer(
            site_tab=self.site_tab,
            prompt=self.prompt,
            files=self.files,
            folder=self.folder,
            limits=self.limits,
            closing=self.closing,
        )
        self._composed = composed = await composer.compose()
        insertion = composed.insertion
        self.timeline.reach(
            Step.COMPOSED,
            characters=len(self.prompt),
            editor=insertion.editor,
            rung=insertion.rung,
            attempts=len(insertion.attempts),
            attached=insertion.attached,
            attachments=composed.attachments,
            removed=composed.removed,
            **self.facts,
        )
        failed = [attempt.rung for attempt in insertion.attempts[:-1]]
        self.site_tab.failed_rungs.update(failed)
        if failed:
            detail = f"{insertion.editor}: {', '.join(failed)} did not work"
            self.timeline.delivery.put(Drift(kind="insertion", detail=detail))
        return composed

    async def _send(self, composed: Composed) -> None:
        delivery, title = self.timeline.delivery, self.provider.site.title
        self._sender = Sender(self.site_tab, self.capture, composed.text, self.limits, self.interruptions)
        sent = await self._sender.send()
        self._submitted = sent.url
        self._receiver.sent(sent)
        self.model_sent = sent.submission.model
        self.timeline.reach(Step.SUBMITTED, presses=sent.presses, model=sent.submission.model, **self.facts)
        composed.check_sent(sent.submission, title)
        for difference in self.plan.differences(sent.submission):
            delivery.put(difference)
        if sent.missing is not None:
            delivery.put(Drift(kind="selector", detail=f"send: {sent.missing.message} Enter sent it."))
        if not sent.exact:
            delivery.put(
                Notice(code="prompt_spacing", message="The site changed white space inside the prompt.")
            )


@asynccontextmanager
async def open_exchange(exchange: Exchange) -> AsyncGenerator[Exchange, None]:
    """Stop the answer on the page when the block ends before it; a tab that goes on is doubtful."""
    try:
        yield exchange
    finally:
        if exchange.goes_on:
            exchange.site_tab.doubtful = True
            with trio.move_on_after(exchange.limits.stop_seconds, shield=True):
                exchange.site_tab.doubtful = not await exchange.stop()
