"""How selectors fare on a page, and what is offered in their place."""

from __future__ import annotations

import attrs
import pytest

from cdp_relay.page import Tab, examine_selectors, read_stamps, suggest_controls
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

_LAYOUT = """<!doctype html><html data-build="prod-7"><meta charset=utf-8>
<style>main { margin-top: 60vh }
textarea, [contenteditable] { width: 60vw; height: 40px; display: block }</style>
<nav><input type=text aria-label="Search chats"></nav>
<main>BODY</main>"""


@attrs.frozen(kw_only=True)
class Page:
    body: str
    composer: str
    send: str
    """What has to be offered first; empty where no button is likely."""


@pytest.fixture
def tab(kept_tab: Tab) -> Tab:
    """One tab for all: they only look at it."""
    return kept_tab


PAGES = {
    "form": Page(
        body="""<form data-chat-composer><div contenteditable=true role=textbox class="css-1x2y3z4">x</div>
          <button type=button aria-label="Attach files">+</button>
          <button type=button aria-label="Select model" aria-haspopup=menu>Model</button>
          <button type=submit><svg width=9 height=9></svg></button></form>""",
        composer='div[contenteditable="true"][role="textbox"]',
        send='button[type="submit"]',
    ),
    "testids": Page(
        body="""<div><textarea data-testid="prompt-box"></textarea>
          <div><button data-testid="voice-button">v</button>
          <button data-testid="go-send">s</button></div></div>""",
        composer='textarea[data-testid="prompt-box"]',
        send='button[data-testid="go-send"]',
    ),
    "labels": Page(
        body="""<div><div contenteditable=true>x</div><div><button aria-label="Use microphone">m</button>
          <button aria-label="Nachricht senden">s</button></div></div>
          <div><button aria-label="Nachricht senden" hidden>s</button></div>""",
        composer='div[contenteditable="true"]',
        send='button[aria-label="Nachricht senden"]',
    ),
    "custom elements": Page(
        body="""<chat-box><textarea></textarea><run-button><button class="mdc-1a2b3c">Run</button>
          </run-button></chat-box>""",
        composer="chat-box textarea",
        send="run-button button",
    ),
    "nothing like it": Page(body="<p>Sign in</p><button>Log in</button>", composer="", send=""),
}


async def test_what_stands_there_instead_is_offered(tab: Tab, plain_site: PlainSite) -> None:
    for number, (name, page) in enumerate(PAGES.items()):
        await tab.navigate(plain_site.page(f"/{number}", _LAYOUT.replace("BODY", page.body)))
        for purpose, wanted in (("composer", page.composer), ("send", page.send)):
            offered = await suggest_controls(tab, purpose, ["#gone"])
            first = offered[0] if offered else None
            assert (first.selector if first else "") == wanted, (name, purpose, offered)
            # Whoever pastes it into a file has to get this one element.
            assert first is None or (first.matches == 1 and first.because), (name, purpose)


async def test_every_alternative_is_looked_at(tab: Tab, plain_site: PlainSite) -> None:
    body = "<button class=a>1</button><button class=a hidden>2</button>"
    body += "<div inert><button class=b>3</button></div>"
    await tab.navigate(plain_site.page("/", _LAYOUT.replace("BODY", body)))

    report = await examine_selectors(tab, {"send": ["#gone", ".a", ".b", "::nonsense("], "stop": []})

    counts = [(one.matches, one.visible, one.usable, one.valid) for one in report["send"]]
    assert counts == [(0, 0, 0, True), (2, 1, 1, True), (1, 1, 0, True), (0, 0, 0, False)]
    assert report["stop"] == ()


async def test_build_stamps_are_read(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", _LAYOUT.replace("BODY", "<p id=v> 1.2 </p>")))

    stamps = await read_stamps(tab, {"build": "html@data-build", "text": "#v", "gone": "#gone@data-x"})

    assert stamps == {"build": "prod-7", "text": "1.2", "gone": None}


async def test_a_purpose_that_nobody_can_guess_has_no_candidates(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", _LAYOUT.replace("BODY", "<button>Send</button>")))

    assert await suggest_controls(tab, "signed_in", []) == ()
