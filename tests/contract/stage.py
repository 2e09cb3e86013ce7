"""What a scenario of the contract has at hand on one site: the replica, the relay, and a question."""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import attrs
import pytest

from cdp_relay.cdp import Connection, protocol
from cdp_relay.chat import ChatEvent, ChatRequest, Message, RequestId, Role, TextDelta, TextPart
from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, Wishes
from cdp_relay.errors import RelayError
from cdp_relay.store.documents import error_document, event_document
from tests.chat.conftest import Heard
from tests.sites.kit import ChatSite
from tests.sites.kit.answers import Answer

__all__ = ["NotApplicable", "Stage", "begin"]

_numbers = itertools.count(1)


_FACES: dict[str, dict[str, str]] = {"chatgpt": {"generation": "B"}}
"""Which of a site's pages is meant, where it has several."""


def begin(name: str, site: ChatSite[Any]) -> None:
    """Have a site that knows of no other scenario."""
    site.reset()
    site.configure(**_FACES.get(name, {}))


class NotApplicable(Exception):
    """A scenario makes no sense on a site; the reason goes into the matrix."""


@attrs.define(eq=False, kw_only=True)
class Stage:
    """One site, ready for one scenario."""

    name: str
    site: ChatSite[Any]
    relay: Relay
    connection: Connection
    context: str
    """The browser context that the relay's tabs are in."""
    told: list[dict[str, Any]] = attrs.field(factory=list, init=False)
    """All that the scenario's questions brought, as recordings keep it."""

    @property
    def definition(self) -> SiteDefinition:
        """What the provider's file says."""
        return self.relay.providers[self.name].site

    @property
    def unavailable(self) -> Mapping[str, str]:
        """What the site has no state for, and why."""
        package = type(self.site).__module__.rpartition(".")[0]
        found: Mapping[str, str] = getattr(sys.modules[f"{package}.states"], "UNAVAILABLE", {})
        return found

    # --- setting the scene

    def next(self) -> None:
        """Forget the last scenario; the relay and its tab go on."""
        begin(self.name, self.site)
        self.told.clear()
        # What a refusal taught the relay ends with its time, which the scenarios are not about.
        health = self.relay._offering.memory.health(self.name)
        health.model_cool_downs.clear()
        health.clear()

    def answer(self, text: str = "fine", **fields: Any) -> Answer:
        """An answer of the site's own kind."""
        return self.site.answers(text=text, **fields)

    def say(self, text: str = "fine", **fields: Any) -> None:
        """Give this answer to the next prompt."""
        self.site.say(self.answer(text, **fields))

    def state(self, name: str, **options: Any) -> None:
        """Put the site into a state.

        Raises:
          NotApplicable: it has none of that name, and says why.
        """
        if name in self.unavailable:
            raise NotApplicable(self.unavailable[name])
        self.site.state(name, **options)

    def calm(self) -> None:
        """Have the site as it usually is."""
        self.site.state("usual")

    def needs(self, thing: object, why: str) -> None:
        """Go on only where the site has what the scenario is about.

        Raises:
          NotApplicable: it has not.
        """
        if not thing:
            raise NotApplicable(why)

    # --- what reached the site

    @property
    def prompts(self) -> list[str]:
        """The texts of all prompts that left the page, taken or refused."""
        return self.site.prompts

    @property
    def conversation_id(self) -> str | None:
        """The site's name for the chat of the first prompt."""
        found: str | None = self.site.turns[0].conversation_id
        return found

    async def stopped(self) -> None:
        """Wait until the answer was stopped on the page."""
        await self.site.journal.wait("click", where=lambda click: bool(click["what"] == "stop"))

    # --- asking

    def question(
        self,
        *parts: str | FilePart,
        model: str = "",
        wishes: Wishes | None = None,
        chat: ChatChoice | None = None,
        before: tuple[Message, ...] = (),
    ) -> ChatRequest:
        """A request of one user message; *model* is what stands behind the site's name in the label."""
        contents = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
        return ChatRequest(
            id=RequestId(f"contract-{next(_numbers)}"),
            model=self.name + model,
            messages=(*before, Message(role=Role.USER, parts=contents)),
            wishes=wishes or Wishes(),
            chat=chat or ChatChoice(),
        )

    async def ask(self, *parts: str | FilePart, **choices: Any) -> Heard:
        """Ask, and listen to the end."""
        heard = Heard()
        async with aclosing(self._told(self.question(*(parts or ("hello",)), **choices))) as events:
            async for event in events:
                heard.events.append(event)
        return heard

    async def listen(self, *parts: str | FilePart) -> AsyncGenerator[ChatEvent, None]:
        """Ask, and return the running answer."""
        return self._told(self.question(*(parts or ("hello",))))

    def put(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Give a question to the relay."""
        return self.relay.ask(request)

    async def _told(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        try:
            async with aclosing(self.put(request)) as events:
                async for event in events:
                    self.told.append(event_document(event))
                    yield event  # noqa: ASYNC119  # whoever iterates it closes it
        except RelayError as error:
            self.told.append({"event": "error", **error_document(error)})
            raise

    async def first_words(self, events: AsyncGenerator[ChatEvent, None]) -> str:
        """Listen until the first words."""
        async for event in events:
            if isinstance(event, TextDelta):
                return event.text
        raise AssertionError("the answer ended before its first word")

    async def fails(self, *kinds: type[RelayError], **choices: Any) -> RelayError:
        """Ask a question that must fail in one of these ways, to the letter, and return the error."""
        parts = choices.pop("parts", ())
        with pytest.raises(RelayError) as failed:
            await self.ask(*parts, **choices)
        error = failed.value
        assert type(error) in kinds, f"{type(error).__name__}: {error.message}"
        return error

    # --- the browser

    async def target(self) -> str:
        """The relay's page of this site."""
        targets = await self.connection.root.execute(protocol.Target.get_targets())
        hosts = tuple(f"https://{host}/" for host in self.definition.pages.hosts)
        (found,) = [
            target.target_id
            for target in targets
            if target.browser_context_id == self.context and target.url.startswith(hosts)
        ]
        return found

    async def crash(self) -> None:
        """Crash the relay's page of this site."""
        session = await self.connection.targets.attach_page(await self.target())
        session.post("Page.crash")
