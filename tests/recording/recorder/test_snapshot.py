"""A page as it looks at one moment."""

from __future__ import annotations

import pytest

from cdp_relay.page import Tab
from cdp_relay.recording.recorder import open_recorder
from tests.recording.busy_page import (
    in_the_page,
)
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

FORM = """<!doctype html><html lang=en><meta charset=utf-8><title>A &amp; B</title>
<script>if (1 < 2 && "</ script>") window.seen = [];</script>
<template><b>in a template</b></template><!-- a remark -->
<input id=line value=old><input id=ticked type=checkbox><input id=secret type=password value=hunter2>
<textarea id=area>old</textarea><select id=choice><option>one<option>two</select>
<div id=composer contenteditable=true><p>old</p></div><div id=host>light</div>
<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>
<script>
host.attachShadow({ mode: "open" }).innerHTML = "<p>in the <slot></slot> shadow</p>";
line.value = 'new "line" & <more>'; ticked.checked = true; area.value = "\\nnew <area>"; choice.value = "two";
secret.value = ["typed", "secret"].join(" ");
composer.innerHTML = "<p>a prompt\\u00a0with 漢字 😀</p>"; localStorage.setItem("kept", "välue");
composer.focus(); getSelection().selectAllChildren(composer);
for (const name of ["focus", "blur", "input", "change", "selectionchange"])
  document.addEventListener(name, () => seen.push(name), true);
new MutationObserver(() => seen.push("mutation")).observe(document,
  { subtree: true, childList: true, attributes: true, characterData: true });
</script>"""

LOOK = """() => {
  const [line, ticked, area, choice, composer, host] =
    ["line", "ticked", "area", "choice", "composer", "host"].map((id) => document.getElementById(id));
  return [line.value, ticked.checked, area.value, choice.value, composer.textContent, host.textContent,
    host.shadowRoot.textContent, document.querySelector("template").content.textContent, document.title,
    document.querySelector("path").namespaceURI, document.documentElement.lang];
}"""


async def test_a_snapshot_is_the_page_as_it_looks_and_disturbs_nothing(
    tab: Tab, plain_site: PlainSite
) -> None:
    async with open_recorder(tab) as recorder:
        await tab.navigate(plain_site.page("/", FORM))
        before = await tab.evaluate(LOOK)
        await in_the_page(tab, FORGET)
        taken = await recorder.snapshot("filled")
        assert taken is not None
        assert await tab.evaluate("() => [document.activeElement.id, String(getSelection())]") == [
            *("composer", "a prompt\u00a0with 漢字 😀")
        ]
        html = taken.html.read().decode()
        assert "typed secret" not in html
        assert "hunter2" not in html
        assert (taken.title, taken.url, dict(taken.storage)) == (
            "A & B",
            plain_site.url("/"),
            {"kept": "välue"},
        )
        seen = await in_the_page(tab, "seen")
        # What was kept, shown again without its scripts, looks the same.
        scripts = html.split("<script>")
        still = scripts[0] + "".join(part.split("</script>", 1)[1] for part in scripts[1:])
        await tab.navigate(plain_site.page("/kept", still))
        after = await tab.evaluate(LOOK)
    assert seen == []
    assert after == before
    assert after[:5] == ['new "line" & <more>', True, "\nnew <area>", "two", "a prompt\u00a0with 漢字 😀"]


FORGET = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done((seen.length = 0)))))"""
"""Once the page's own doings were told to its listeners."""
