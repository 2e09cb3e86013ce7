"""The site as a test sees it: what it says next, which state it is in, and what happened."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, Literal

from tests.sites.chatgpt.answer import Answer, Refusal, Reply
from tests.sites.chatgpt.backend import Backend
from tests.sites.chatgpt.states import STATES
from tests.sites.chatgpt.turns import Turn
from tests.sites.kit.journal import Entry

__all__ = ["ChatGPTSite"]


class ChatGPTSite(Backend):
    """chatgpt.com, with its socket's and its sign-in's hosts.

    The journal's kinds: ``page`` (a document was asked for), ``prepare``, ``prompt`` (with the whole
    request body), ``answered``, ``stop``, ``resume``, ``gone`` (the browser left a stream); and what
    the page reports of itself: ``hydrated``, ``click``, ``sent``, ``attached``, ``draft``
    (kept for the next load), ``subscribe``, ``wiped`` (with the text), and ``received`` with the times
    (``perf_counter`` seconds) and sizes of the chunks that it read; ``mistake`` is an error in the page's
    own code.
    """

    def say(self, *replies: Reply) -> None:
        """Give these answers to the next prompts, in order; afterwards the state's or the usual one."""
        self._replies.extend(replies)

    def say_always(self, reply: Reply) -> None:
        """Give this answer to every prompt that has none of its own."""
        self._usual = reply

    def state(self, name: str, **options: Any) -> None:
        """Put the site into a state of :data:`STATES`; open pages show it as well."""
        self._state = STATES[name](**options)
        self._loads_challenged = 0
        self.tell("config", config=self._page_config(None))

    def generation(self, name: Literal["A", "B"]) -> None:
        """Serve this generation of the page from the next load on."""
        self._options["generation"] = name

    def configure(self, **options: Any) -> None:
        """Set members of the page's configuration: ``fetchIn``, ``pasteLimit``, ``dropLimit``, …"""
        self._options |= options
        self.tell("config", config=self._page_config(None))

    def tell(self, command: str, **details: Any) -> None:
        """Tell every open page to do something: ``alert``, ``navigate``, ``dialog`` …"""
        self._run_soon(
            functools.partial(self._tell_pages, self._pages, json.dumps({"do": command, **details}))
        )

    def command(self, name: str, values: Mapping[str, Any]) -> Any:
        """Do what the control desk asks; ``say`` and ``refuse`` take an answer's or a refusal's fields."""
        if name == "say":
            self.say(Answer(**values))
        elif name == "refuse":
            self.say(Refusal(**values))
        elif name == "tell":
            self.tell(**values)
        elif name in ("state", "generation", "configure"):
            getattr(self, name)(**values)
        else:
            return super().command(name, values)
        return None

    @property
    def turns(self) -> list[Turn]:
        """Every prompt that was taken so far, with its answer."""
        return list(self._turns)

    @property
    def prompts(self) -> list[str]:
        """The texts of all prompts that arrived, taken or refused."""
        return [entry["text"] for entry in self.journal.entries("prompt")]

    async def prompted(self, count: int = 1, *, timeout: float = 10.0) -> Entry:
        """Wait for the prompt of this number."""
        return await self.journal.wait("prompt", count=count, timeout=timeout)

    def reset(self) -> None:
        """Forget everything: answers, states, chats, what happened."""
        super().reset()
        for turn in self._turns:
            self._run_soon(turn.stop)
        self._run_soon(functools.partial(self._tell_pages, self._pages, None))
        self._forget()
