"""Send a composed prompt at most once, and prove on the wire that it left."""

from __future__ import annotations

from typing import NoReturn

import attrs
import trio

from cdp_relay.chat.contract import StepLimits, Submission
from cdp_relay.chat.interruptions import Interruptions
from cdp_relay.chat.opening import SiteTab
from cdp_relay.errors import RelayError, SelectorDrift, SiteTimeout, SubmitAmbiguous, SubmitFailed
from cdp_relay.page import Capture, RequestSent, click_control, read_text

__all__ = ["Sender", "Sent"]

_PRESS_SECONDS = 10.0
"""How long one press may take: many sites show or enable the send control only after the text is in."""


@attrs.frozen(kw_only=True)
class Sent:
    """A prompt that left the page."""

    request_id: str
    submission: Submission
    presses: int
    exact: bool
    """Whether the request carried the prompt to the letter; white space at its ends aside."""
    url: str = ""
    """The request's address."""
    missing: SelectorDrift | None = None
    """Why the send control was not pressed, where Enter had to do."""


@attrs.define(eq=False)
class Sender:
    """Presses the page's send control, at most twice, and never when anything may have left.

    A prompt counts as sent when a request that carries it was seen to leave. The second press
    happens only while no such request was seen *and* the composer still holds the whole prompt.
    """

    site_tab: SiteTab
    capture: Capture
    prompt: str
    limits: StepLimits
    interruptions: Interruptions
    pressed: bool = attrs.field(default=False, init=False)
    """From here on a failure may have sent the prompt."""

    async def send(self) -> Sent:
        """Send the prompt.

        Raises:
          SubmitFailed, SelectorDrift: the prompt still stands in the composer, and nothing left.
          SubmitAmbiguous: the page took the prompt and nobody saw it leave, or another text left.
        """
        provider = self.site_tab.provider
        rule = provider.site.submission
        deadline = trio.current_time() + self.limits.submit_seconds
        failure: RelayError | None = None
        composed = True
        for press in (1, 2):
            try:
                await self._press(by_enter=press == 2 and rule.enter)
            except (SelectorDrift, SiteTimeout) as error:
                # Covered, missing or still disabled; Enter may do.
                failure = error
            sent = await self._seen_to_leave(rule.grace_seconds, press)
            if sent is not None:
                return attrs.evolve(sent, missing=failure if isinstance(failure, SelectorDrift) else None)
            composed = await self._still_composed()
            if not composed:
                break
        sent = await self._seen_to_leave(max(0.0, deadline - trio.current_time()), press)
        if sent is not None:
            return sent
        return await self._give_up(failure, composed=composed and await self._still_composed())

    async def _press(self, *, by_enter: bool) -> None:
        tab, selectors = self.site_tab.tab, self.site_tab.provider.site.selectors
        patience = min(_PRESS_SECONDS, self.limits.submit_seconds / 2)
        if by_enter:
            await click_control(tab, selectors.composer, timeout=patience)
            self.pressed = True
            await tab.keyboard.press("Enter")
        else:
            self.pressed = True
            await click_control(tab, selectors.send, timeout=patience, enabled=True)

    async def _still_composed(self) -> bool:
        text = await read_text(self.site_tab.tab, self.site_tab.provider.site.selectors.composer)
        return _squeezed(text) == _squeezed(self.prompt)

    async def _seen_to_leave(self, seconds: float, presses: int) -> Sent | None:
        provider = self.site_tab.provider
        with trio.move_on_after(seconds):
            async for event in self.capture:
                if not isinstance(event, RequestSent) or not provider.is_submission(event.method, event.url):
                    continue
                submission = provider.read_submission(event.body or b"")
                if submission is None:
                    continue
                if submission.prompt is not None and _squeezed(submission.prompt) != _squeezed(self.prompt):
                    if _is_shared(event):
                        continue
                    raise SubmitAmbiguous(
                        f"{provider.site.title} sent another text than the prompt: somebody typed into the "
                        "relay's tab, or the page changed the text.",
                        details={"sent_characters": len(submission.prompt), "characters": len(self.prompt)},
                    )
                submission = attrs.evolve(
                    submission,
                    model=submission.model or provider.read_model(event.headers),
                    conversation_id=submission.conversation_id or provider.submitted_conversation(event.url),
                )
                exact = submission.prompt is None or submission.prompt.strip() == self.prompt.strip()
                return Sent(
                    request_id=event.request_id,
                    submission=submission,
                    presses=presses,
                    exact=exact,
                    url=event.url,
                )
        return None

    async def _give_up(self, failure: RelayError | None, *, composed: bool) -> NoReturn:
        """Take the page away, so that it can't send later, and look once more."""
        title = self.site_tab.provider.site.title
        self.site_tab.doubtful = True
        self.interruptions.document = None
        await self.site_tab.tab.navigate("about:blank", timeout=self.limits.open_seconds)
        late = await self._seen_to_leave(0.0, 2)
        if late is not None:
            raise SubmitAmbiguous(f"{title} sent the prompt only when its page was taken away.")
        seconds = f"{self.limits.submit_seconds:g} s (limits.submit_seconds)"
        if not composed:
            # No request was seen, but a page may have ways to send that nobody watches.
            raise SubmitAmbiguous(f"{title} took the prompt, but no request with it left within {seconds}.")
        if failure is not None:
            raise failure
        raise SubmitFailed(f"{title} did not send the prompt within {seconds}; nothing left the page.")


def _is_shared(event: RequestSent) -> bool:
    """Whether a request came from a worker that other tabs of the site use as well."""
    target = event.session.target
    return target is not None and target.type == "shared_worker"


def _squeezed(text: str) -> str:
    """A text without white space: editors and sites may trim or re-break it, but lose nothing else."""
    return "".join(text.split())
