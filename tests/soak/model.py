"""The sites' side of a soak: a prompt is known by its mark, answered as planned, and remembered.

The answering function runs in the loop of the sites' server, the readers run in the soak's; what they
share is appended to and never changed.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import attrs

from tests.sites.kit import ChatSite
from tests.sites.kit.answers import Answer, Reply
from tests.sites.kit.turns import Prompt
from tests.soak.plan import Fault, Plan, PlannedTurn, Talk, answer_text, marks_in

__all__ = ["SiteModel", "Submission", "newest_mark"]


@attrs.frozen(kw_only=True)
class Submission:
    """A prompt as it came to a site that then answered it."""

    mark: str | None
    """None for one that no request of the plan can have caused."""
    site: str
    said: frozenset[str]
    """Marks in the prompt itself."""
    before: frozenset[str]
    """Marks in the chat that it came to."""
    chars: int
    chat: str | None
    """The chat that it goes on with; None for a new one."""
    at: float = attrs.field(factory=time.perf_counter)


@attrs.define(eq=False)
class SiteModel:
    """Answers every prompt of a plan on all of its sites."""

    plan: Plan
    sites: Mapping[str, ChatSite[Any]]
    submissions: list[Submission] = attrs.field(factory=list, init=False)
    _turns: dict[str, tuple[Talk, PlannedTurn]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = {turn.mark: (talk, turn) for talk in self.plan.talks for turn in talk.turns}
        for name, site in self.sites.items():
            site.answer_with(lambda prompt, name=name: self._answer(name, prompt))  # type: ignore[misc]

    def arrivals(self) -> dict[str | None, int]:
        """How often each mark's prompt came to a site, whether it was answered or refused there."""
        counts: dict[str | None, int] = defaultdict(int)
        for site in self.sites.values():
            for entry in site.journal.entries("prompt"):
                counts[newest_mark(entry["text"], entry["body"]) or _attached_mark(site, entry["body"])] += 1
        return dict(counts)

    def unplanned(self) -> list[str]:
        """How the prompts begin that have no mark."""
        return [
            f"{name}: {entry['text'][:200]!r}"
            for name, site in self.sites.items()
            for entry in site.journal.entries("prompt")
            if not newest_mark(entry["text"], entry["body"]) and not _attached_mark(site, entry["body"])
        ]

    def release(self) -> None:
        """Let go all answers that hang."""
        for site in self.sites.values():
            site.release()

    def _answer(self, name: str, prompt: Prompt) -> Reply:
        site = self.sites[name]
        attached = "\n".join(file.data.decode("utf-8", "replace") for file in prompt.attachments)
        mark = newest_mark(prompt.text, prompt.body) or newest_mark(attached, None)
        chat = prompt.conversation_id
        earlier = [one for one in site.turns if chat is not None and one.conversation_id == chat]
        before = (one.prompt + (one.reply.text if isinstance(one.reply, Answer) else "") for one in earlier)
        self.submissions.append(
            Submission(
                mark=mark if mark in self._turns else None,
                site=name,
                said=frozenset(marks_in(prompt.text + attached)),
                before=frozenset(marks_in(" ".join(before))),
                chars=len(prompt.text),
                chat=chat if earlier else None,
            )
        )
        if mark not in self._turns:
            return site.answers(text="Nobody planned this prompt.")
        return _reply(site, self._turns[mark][1])


def newest_mark(text: str, body: Any) -> str | None:
    """The mark of the request that a prompt was made for: the last one, as its history comes first."""
    marks = marks_in(text) or (marks_in(json.dumps(body)) if body is not None else [])
    return marks[-1] if marks else None


def _attached_mark(site: ChatSite[Any], body: Any) -> str | None:
    """The mark of a prompt that went as a file, which the request only names."""
    named = json.dumps(body)
    files = [file for id_, file in site._uploads.items() if id_ in named]
    return newest_mark("\n".join(file.data.decode("utf-8", "replace") for file in files), None)


def _reply(site: ChatSite[Any], turn: PlannedTurn) -> Reply:
    text = answer_text(turn)
    match turn.fault:
        case Fault.HANGS_FIRST:
            return site.answers(text=text, hold={"first-byte"})
        case Fault.HANGS:
            return site.answers(text=text, hold={"middle"})
        case Fault.BREAKS:
            return site.answers(text=text, cut="middle")
        case Fault.ENDS_SHORT:
            return site.answers(text=text, finished=False, complete=False)
        case Fault.FAILS | Fault.OVERLOADED:
            state = "generation_failed" if turn.fault is Fault.FAILS else "overloaded"
            reply = site.states[state]().reply
            assert reply is not None
            return reply
        case _:
            return site.answers(text=text, delay=turn.delay)
