"""The table of states that the site can be in, each a switch for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sites.chatgpt.answer import Answer
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

__all__ = ["STATES"]


STATES: StateTable = dict(PAGE_STATES)
_state = state_into(STATES)


# --- who is there, and whether the site lets them in ---------------------------------------------


@_state
def logged_out() -> State:
    """A guest shell: a composer, but nobody is signed in."""
    return State(page={"guest": True}, signed_in=False)


@_state
def login_redirect() -> State:
    """The site leads to its sign-in page."""
    where = "https://auth.openai.com/log-in?continue=https%3A%2F%2Fchatgpt.com%2F"
    return State(document=Document(status=302, headers=(("location", where),)), signed_in=False)


@_state
def account_chooser() -> State:
    """A "Welcome back" dialog that asks which account to use."""
    return State(page={"dialog": "account-chooser"})


@_state
def session_expired() -> State:
    """A dialog says that the session has expired."""
    return State(page={"dialog": "session-expired"}, signed_in=False)


@_state
def suspicious_activity() -> State:
    """The account is locked until its owner secures it."""
    return State(page={"dialog": "suspicious-activity"})


@_state
def consent() -> State:
    """Terms that want to be accepted."""
    return State(page={"dialog": "consent"})


@_state
def temporary_notice() -> State:
    """The dialog that explains temporary chats at their first use."""
    return State(page={"dialog": "temporary-chat"})


@_state
def challenge(*, clears: bool = False) -> State:
    """A bot check instead of the page; ``clears`` lets the next load through, as most do."""
    return State(
        document=Document(status=403, html=challenge_page("chatgpt.com"), headers=CHALLENGE),
        page={"challengeClears": clears},
    )


@_state
def challenge_on_calls() -> State:
    """The page is there, but each of its calls gets a bot check's HTML."""
    page = "<!doctype html><title>Just a moment...</title><div id=challenge-form></div>"
    return State(api=Refusal(status=403, body=page, content_type=HTML, headers=CHALLENGE))


@_state
def challenge_in_page(*, visible: bool = True) -> State:
    """A bot check's frame on the page; a hidden one is normal and means nothing."""
    return State(page={"challengeFrame": "visible" if visible else "hidden"})


# --- how the page behaves ------------------------------------------------------------------------


@_state
def work_mode() -> State:
    """The composer is in Work mode instead of Chat."""
    return State(page={"mode": "work"})


@_state
def stuck_turn() -> State:
    """The turn's state stays ``in_progress`` after the answer is complete."""
    return State(page={"stuckTurn": True})


@_state
def editor_wiped(*, milliseconds: int = 100) -> State:
    """An old thread arrives late and wipes what was typed meanwhile, once."""
    return State(page={"wipeAfter": milliseconds})


@_state
def approval() -> State:
    """The site asks for leave to use a tool."""
    return State(
        page={"card": "approval"}, reply=Answer(text="Let me look that up.", finished=False, hold={"end"})
    )


# --- refusals, caps and failures of the answer ---------------------------------------------------


@_state
def too_many_requests(*, retry_after: int | None = None) -> State:
    """429 and a dialog."""
    headers = (("retry-after", str(retry_after)),) if retry_after is not None else ()
    body = {"detail": "Too many requests. You're making requests too quickly. Please wait a few minutes."}
    return State(
        page={"dialogAfterRefusal": "too-many-requests"},
        reply=Refusal(status=429, body=body, headers=headers),
    )


@_state
def cap(*, shape: str = "old", reset_after: float = 600.0, model: str = "gpt-5-6") -> State:
    """The model's allowance is used up: ``old`` and ``new`` refusals, or an error in the ``stream``."""
    when = datetime.now(UTC) + timedelta(seconds=reset_after)
    resets = when.isoformat()
    text = f"You've hit the limit for {model}. Your limit resets at {when.astimezone():%H:%M}."
    page = {"banner": text, "bannerAfterRefusal": True}
    limits: dict[str, Any] = {
        "model_limits": [{"model_slug": model, "resets_after": resets}],
        "limits_progress": [{"feature_name": model, "remaining": 0, "reset_after": resets}],
    }
    if shape == "old":
        detail = {"code": "model_cap_exceeded", "message": text, "clears_in": reset_after}
        return State(page=page, reply=Refusal(status=429, body={"detail": detail}))
    if shape == "new":
        error = {"code": "model_cap_exceeded", "message": text}
        return State(page=page, reply=Refusal(status=429, body={"error": error, **limits}))
    event = {"type": "error", "error": text, "error_code": "model_cap_exceeded"}
    answer = Answer(text="", events=(event,), finished=False, limits=limits, title=None)
    return State(page=page, reply=answer)


@_state
def cap_in_stream(*, reset_after: float = 600.0) -> State:
    """The allowance is used up, which only the stream says."""
    return cap(shape="stream", reset_after=reset_after)


