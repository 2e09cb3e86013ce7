"""The table of states that the site can be in, each a switch for tests."""

from __future__ import annotations

from tests.sites.gemini.answer import Answer
from tests.sites.kit.answers import Part, Refusal
from tests.sites.kit.chat import HTML
from tests.sites.kit.states import PAGE_STATES, Document, State, StateTable, state_into

__all__ = ["STATES", "UNAVAILABLE"]

UNAVAILABLE: dict[str, str] = {
    "challenge_in_page": "Google shows its check on a page of its own (google.com/sorry).",
    "moderation": "Gemini declines in plain words; a frame of its moderation was never seen.",
    "length": "Gemini says nowhere why an answer ended.",
    "conversation_too_large": "Gemini forgets the beginning of a long chat and says nothing.",
}

STATES: StateTable = dict(PAGE_STATES)
_state = state_into(STATES)

_CONTINUE = "continue=https%3A%2F%2Fgemini.google.com%2Fapp"
_SORRY = (
    "<!doctype html><html><head><title>Sorry...</title></head><body>"
    "Our systems have detected unusual traffic from your computer network.</body></html>"
)
_XSRF = """)]}'\n\n54\n[["er",null,null,null,null,400,null,null,null,9,"xsrf"]]\n"""


def _leads_to(url: str) -> Document:
    return Document(status=302, headers=(("location", url),))


# --- who is there, and whether the site lets them in ---------------------------------------------


@_state
def logged_out() -> State:
    """A guest shell: a composer that works, and a "Sign in" link."""
    return State(page={"guest": True}, signed_in=False)


@_state
def login_redirect() -> State:
    """The site leads to Google's sign-in page."""
    url = f"https://accounts.google.com/v3/signin/identifier?{_CONTINUE}"
    return State(document=_leads_to(url), signed_in=False)


@_state
def account_chooser() -> State:
    """The site leads to Google's list of accounts."""
    return State(document=_leads_to(f"https://accounts.google.com/v3/signin/accountchooser?{_CONTINUE}"))


@_state
def consent() -> State:
    """The site leads to Google's question about cookies."""
    return State(document=_leads_to(f"https://consent.google.com/ml?{_CONTINUE}"))


@_state
def terms() -> State:
    """Terms in a dialog, which want to be accepted."""
    return State(page={"dialog": "terms"})


@_state
def verify_it_is_you() -> State:
    """A dialog that asks to verify who is there."""
    return State(page={"dialog": "verify"})


@_state
def region() -> State:
    """Gemini is not available in this country."""
    return State(page={"dialog": "region"}, reply=Answer(text="", error=1060))


@_state
def challenge() -> State:
    """Google's check for robots instead of the page."""
    return State(document=_leads_to(f"https://www.google.com/sorry/index?{_CONTINUE}"))


@_state
def unusual_activity() -> State:
    """429 with Google's page about unusual traffic, for the prompt alone."""
    return State(reply=Refusal(status=429, body=_SORRY, content_type=HTML))


# --- how the page behaves ------------------------------------------------------------------------


@_state
def needs_nudge() -> State:
    """The send control shows only after an ``input`` event has reached the page."""
    return State(page={"needsNudge": True})


@_state
def used_up_mode(*, label: str = "Pro") -> State:
    """A mode of the menu cannot be chosen now."""
    return State(page={"usedUp": label})


# --- refusals, caps and failures of the answer ---------------------------------------------------


@_state
def cap(*, reset_after: float | None = 600.0) -> State:
    """The allowance is used up: an error instead of an answer."""
    banner = "You've reached your limit for this model. Your limit resets soon."
    page = {"banner": banner, "bannerAfterRefusal": True}
    return State(page=page, reply=Answer(text="", error=1037, used_up=reset_after))


@_state
def cap_in_stream(*, reset_after: float | None = 600.0) -> State:
    """The allowance is used up in the middle of an answer."""
    return State(reply=Answer(text="Half an answer", error=1037, used_up=reset_after))


@_state
def cap_banner() -> State:
    """The page says beside the composer that the limit is reached."""
    return State(page={"banner": "You've reached your limit. It resets at 5:00 PM."})


@_state
def too_many_requests(*, retry_after: int | None = None) -> State:
    """429."""
    headers = (("retry-after", str(retry_after)),) if retry_after is not None else ()
    return State(
        reply=Refusal(status=429, body="Too Many Requests", content_type="text/plain", headers=headers)
    )


@_state
def expired_token() -> State:
    """400: the page's token against forged requests is too old."""
    return State(reply=Refusal(status=400, body=_XSRF))


@_state
def overloaded(*, status: int = 503) -> State:
    """The backend fails before it answers."""
    return State(reply=Refusal(status=status, body="Service Unavailable", content_type="text/plain"))


@_state
def generation_failed(*, code: int = 1095) -> State:
    """Something goes wrong in the middle of the answer."""
    return State(reply=Answer(text="Half an answer that", error=code))


@_state
def model_refused(*, code: int = 1052) -> State:
    """The model that the page asked for is not to be had: 1052, or 1050 for the chat's own model."""
    return State(reply=Answer(text="", error=code))


@_state
def error_banner() -> State:
    """A snackbar says that something went wrong."""
    return State(page={"errorBanner": "Something went wrong (1095)"})


@_state
def refused() -> State:
    """The model declines in words."""
    return State(reply=Answer(text="I can't help with that, but I can help with other things."))


@_state
def conversation_gone() -> State:
    """The chat was deleted."""
    return State(page={"chatGone": True})


@_state
def message_too_long() -> State:
    """413; a guess, as no such refusal was captured."""
    return State(reply=Refusal(status=413, body="Payload Too Large", content_type="text/plain"))


@_state
def too_long_for_composer() -> State:
    """The composer refuses to send so long a text."""
    return State(page={"tooLong": True})


@_state
def attachment_refused() -> State:
    """The page refuses a file."""
    return State(page={"refusesFiles": "File type unsupported. Try another file."})


@_state
def silent(*, where: Part = "first-byte") -> State:
    """The answer hangs until the test releases it."""
    return State(reply=Answer(hold={where}))
