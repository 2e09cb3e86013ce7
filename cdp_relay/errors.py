"""The error vocabulary: what can go wrong, who can act, and what to do next.

One root, :class:`RelayError`, and four branches by who can act:

* :class:`UserError`: the caller changes the request or a setting (4xx).
* :class:`SiteError`: the site refused, changed or never answered (429, 502, 503, 504).
* :class:`BrowserError`: Chrome is missing, gone, stalled or lost a page.
* :class:`ProtocolViolation`: a peer broke the rules of a format.

Every class carries a ``code`` (stable, for programs), an HTTP ``status``, whether the same
request may be sent again (``retryable``), and a ``next_step`` sentence. A door renders these
fields in its own dialect and invents none.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AccountBlocked",
    "AccountChooser",
    "AnswerBlocked",
    "AnswerIncomplete",
    "AnswerLost",
    "AnswerNotKept",
    "AnswerStopped",
    "AttachTargetRefused",
    "AttachmentRefused",
    "BodyTimeout",
    "BodyTooLarge",
    "BrowserError",
    "BrowserGone",
    "BrowserNotFound",
    "BrowserStalled",
    "CapReached",
    "ChallengeShown",
    "CommandFailed",
    "CommandTimeout",
    "ConsentNeeded",
    "ControlCovered",
    "ControlFailed",
    "ConversationNotFound",
    "ConversationTooLong",
    "EmptyAnswer",
    "EventsLost",
    "ForbiddenHost",
    "ForbiddenOrigin",
    "GenerationFailed",
    "IdempotencyKeyReused",
    "InsertionFailed",
    "InternalError",
    "InvalidKey",
    "InvalidRequest",
    "InvalidText",
    "LaunchFailed",
    "MethodNotAllowed",
    "ModelNotFound",
    "ModelUnavailable",
    "NotFound",
    "OutputInvalid",
    "PaceExceeded",
    "PageCrashed",
    "PageNavigated",
    "PortTaken",
    "PreviousResponseNotFound",
    "ProfileInUse",
    "ProfileRefused",
    "PromptTooLong",
    "ProtocolViolation",
    "QueueFull",
    "QueueTimeout",
    "RateLimited",
    "RecordingInvalid",
    "RelayError",
    "SelectorDrift",
    "SettingsError",
    "ShuttingDown",
    "SignedOut",
    "SiteError",
    "SiteOverloaded",
    "SiteTimeout",
    "SiteUnreachable",
    "StreamDrift",
    "SubmitAmbiguous",
    "SubmitFailed",
    "TabClosed",
    "ToolCallInvalid",
    "UnsupportedMediaType",
    "UnsupportedValue",
    "UserError",
]


class RelayError(Exception):
    """The root of everything that the relay raises on purpose.

    Args:
      message: one or two sentences for a person: what happened, with the facts at hand.
      next_step: what the reader can do about it; the class's own sentence when left out.
      param: the request field at fault, in the caller's own notation (``messages[0].content``).
      retry_after_seconds: when a retry can succeed, if that is known.
      details: further facts for programs; JSON-ready, and never page text, keys or cookies.
    """

    code: ClassVar[str] = "relay_error"
    status: ClassVar[int] = 500
    retryable: bool = False
    next_step: str = "See the service's log under this request's id."

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        param: str | None = None,
        retry_after_seconds: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if next_step is not None:
            self.next_step = next_step
        self.param = param
        self.retry_after_seconds = retry_after_seconds
        self.details = details or {}


class InternalError(RelayError):
    """A bug of ours reached a request; the log has its traceback."""

    code = "internal_error"
    next_step = "This is a bug in CDP Relay: report it with the log lines of this request's id."


# --- the caller can act ----------------------------------------------------------------------


class UserError(RelayError):
    """The request or a setting is wrong; sending it again unchanged fails again."""

    code = "invalid_request"
    status = 400
    next_step = "Correct the request and send it again."


class InvalidRequest(UserError):
    """A field is missing, of the wrong type, or out of its range; ``param`` names it."""


class InvalidText(UserError):
    """A text cannot be typed into a page: it holds a lone surrogate or a NUL character."""

    code = "invalid_text"
    next_step = "Remove the character at the named position, or replace it by U+FFFD."


class UnsupportedValue(UserError):
    """A value that is valid in the dialect, but that a chat page cannot honour."""

    code = "unsupported_value"
    next_step = "Leave the field out, or use a value that is named in the message."


class InvalidKey(UserError):
    """No key, or the wrong key, came with the request."""

    code = "invalid_api_key"
    status = 401
    next_step = "Send 'Authorization: Bearer KEY'; 'cdp-relay key' prints the key."


class ForbiddenHost(UserError):
    """The Host header is none of this service's own names (a guard against DNS rebinding)."""

    code = "forbidden_host"
    status = 403
    next_step = "Use http://127.0.0.1:PORT or http://localhost:PORT as the base URL."


