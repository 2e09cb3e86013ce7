"""States that a chat site can be in, each a switch for tests; every site has a table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from tests.sites.kit.answers import Part, Refusal, Reply

__all__ = [
    "CHALLENGE",
    "COMMON_STATES",
    "PAGE_STATES",
    "Document",
    "State",
    "StateTable",
    "challenge_page",
    "state_into",
]

StateTable = dict[str, Callable[..., "State"]]


@attrs.frozen(kw_only=True)
class Document:
    """What comes instead of the page."""

    status: int = 200
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class State:
    """What is different while the site is in a state."""

    page: Mapping[str, Any] = attrs.field(factory=dict)
    """Members of the page's configuration."""
    document: Document | None = None
    reply: Reply | None = None
    """What every prompt gets, unless the test said something else."""
    signed_in: bool = True
    api: Refusal | None = None
    """What all of the page's calls to its backend get."""
    upload: Refusal | None = None
    """What an upload gets."""
    delivery: Literal["stream", "at-once", "page-only"] = "stream"
    """How answers reach the page: as they are written, in one flush at their end, or past the network
    domain's sight, with an empty body on the wire."""
    cut: Part | None = None
    """Where the connection of every answer breaks that does not say so itself."""


def state_into(table: StateTable) -> Callable[[Callable[..., State]], Callable[..., State]]:
    """A decorator that puts a state into a table under the function's name."""

    def register(function: Callable[..., State]) -> Callable[..., State]:
        table[function.__name__] = function
        return function

    return register


PAGE_STATES: StateTable = {}
"""States of the page's own behaviour, which the kit's modules have for every site."""
_state = state_into(PAGE_STATES)


@_state
def usual() -> State:
    """Nothing out of the ordinary; ends another state without forgetting what happened."""
    return State()


@_state
def slow_hydration(*, milliseconds: int = 0) -> State:
    """The page before hydration stays so long; with 0 until the test releases the gate ``hydration``."""
    return State(page={"hydrateAfter": milliseconds, "hydrateHeld": milliseconds == 0})


@_state
def stale_draft(*, text: str = "an old draft") -> State:
    """The composer brings back a text that was never sent."""
    return State(page={"draft": text})


@_state
def left_over_attachment(*, name: str = "old.txt") -> State:
    """An attachment of an unsent message is still in the composer."""
    return State(page={"attachments": [name]})


@_state
def overlay() -> State:
    """Something invisible lies over the page and swallows the first click."""
    return State(page={"overlay": True})


@_state
def first_click_ignored() -> State:
    """The send control does nothing at its first click."""
    return State(page={"send": "ignores-first-click"})


@_state
def late_enable(*, milliseconds: int = 400) -> State:
    """The send control is there but disabled for a while."""
    return State(page={"send": "late-enable", "sendEnabledAfter": milliseconds})


@_state
def never_sends() -> State:
    """Sending empties the composer, and then nothing leaves the page."""
    return State(page={"send": "never"})


@_state
def dead_send() -> State:
    """The send control has no effect at all, and neither has Enter."""
    return State(page={"send": "dead"})


@_state
def double_send() -> State:
    """Sending once makes the page send twice."""
    return State(page={"send": "twice"})


@_state
def renamed_send() -> State:
    """The send control has other attributes than yesterday."""
    return State(page={"renamedSend": True})


@_state
def duplicate_composer() -> State:
    """A hidden second composer comes first in the document."""
    return State(page={"duplicateComposer": True})


@_state
def localised(*, language: str = "zh") -> State:
    """All labels in another language."""
    return State(page={"language": language})


@_state
def frozen() -> State:
    """The page goes on receiving but paints nothing, as in an occluded window."""
    return State(page={"frozen": True})


@_state
def stop_flickers(*, milliseconds: int = 300) -> State:
    """The stop control vanishes for a moment after the first words."""
    return State(page={"stopFlicker": milliseconds})


@_state
def alert(*, when: str = "answer") -> State:
    """A JavaScript alert: at ``load`` or with the first words of an ``answer``."""
    return State(page={"alert": when})


@_state
def body_only() -> State:
    """The whole answer comes in one flush at its end."""
    return State(delivery="at-once")


@_state
def page_only() -> State:
    """The answer is on the page, and the body on the wire stays empty."""
    return State(delivery="page-only")


@_state
def network_lost() -> State:
    """The stream breaks in the middle; the page recovers by its own means."""
    return State(cut="middle")


def challenge_page(host: str) -> str:
    """A bot check's document."""
    return f"""<!doctype html>
<html lang="en-US"><head><title>Just a moment...</title></head>
<body><h1>{host}</h1><form id="challenge-form" action="/" method="POST">
<p>Verify you are human by completing the action below.</p>
<iframe src="https://challenges.cloudflare.com/turnstile/frame" width="300" height="65"></iframe>
</form><script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script></body></html>"""


CHALLENGE = (("cf-mitigated", "challenge"),)
"""The header of a bot check's answer."""

COMMON_STATES = frozenset(
    {
        *PAGE_STATES,
        *("logged_out", "login_redirect", "account_chooser", "consent", "challenge", "challenge_in_page"),
        *("cap", "cap_in_stream", "cap_banner", "too_many_requests", "overloaded", "generation_failed"),
        *("error_banner", "refused", "moderation", "conversation_too_large", "conversation_gone"),
        *("message_too_long", "attachment_refused", "unusual_activity", "silent"),
    }
)
"""What every chat site has a state for, or a reason in ``UNAVAILABLE``."""
