"""States that the site can be in, each a switch for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.sites.aistudio.answer import Answer
from tests.sites.aistudio.stream import sparse_json
from tests.sites.kit.answers import Part, Refusal
from tests.sites.kit.chat import HTML
from tests.sites.kit.states import PAGE_STATES, Document, State, StateTable, state_into

__all__ = ["STATES", "UNAVAILABLE", "refusal"]

UNAVAILABLE: dict[str, str] = {
    "challenge_in_page": "Google shows its check on a page of its own (google.com/sorry).",
}

STATES: StateTable = dict(PAGE_STATES)
_state = state_into(STATES)

_RPC = "type.googleapis.com/google.rpc."
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
_ACCOUNTS = "https://accounts.google.com/v3/signin/"
_CONTINUE = "?continue=https%3A%2F%2Faistudio.google.com%2Fprompts%2Fnew_chat"


def refusal(status: int, code: int, message: str, details: Iterable[Any] = ()) -> Refusal:
    """A status instead of an answer, written as the site writes it: the first place is left out."""
    inner: list[Any] = [code, message]
    if rest := list(details):
        inner.append(rest)
    return Refusal(
        status=status,
        body=sparse_json([None, inner]),
        content_type="application/json+protobuf; charset=UTF-8",
    )


def _quota_details(limit: str, seconds: float | None) -> list[Any]:
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    details: list[Any] = [
        [
            _RPC + "ErrorInfo",
            ["RATE_LIMIT_EXCEEDED", "googleapis.com", [["quota_metric", metric], ["quota_limit", limit]]],
        ]
    ]
    if seconds is not None:
        details.append([_RPC + "RetryInfo", [[str(int(seconds))]]])
    return details


# --- who is there, and whether the site lets them in ---------------------------------------------


@_state
def logged_out() -> State:
    """A shell with a "Sign in" link: nobody is signed in."""
    return State(page={"guest": True}, signed_in=False, reply=auth_expired().reply)


@_state
def login_redirect() -> State:
    """The site leads to Google's sign-in page."""
    where = f"{_ACCOUNTS}identifier{_CONTINUE}"
    return State(document=Document(status=302, headers=(("location", where),)), signed_in=False)


@_state
def account_chooser() -> State:
    """The site leads to Google's list of accounts."""
    where = f"{_ACCOUNTS}accountchooser{_CONTINUE}"
    return State(document=Document(status=302, headers=(("location", where),)), signed_in=False)


@_state
def auth_expired() -> State:
    """401: the page's sign-in is too old."""
    return State(reply=refusal(401, 16, "Request had invalid authentication credentials."))


@_state
def consent() -> State:
    """Terms that want to be accepted."""
    return State(page={"dialog": "terms"})


@_state
def copyright() -> State:
    """The first upload asks to acknowledge the rules for uploads."""
    return State(page={"asksBeforeUpload": True})


@_state
def paid_model() -> State:
    """The model wants an API key that is paid for."""
    return State(page={"dialog": "paid"})


@_state
def welcome() -> State:
    """News in a dialog that has a control to close it."""
    return State(page={"dialog": "welcome"})


@_state
def cookie_bar() -> State:
    """A bar about cookies, with a way to refuse them."""
    return State(page={"cookieBar": True})


@_state
def challenge() -> State:
    """Google's check for robots instead of the page."""
    where = "https://www.google.com/sorry/index?continue=https://aistudio.google.com/"
    return State(document=Document(status=302, headers=(("location", where),)))


@_state
def unusual_activity() -> State:
    """429 with Google's page about unusual traffic, for the prompt alone."""
    page = (
        "<!doctype html><title>Sorry...</title>Our systems have detected unusual traffic from your network."
    )
    return State(reply=Refusal(status=429, body=page, content_type=HTML))


# --- refusals, caps and failures of the answer ---------------------------------------------------


@_state
def cap(*, reset_after: float | None = 600.0) -> State:
    """The day's quota is used up; without *reset_after* the site does not say until when."""
    limit = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    return State(reply=refusal(429, 8, _QUOTA, _quota_details(limit, reset_after)))


@_state
def cap_in_stream(*, reset_after: float | None = 600.0) -> State:
    """The quota is used up in the middle of an answer."""
    details = _quota_details("GenerateRequestsPerDayPerProjectPerModel-FreeTier", reset_after)
    return State(reply=Answer(text="Half an", finished=False, status=(8, _QUOTA, (*details,))))


@_state
def cap_banner() -> State:
    """The page says beside the composer that the limit is reached."""
    return State(page={"banner": "You've reached your rate limit. Please try again later."})


@_state
def too_many_requests(*, retry_after: int | None = None) -> State:
    """429 for the minute's quota, with or without a word about how long."""
    details = _quota_details("GenerateRequestsPerMinutePerProjectPerUser", retry_after)
    return State(reply=refusal(429, 8, "Resource has been exhausted (e.g. check quota).", details))


@_state
def permission_denied() -> State:
    """403, for whatever reason."""
    return State(reply=refusal(403, 7, "The caller does not have permission"))


@_state
def overloaded() -> State:
    """503."""
    return State(reply=refusal(503, 14, "The model is overloaded. Please try again later."))


@_state
def deadline() -> State:
    """504."""
    return State(reply=refusal(504, 4, "Deadline expired before operation could complete."))


@_state
def generation_failed(*, how: str = "status") -> State:
    """Something goes wrong: a ``status`` after half an answer, a ``finish`` code, or a ``refusal``."""
    words = "An internal error has occurred."
    if how == "refusal":
        return State(reply=refusal(500, 13, words))
    if how == "finish":
        return State(reply=Answer(text="Half an", finish_code=5))
    return State(reply=Answer(text="Half an", finished=False, status=(13, words, ())))


@_state
def error_banner() -> State:
    """The page says that something went wrong."""
    return State(page={"errorBanner": "An internal error has occurred."})


@_state
def refused() -> State:
    """The model's answer is cut for safety before its first word."""
    return State(reply=Answer(text="", finish="content_filter"))


@_state
def moderation() -> State:
    """The prompt is blocked."""
    return State(reply=Answer(blocked=True))


@_state
def message_too_long() -> State:
    """More tokens than the model takes."""
    return State(reply=refusal(400, 3, _TOO_LONG))


@_state
def conversation_too_large() -> State:
    """The same: every request holds the whole conversation."""
    return message_too_long()


@_state
def conversation_gone() -> State:
    """The saved chat is not there any more, or not for this account."""
    return State(page={"chatGone": True}, reply=refusal(404, 5, "Requested entity was not found."))


@_state
def attachment_refused(*, reason: str = "Unsupported file type") -> State:
    """No file is taken."""
    return State(page={"refusesFiles": reason})


@_state
def upload_failed() -> State:
    """Google Drive does not take the file."""
    return State(upload=Refusal(status=403, body={"error": {"message": "The user's Drive is full."}}))


@_state
def interaction() -> State:
    """The answer has the form of a private route."""
    return State(reply=Answer(interaction=True))


@_state
def silent(*, where: Part = "first-byte") -> State:
    """The answer hangs until the test releases it."""
    return State(reply=Answer(hold={where}))
