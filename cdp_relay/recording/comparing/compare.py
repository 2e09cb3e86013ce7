"""Two recordings of a site's scenario, one beside the other."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.comparing._endpoints import differences_of_endpoints
from cdp_relay.recording.comparing._heard import differences_of_heard
from cdp_relay.recording.comparing._outline import differences_of_pages
from cdp_relay.recording.comparing._selectors import differences_of_looks
from cdp_relay.recording.comparing.difference import Difference, sorted_differences
from cdp_relay.recording.session import Session

__all__ = ["compare"]


def compare(old: Session, new: Session) -> tuple[Difference, ...]:
    """What changed on the way from one recording to the other, the gravest first.

    Raises:
      InvalidRequest: they are of different sites or scenarios, which says nothing of a change.
    """
    if old.about.site != new.about.site:
        raise InvalidRequest(
            f"The recordings are of different sites, {old.about.site} and {new.about.site}.",
            next_step="Compare two recordings of one site.",
        )
    if old.about.scenario != new.about.scenario:
        raise InvalidRequest(
            f"The recordings are of different scenarios, {old.about.scenario} and {new.about.scenario}.",
            next_step="Record the site again with the scenario of the other one.",
        )
    return sorted_differences(_differences(old, new))


def _differences(old: Session, new: Session) -> Iterator[Difference]:
    yield from differences_of_looks(old.looks, new.looks)
    yield from differences_of_endpoints(old, new)
    yield from differences_of_heard(old, new)
    yield from differences_of_pages(old, new)
    yield from _facts(old, new)


def _facts(old: Session, new: Session) -> Iterator[Difference]:
    then, now = old.about, new.about
    for name in {**then.stamps, **now.stamps}:
        was, found = then.stamps.get(name), now.stamps.get(name)
        if was == found:
            continue
        if found is None:
            sentence = f"The page does not tell its build {name} any more; it was {was}."
        else:
            sentence = f"The site's build {name} is {found} now, and was {was or 'not told'}."
        yield Difference(
            kind="build", weight="minor", sentence=sentence, where=name, old=was or "", new=found or ""
        )
    if then.language != now.language:
        yield Difference(
            kind="language",
            weight="notable",
            sentence=f"The page is in {now.language or 'no stated language'} now, and was in "
            f"{then.language or 'no stated one'}: labels of selectors may not match.",
            old=then.language,
            new=now.language,
        )
    if then.origin != now.origin:
        yield Difference(
            kind="page",
            weight="notable",
            sentence=f"The page stands at {now.origin} now, and stood at {then.origin}.",
            old=then.origin,
            new=now.origin,
        )
    if _major(then.browser) != _major(now.browser):
        yield Difference(
            kind="build",
            weight="minor",
            sentence=f"It was recorded with {now.browser}, and the old one with {then.browser}.",
            where="browser",
            old=then.browser,
            new=now.browser,
        )


def _major(browser: str) -> str:
    return browser.partition(".")[0]
