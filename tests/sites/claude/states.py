"""The table of states that claude.ai can be in, each a switch for tests."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from tests.sites.claude.answer import Answer, Retract, Text, Tool
from tests.sites.claude.stream import message_limit
from tests.sites.kit.answers import Part, Refusal
from tests.sites.kit.chat import HTML
from tests.sites.kit.states import (
    CHALLENGE,
    PAGE_STATES,
    Document,
    State,
    StateTable,
    challenge_page,
    state_into,
)

__all__ = ["STATES", "UNAVAILABLE", "api_error"]

UNAVAILABLE: dict[str, str] = {
    "account_chooser": "Accounts are chosen on the page of sign-in, where login_redirect leads.",
}
"""Common states that this site has not, and why."""

STATES: StateTable = dict(PAGE_STATES)
_state = state_into(STATES)


def api_error(kind: str, message: str, **more: Any) -> dict[str, Any]:
    """The body of a refusal."""
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


# --- who is there, and whether the site lets them in ---------------------------------------------


@_state
def logged_out() -> State:
    """The page loads, finds that nobody is signed in, and leads to the sign-in page by itself."""
    return State(signed_in=False)


@_state
def login_redirect() -> State:
    """The site leads to its sign-in page."""
    return State(
        document=Document(status=302, headers=(("location", "/login?returnTo=%2Fnew"),)), signed_in=False
    )


@_state
def session_expired() -> State:
    """401 for whatever the page asks: its session is over."""
    body = api_error(
        "authentication_error", "Invalid session", details={"error_code": "account_session_invalid"}
    )
    return State(api=Refusal(status=401, body=body))


@_state
def consent() -> State:
    """Terms that want to be accepted."""
    return State(page={"dialog": "consent"})


@_state
def challenge(*, clears: bool = False) -> State:
    """A bot check instead of the page; ``clears`` lets the next load through, as most do."""
    document = Document(status=403, html=challenge_page("claude.ai"), headers=CHALLENGE)
    return State(document=document, page={"challengeClears": clears})


@_state
def challenge_in_page(*, visible: bool = True) -> State:
    """A bot check's frame on the page; a hidden one is normal and means nothing."""
    return State(page={"challengeFrame": "visible" if visible else "hidden"})


@_state
def challenged_answer() -> State:
    """403 with a bot check's HTML, for the prompt alone."""
    return State(
        reply=Refusal(status=403, body=challenge_page("claude.ai"), content_type=HTML, headers=CHALLENGE)
    )


# --- how the page behaves ------------------------------------------------------------------------


@_state
def localised(*, language: str = "de") -> State:
    """All labels in one of the site's eleven other languages."""
    return State(page={"language": language})


@_state
def error_banner(*, text: str = "Something went wrong. Please try again.") -> State:
    """An alert of the page says that something went wrong."""
    return State(page={"errorBanner": text})


@_state
def approval() -> State:
    """The site asks for leave to use a tool, and waits."""
    blocks = (Text("Let me look that up."), Tool(name="Linear:save_project", approval=True))
    return State(reply=Answer(blocks=blocks, finished=False, hold={"end"}))


@_state
def smoothed(*, chars: int = 3) -> State:
    """The page paints its answers a few characters a frame, long after they came."""
    return State(page={"smoothChars": chars})


# --- caps, refusals and failures of the answer -----------------------------------------------------


@_state
def cap(*, reset_after: float = 600.0, claim: str = "five_hour") -> State:
    """The allowance is used up: 429 whose message is JSON itself."""
    when = time.time() + reset_after
    limit = message_limit("exceeded_limit", resets_at=when, representativeClaim=claim)
    refusal = Refusal(status=429, body=api_error("rate_limit_error", json.dumps(limit)))
    return State(page={"banner": _banner(when), "bannerAfterRefusal": True}, reply=refusal)


@_state
def cap_in_stream(*, reset_after: float = 600.0) -> State:
    """The stream begins, and says instead of a text that the allowance is used up."""
    when = time.time() + reset_after
    limit = message_limit("exceeded_limit", resets_at=when)
    answer = Answer(text="", limit=limit, stop_reason="error", title=None)
    return State(page={"banner": _banner(when), "bannerAfterRefusal": True}, reply=answer)


@_state
def cap_banner(*, reset_after: float = 600.0) -> State:
    """A banner above the composer says that the allowance is used up; nothing can be sent."""
    return State(page={"banner": _banner(time.time() + reset_after), "send": "blocked"})


