"""How every key of a site's definition fits a page, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdp_relay.chat.contract import SiteDefinition
from cdp_relay.page import Tab, examine_selectors
from cdp_relay.recording.session import Look

__all__ = ["definition_selectors", "look_at"]

_HIDDEN = frozenset({"attachments.input"})
"""Keys of what need not be visible to be used."""


async def look_at(tab: Tab, site: SiteDefinition, step: str) -> Look:
    """Look once, as the page is now.

    Raises:
      BrowserError: the page went away.
    """
    report = await examine_selectors(tab, definition_selectors(site))
    return Look(
        step=step,
        matches={
            key: tuple((one.selector, one.matches if key in _HIDDEN else one.usable) for one in alternatives)
            for key, alternatives in report.items()
        },
    )


def definition_selectors(site: SiteDefinition) -> Mapping[str, tuple[str, ...]]:
    """The alternatives of each key that looks for something on the page, by its place in the TOML file."""
    return {key: selectors for key, selectors in _keys(site) if selectors}


def _keys(site: SiteDefinition) -> Iterator[tuple[str, tuple[str, ...]]]:
    selectors, files, answer = site.selectors, site.attachments, site.answer
    for name in ("composer", "send", "stop", "attachment", "attachment_remove", "dismiss", "signed_in"):
        yield f"selectors.{name}", getattr(selectors, name)
    yield "attachments.input", files.input
    yield from _presses("attachments.open", files.open)
    yield "attachments.drop", files.drop
    yield "attachments.busy", files.busy
    for wish, rule in site.controls.items():
        yield from _presses(f"controls.{wish}.open", rule.open)
        for name in ("control", "close", "current", "items", "remove"):
            yield f"controls.{wish}.{name}", getattr(rule, name)
        yield from _presses(f"controls.{wish}.more", rule.more)
    for name in ("turn", "content", "exclude", "files", "thinking", "working", "done"):
        yield f"answer.{name}", getattr(answer, name)
    for name, tidying in site.tidy.items():
        yield from _presses(f"tidy.{name}.steps", tidying.steps)
    for number, state in enumerate(site.states):
        yield f"states[{number}].selector", state.selector


def _presses(key: str, presses: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for number, selectors in enumerate(presses):
        yield f"{key}[{number}]", selectors