@_state
def cap_banner() -> State:
    """A dialog says that the allowance is used up; a mere banner also tells of a smaller model."""
    return State(page={"dialog": "cap"})


@_state
def answer_choice() -> State:
    """The site writes two answers side by side and asks which is better."""
    event = {"type": "num_variants_in_stream", "num_variants_in_stream": 2, "display_treatment": "skippable"}
    return State(reply=Answer(events=(event,)))


@_state
def downgraded(*, model: str = "gpt-5-6-mini") -> State:
    """The site answers with a smaller model and says so only in metadata."""
    return State(reply=Answer(model=model, downgraded=True))


@_state
def message_too_long() -> State:
    """413."""
    detail = {"code": "message_length_exceeds_limit", "message": "The message you submitted was too long."}
    return State(reply=Refusal(status=413, body={"detail": detail}))


@_state
def conversation_too_large() -> State:
    """The chat has reached its maximum length."""
    detail = {"code": "conversation_too_large", "message": "You've reached the maximum length."}
    return State(
        page={"noticeAfterRefusal": "conversation-too-large"},
        reply=Refusal(status=400, body={"detail": detail}),
    )


@_state
def conversation_gone(*, code: str = "conversation_not_found") -> State:
    """The chat was deleted or has expired."""
    return State(
        page={"noticeAfterRefusal": "conversation-gone"},
        reply=Refusal(status=404, body={"detail": {"code": code, "message": "Conversation not found"}}),
    )


@_state
def attachment_refused(*, reason: str = "This file type is not supported.") -> State:
    """No file is taken."""
    return State(upload=Refusal(status=400, body={"detail": reason}))


@_state
def unusual_activity() -> State:
    """403 with JSON."""
    body = {"detail": "Unusual activity has been detected from your device. Try again later."}
    return State(reply=Refusal(status=403, body=body))


@_state
def challenged_answer() -> State:
    """403 with a bot check's HTML, for the prompt alone."""
    page = "<!doctype html><html><head><title>Just a moment...</title></head><body></body></html>"
    refusal = Refusal(status=403, body=page, content_type=HTML, headers=CHALLENGE)
    return State(reply=refusal)


@_state
def overloaded(*, status: int = 503) -> State:
    """The backend fails before it answers."""
    return State(reply=Refusal(status=status, body={"detail": "Service temporarily unavailable"}))


@_state
def generation_failed(*, how: str = "frame") -> State:
    """Something goes wrong in the stream: an error ``frame``, a typed ``event`` or a ``message``."""
    text = "Something went wrong while generating the response."
    if how == "frame":
        event: dict[str, Any] = {"message": None, "error": text, "error_code": "internal_error"}
    elif how == "event":
        event = {"type": "error", "error": {"message": text, "code": "internal_error"}}
    else:
        content = {"content_type": "system_error", "name": "InternalError", "text": text}
        message = {
            "id": "00000000-0000-4000-8000-00000000e440",
            "author": {"role": "assistant", "name": None, "metadata": {}},
            "content": content,
            "status": "finished_successfully",
            "end_turn": True,
            "metadata": {},
            "recipient": "all",
            "channel": None,
        }
        event = {"message": message, "error": None}
    return State(
        reply=Answer(text="Half an", late_events=(event,), finished=False, complete=False),
    )


@_state
def error_banner() -> State:
    """The page says that something went wrong, and no answer comes."""
    return State(
        page={"errorBanner": "Something went wrong. If this issue persists please contact us."},
        reply=Answer(hold={"first-byte"}),
    )


@_state
def refused() -> State:
    """The model declines, in words of its own."""
    return State(reply=Answer(text="I'm sorry, but I can't help with that."))


@_state
def done_only() -> State:
    """200, and nothing but ``[DONE]``: what a request without the page's proofs gets."""
    body = "data: [DONE]\n\n"
    return State(reply=Refusal(status=200, body=body, content_type="text/event-stream; charset=utf-8"))


@_state
def moderation(*, blocked: bool = True) -> State:
    """The site's moderation withholds the answer."""
    verdict = {"flagged": True, "blocked": blocked, "message_id": "", "disclaimers": []}
    event = {"type": "moderation", "moderation_response": verdict}
    return State(page={"policyNotice": blocked}, reply=Answer(late_events=(event,), finished=not blocked))


@_state
def safety_review() -> State:
    """An additional review runs before the answer; not an error."""
    event = {"type": "safety_review_update", "active": True, "protection_type": "bio", "message": "Reviewing"}
    over = {**event, "active": False}
    return State(reply=Answer(events=(event, over)))


@_state
def silent(*, where: Part = "first-byte") -> State:
    """The answer hangs until the test releases it."""
    return State(reply=Answer(hold={where}))