@_state
def cap_near(*, used: int = 75) -> State:
    """A banner warns that the allowance nears its end; the answer says so, too."""
    banner = f"You've used {used}% of your weekly limit"
    return State(page={"banner": banner}, reply=Answer(limit=message_limit("approaching_limit")))


@_state
def too_many_requests(*, retry_after: int | None = None) -> State:
    """429 in plain words."""
    headers = (("retry-after", str(retry_after)),) if retry_after is not None else ()
    body = api_error("rate_limit_error", "Number of requests has exceeded your per-minute rate limit.")
    return State(page={"toastAfterRefusal": True}, reply=Refusal(status=429, body=body, headers=headers))


@_state
def concurrent() -> State:
    """429: too many answers are written at once."""
    limit = message_limit("exceeded_limit", representativeClaim="concurrents")
    return State(reply=Refusal(status=429, body=api_error("rate_limit_error", json.dumps(limit))))


@_state
def overloaded(*, status: int = 529, in_stream: bool = False) -> State:
    """The site is overloaded: a status before the answer, or an error in its stream."""
    words = "Overloaded"
    page = {"toastAfterRefusal": "Due to capacity constraints, Claude is overloaded. Please try again."}
    if in_stream:
        event = api_error("overloaded_error", words)
        return State(page=page, reply=Answer(text="Half an", late_events=(event,), finished=False))
    return State(page=page, reply=Refusal(status=status, body=api_error("overloaded_error", words)))


@_state
def generation_failed() -> State:
    """An error event in the middle of the answer."""
    event = api_error("api_error", "Internal server error")
    return State(reply=Answer(text="Half an", late_events=(event,), finished=False))


@_state
def truncated() -> State:
    """The stream ends properly, but without ``message_stop``, and the chat has no more."""
    return State(reply=Answer(text="Half an", finished=False))


@_state
def refused() -> State:
    """The model declines, in a typed way."""
    return State(reply=Answer(text="I can't help with that.", stop_reason="refusal"))


@_state
def moderation() -> State:
    """What was said is taken back, and the chat goes to another model."""
    blocks = (Text("Well, first you"), Retract(0))
    fallback = {"type": "model_fallback", "model": "claude-haiku-4-5-20251001"}
    return State(reply=Answer(blocks=blocks, late_events=(fallback,), stop_reason="cyber_refusal"))


@_state
def tool_limit() -> State:
    """The turn's allowance of tool uses is at its end; the page offers to go on."""
    blocks = (Text("Looking. "), Tool(), Text("There is more."))
    return State(reply=Answer(blocks=blocks, stop_reason="tool_use_limit"))


@_state
def conversation_too_large() -> State:
    """400: the chat has grown too long."""
    words = "input length and `max_tokens` exceed context limit: 201000 + 4096 > 200000"
    page = {"alertAfterRefusal": "This conversation is too long to continue. Start a new chat."}
    return State(page=page, reply=Refusal(status=400, body=api_error("invalid_request_error", words)))


@_state
def message_too_long() -> State:
    """400: the prompt alone is too long."""
    words = "prompt is too long: 250000 tokens > 200000 maximum"
    page = {
        "alertAfterRefusal": "Your message will exceed the length limit for this chat. Try shortening it."
    }
    return State(page=page, reply=Refusal(status=400, body=api_error("invalid_request_error", words)))


@_state
def conversation_gone() -> State:
    """404: the chat was deleted."""
    body = api_error("not_found_error", "Conversation not found")
    page = {"alertAfterRefusal": "Conversation not found"}
    return State(page=page, reply=Refusal(status=404, body=body))


@_state
def unusual_activity() -> State:
    """403 with JSON."""
    body = api_error("permission_error", "Unusual activity has been detected from your device.")
    return State(reply=Refusal(status=403, body=body))


@_state
def attachment_refused() -> State:
    """Every upload is refused."""
    body = api_error("invalid_request_error", "File type is not supported")
    return State(upload=Refusal(status=400, body=body))


@_state
def silent(*, where: Part = "first-byte") -> State:
    """The answer hangs until the test releases it."""
    return State(reply=Answer(hold={where}))


def _banner(when: float) -> str:
    return f"Claude message limit reached ∙ resets at {datetime.fromtimestamp(when).astimezone():%H:%M}"