class ForbiddenOrigin(UserError):
    """A web page sent the request; pages are not allowed to use this service."""

    code = "forbidden_origin"
    status = 403
    next_step = "Call the service from a program, not from a web page."


class NotFound(UserError):
    """There is nothing at this path."""

    code = "not_found"
    status = 404
    next_step = "Check the base URL: it ends in /v1."


class ModelNotFound(UserError):
    """No model of this id is listed."""

    code = "model_not_found"
    status = 404
    next_step = "GET /v1/models lists the ids."


class MethodNotAllowed(UserError):
    """The path exists, but not for this method."""

    code = "method_not_allowed"
    status = 405
    next_step = "Use the method that is named in the Allow header."


class BodyTimeout(UserError):
    """The request body did not arrive in time."""

    code = "request_timeout"
    status = 408
    retryable = True
    next_step = "Send the request again, the whole body at once."


class BodyTooLarge(UserError):
    """The request body is larger than the configured limit."""

    code = "request_too_large"
    status = 413
    next_step = "Send less, or raise server.max_body_bytes."


class UnsupportedMediaType(UserError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    status = 415
    next_step = "Send 'Content-Type: application/json'."


class PromptTooLong(UserError):
    """The prompt is longer than the site takes in one message."""

    code = "context_length_exceeded"
    next_step = "Shorten or compact the conversation."


class ConversationTooLong(UserError):
    """The chat on the site has reached its maximum length."""

    code = "context_length_exceeded"
    next_step = "Start a new chat with a shorter history."


class ConversationNotFound(UserError):
    """The site has no such chat, or not in this account."""

    code = "conversation_not_found"
    status = 404
    next_step = "Start a new chat."


class PreviousResponseNotFound(UserError):
    """The answer that a request goes on from is not kept, or is not at its end yet."""

    code = "previous_response_not_found"
    next_step = "Send the whole conversation as input, without previous_response_id."


class IdempotencyKeyReused(UserError):
    """The Idempotency-Key of the request came with another request before."""

    code = "idempotency_key_reused"
    # Not 409, which clients send again.
    status = 422
    next_step = "Send each request with a key of its own; the same key only for the same request."


class AnswerNotKept(UserError):
    """The answer was made, but is not kept: it was too large, or no content is kept at all."""

    code = "answer_not_kept"
    status = 410
    next_step = "Look at the chat on the site, or send the request again with a new Idempotency-Key."


class ModelUnavailable(UserError):
    """The site does not offer the model, or not to this account; nothing was sent."""

    code = "model_unavailable"
    status = 404
    next_step = "'cdp-relay models' lists what the sites offer."


class AttachmentRefused(UserError):
    """A file is of a kind or a size that the site does not take, or it did not get there; no answer
    without it is given."""

    code = "attachment_refused"
    next_step = "Leave the file out, or send its text."


class SettingsError(UserError):
    """A setting is unknown or has a wrong value; the message names it and where it came from."""

    code = "invalid_setting"
    next_step = "'cdp-relay config' lists every setting with its default."


class RecordingInvalid(UserError):
    """A folder is no recording, is damaged, or was written by a newer version; the message names the file."""

    code = "recording_invalid"
    next_step = "Record it again with 'cdp-relay record', or name another folder."


class ProfileRefused(UserError):
    """The folder is somebody's everyday browser profile, or is not safe to use."""

    code = "profile_refused"
    next_step = "Leave chrome.profile at its default, or name a new folder."


class AttachTargetRefused(UserError):
    """The address given to attach to is not a debugging port on this machine."""

    code = "attach_refused"
    next_step = "Start Chrome with launch/chrome and give its http://127.0.0.1:PORT address."


# --- the site, or the person signed in to it, can act ------------------------------------------


class SiteError(RelayError):
    """The site refused, changed, or did not answer."""

    code = "site_error"
    status = 502
    next_step = "Open the site in the relay's Chrome window and look at what it shows."


class SignedOut(SiteError):
    """Nobody is signed in to the site in the relay's Chrome profile."""

    code = "signed_out"
    status = 503
    next_step = "Run 'cdp-relay sign-in SITE', sign in by hand, then send the request again."


class AccountChooser(SignedOut):
    """The site asks which account to use; only the person can say."""

    code = "account_chooser"


class ChallengeShown(SiteError):
    """The site wants proof that a person is there; the relay never solves such a thing."""

    code = "challenge"
    status = 503
    next_step = "Open the relay's Chrome window, pass the check by hand, then send the request again."


class ConsentNeeded(SiteError):
    """The site shows terms, a consent question or a notice that needs the person's answer."""

    code = "consent_needed"
    status = 503
    next_step = "Open the relay's Chrome window, answer the question by hand, then send the request again."


class AccountBlocked(SiteError):
    """The site has locked the account; all work on this site stops."""

    code = "account_blocked"
    status = 503
    next_step = "Open the site in the relay's Chrome window and follow what it asks."


class RateLimited(SiteError):
    """The site says that requests come too quickly."""

    code = "rate_limit_exceeded"
    status = 429
    retryable = True
    next_step = "Wait as long as Retry-After says."


class CapReached(SiteError):
    """The account's allowance for this model is used up until the stated time."""

    code = "usage_cap_reached"
    status = 429
    retryable = True
    next_step = "Wait until the reset time, or use another model."


class QueueFull(SiteError):
    """As many requests as configured already wait for a tab of this site; or this one had to make room for a
    newer one, as chat.when_full wants it."""

    code = "queue_full"
    status = 429
    retryable = True
    next_step = "Wait as long as Retry-After says, or raise chat.queue."


class PaceExceeded(SiteError):
    """The relay's own pace for the site leaves no room for a prompt soon; nothing was sent."""

    code = "pace_exceeded"
    status = 429
    retryable = True
    next_step = "Wait as long as Retry-After says, or change the site's gap_seconds or per_hour."


class QueueTimeout(SiteError):
    """The request waited longer than configured for a tab; nothing was sent."""

    code = "queue_timeout"
    status = 503
    retryable = True
    next_step = "Send it again, or raise limits.queue_seconds or the site's tabs."


class SiteUnreachable(SiteError):
    """The site's page could not be loaded: this machine is offline, or the site or its name is not there."""

    code = "site_unreachable"
    status = 503
    retryable = True
    next_step = "Check the machine's network, then send the request again."


class SiteOverloaded(SiteError):
    """The site says that it is overloaded."""

    code = "site_overloaded"
    status = 503
    retryable = True
    next_step = "Wait a little and send the request again."


class GenerationFailed(SiteError):
    """The site took the prompt and then said that something went wrong."""

    code = "generation_failed"
    status = 502
    retryable = True
    next_step = "Send the request again."


class AnswerBlocked(SiteError):
    """The site's moderation withheld the prompt or the answer."""

    code = "content_filter"
    status = 400
    next_step = "Change the prompt; the site's own notice is in the chat."


class EmptyAnswer(SiteError):
    """The site's answer ended without any text."""

    code = "empty_answer"
    retryable = True
    next_step = "Send the request again; if it stays, run 'cdp-relay doctor'."


class AnswerIncomplete(SiteError):
    """The answer's stream ended without the site's own sign of completion."""

    code = "answer_incomplete"
    retryable = True
    next_step = "Send the request again; the part that came is not the whole answer."


class AnswerLost(SiteError):
    """The service ended while the site answered, and the answer could not be fetched from its chat."""

    code = "answer_lost"
    next_step = "Look at the chat on the site before you send the request again: the prompt may be there."


class AnswerStopped(SiteError):
    """Somebody stopped the answer on the page."""

    code = "answer_stopped"
    next_step = "Send the request again if the answer is still wanted."


class OutputInvalid(SiteError):
    """The answer had to be JSON of a certain form, and was not, nor when the model was asked again."""

    code = "output_invalid"
    next_step = "Send the request again with a simpler schema, or with another model."


class ToolCallInvalid(SiteError):
    """The model's call of a tool went wrong after a part of it had been passed on."""

    code = "tool_call_invalid"
    retryable = True
    next_step = "Send the request again; the call that came must not be run."


class SiteTimeout(SiteError):
    """A step on the site took longer than its limit; ``details`` names the step."""

    code = "site_timeout"
    status = 504
    retryable = True
    next_step = "Send the request again, or raise the limit that is named in the message."


class SelectorDrift(SiteError):
    """No known selector matches a control of the page: the site has changed."""

    code = "selector_drift"
    next_step = (
        "The error's details list what is on the page: override the selector in providers/SITE.toml "
        "in the configuration folder."
    )


class ControlCovered(SelectorDrift):
    """A control is there, but something that the page shows lies over it; the message names what."""

    code = "control_covered"
    next_step = "Open the relay's Chrome window and close what covers the control."


class StreamDrift(SiteError):
    """The answer's stream has a form that the site's decoder does not know."""

    code = "stream_drift"
    next_step = "Save the stream and run 'cdp-relay decode SITE FILE'; report what it prints."


class InsertionFailed(SiteError):
    """No way of putting the prompt into the composer gave back the same text; nothing was sent."""

    code = "insertion_failed"
    retryable = True
    next_step = "Send it again; if it stays, change the site's insertion ladder in its TOML file."


class ControlFailed(SiteError):
    """A control of the page could not be set to the value that was asked for; nothing was sent."""

    code = "control_failed"
    retryable = True
    next_step = "Send it again; if it stays, mend the control in the site's TOML file, or leave the wish out."


class SubmitFailed(SiteError):
    """The send control had no effect: it is proven that no prompt left the page."""

    code = "submit_failed"
    retryable = True
    next_step = "Send the request again."


class SubmitAmbiguous(SiteError):
    """It is not known whether the prompt left the page, so it is never sent again on its own."""

    code = "submit_ambiguous"
    next_step = "Look at the site's newest chat before you send the request again."


# --- the browser -------------------------------------------------------------------------------


class BrowserError(RelayError):
    """Chrome is missing, gone, stalled, or lost the page."""

    code = "browser_error"
    status = 502
    retryable = True
    next_step = "Send the request again."


class BrowserNotFound(BrowserError):
    """No Chrome, Chromium, Edge or Brave is installed where the relay looks."""

    code = "browser_not_found"
    status = 503
    retryable = False
    next_step = "Install Chrome or Chromium, or set chrome.executable."


class LaunchFailed(BrowserError):
    """Chrome was started but did not become usable; its last words are in the message."""

    code = "launch_failed"
    status = 503
    retryable = False
    next_step = "Run 'cdp-relay doctor'."


class PortTaken(BrowserError):
    """A port that was asked for is held by another program, which is left alone."""

    code = "port_taken"
    status = 503
    retryable = False
    next_step = "Stop the program that is named, or choose another port (--port 0 takes a free one)."


class ProfileInUse(BrowserError):
    """Another process holds the profile folder."""

    code = "profile_in_use"
    status = 503
    retryable = False
    next_step = "Use the running relay, or stop the process that is named."


class BrowserGone(BrowserError):
    """The connection to Chrome ended: it crashed, was closed, or was killed."""

    code = "browser_gone"
    status = 503


class BrowserStalled(BrowserError):
    """Chrome is alive but answers nothing."""

    code = "browser_stalled"
    status = 504


class CommandTimeout(BrowserError):
    """One DevTools command got no answer within its deadline."""

    code = "command_timeout"
    status = 504


class CommandFailed(BrowserError):
    """Chrome refused a DevTools command; ``details`` holds its code and the method."""

    code = "command_failed"


class EventsLost(BrowserError):
    """Events of the browser came faster than they were taken, and the queue has a limit."""

    code = "events_lost"


class TabClosed(BrowserError):
    """The page's tab was closed under the request."""

    code = "tab_closed"


class PageCrashed(BrowserError):
    """The page's renderer crashed or was killed under the request."""

    code = "page_crashed"


class PageNavigated(BrowserError):
    """Somebody led the tab to another page under the request."""

    code = "page_navigated"


class ShuttingDown(BrowserError):
    """The service is stopping."""

    code = "shutting_down"
    status = 503
    next_step = "Send the request again when the service is up."


# --- a peer broke the rules ----------------------------------------------------------------------


class ProtocolViolation(RelayError):
    """A peer sent something that its format does not allow, or outgrew a limit."""

    code = "protocol_violation"
    status = 502
    next_step = "Report it with a recording: a peer changed its format, or a decoder has a bug."
