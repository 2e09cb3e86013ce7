"""The states of the site."""

from __future__ import annotations

from typing import Any

from tests.sites.kit.answers import Answer, Refusal
from tests.sites.kit.states import (
    CHALLENGE,
    PAGE_STATES,
    Document,
    State,
    StateTable,
    challenge_page,
    state_into,
)

__all__ = ["STATES", "UNAVAILABLE"]

STATES: StateTable = dict(PAGE_STATES)
_state = state_into(STATES)

_NOT_IN_THE_DOCS = "The provider of the docs does not go into it."
UNAVAILABLE: dict[str, str] = dict.fromkeys(
    (
        *("account_chooser", "consent", "challenge_in_page", "cap", "cap_in_stream", "cap_banner"),
        *("error_banner", "refused", "conversation_too_large", "conversation_gone", "message_too_long"),
        *("attachment_refused", "unusual_activity", "files"),
    ),
    _NOT_IN_THE_DOCS,
) | {"logged_out": "There is no guest page: whoever is signed out is led to the sign-in page."}


@_state
def login_redirect() -> State:
    """The site leads to its sign-in page."""
    where = (("location", "https://chat.deepseek.com/sign_in"),)
    return State(document=Document(status=302, headers=where), signed_in=False)


@_state
def challenge(*, clears: bool = False) -> State:
    """A bot check instead of the page."""
    page = Document(status=403, html=challenge_page("chat.deepseek.com"), headers=CHALLENGE)
    return State(document=page, page={"challengeClears": clears})


@_state
def too_many_requests(*, retry_after: int | None = None) -> State:
    """429."""
    headers = () if retry_after is None else (("retry-after", str(retry_after)),)
    return State(reply=Refusal(status=429, body={"code": 40002, "msg": "Too fast"}, headers=headers))


@_state
def overloaded(*, status: int = 503) -> State:
    """The backend fails before it answers."""
    return State(reply=Refusal(status=status, body={"code": 50000, "msg": "Server busy"}))


@_state
def generation_failed() -> State:
    """The message ends in another state than finished."""
    return State(reply=Answer(text="I was about", finish="failed"))


@_state
def moderation() -> State:
    """The answer is withheld."""
    return State(reply=Answer(text="", finish="content_filter"))


@_state
def silent(*, where: Any = "first-byte") -> State:
    """The answer hangs until the test releases it."""
    return State(reply=Answer(hold={where}))
