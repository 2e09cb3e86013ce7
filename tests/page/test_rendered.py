"""Answers are read off the page: which turn, when it is whole, and what it says, on real sites' markup."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from cdp_relay.chat.contract import RenderedAnswer
from cdp_relay.chat.registry import load_provider
from cdp_relay.page import Tab, mark_turns, read_answer, wait_rendered
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[3] / "shared" / "wire"

SHOWCASE = """\
## Fictional Widget Factory

**Bold** *italic* `widget.init()` and [example.com](https://example.com) power imaginary production.

- Blue widgets
- Red widgets
  - Tested daily
- Golden widgets

1. Assemble casing.
2. Package widgets.

| Widget | Batch | Status |
| --- | --- | --- |
| Alpha | F-101 | Ready |
| Beta | F-102 | Packed |

> Every fictional widget passed pretend inspection.

---

```python
factory = "Fictional"
widgets = ["Alpha", "Beta"]
count = len(widgets)
for w in widgets:
    print(w)
ready = count == 2
print(ready)
```

```json
{
  "factory": "Fictional"
}
```

Inline: \\(E = mc^2\\)

\\[
\\sum_{i=1}^{3} i = 6
\\]"""


def sample(name: str) -> tuple[str, dict[str, Any]]:
    page = SAMPLES / f"{name}.html"
    if not page.exists():
        pytest.skip(f"the shared recordings are not here ({page})")
    about = json.loads(page.with_suffix(".json").read_text("utf-8"))
    return page.read_text("utf-8"), about["expected"]


@pytest.fixture
def tab(kept_tab: Tab) -> Tab:
    """One tab for all: they only read it."""
    return kept_tab


@pytest.mark.parametrize(
    ("site", "name"),
    [
        ("chatgpt", "202-dom-formatting-showcase-2026-07"),
        ("chatgpt", "205-dom-question-answer-thinking-ko"),
        ("claude", "201-dom-conversation-2026"),
        ("gemini", "201-dom-three-turns-2026-07"),
    ],
)
async def test_recorded_pages_are_read(tab: Tab, plain_site: PlainSite, site: str, name: str) -> None:
    html, expected = sample(f"{site}/{name}")
    await tab.navigate(plain_site.page("/", f"<!doctype html><meta charset=utf-8>{html}"))
    read = await read_answer(tab, load_provider(site).site.answer)
    assert read is not None
    for words in expected.get("contains", ()):
        assert words in read.markdown.replace("**", "").replace("`", "")
    assert not re.search(r"^(copy|run|json|show thinking|복사)$", read.markdown, re.MULTILINE | re.IGNORECASE)
    if name.startswith("202"):
        assert read.markdown == SHOWCASE


PAGE = """<!doctype html><meta charset=utf-8>
<div id=thread><article class=model><p>An old answer.</p></article></div>
<button id=stop style="display:none">Stop</button>"""

PLACE = RenderedAnswer(turn=("article.model",), content=("p",), working=(".busy",), done=(".copy",))

WRITE = """async (long) => {
    const thread = document.querySelector("#thread");
    const stop = document.querySelector("#stop");
    const later = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
    stop.style.display = "";
    // The page draws its turns anew, as sites do when their address changes.
    thread.innerHTML = thread.innerHTML + "<article class=model></article>";
    const turn = thread.lastElementChild;
    await later(0.1);
    turn.innerHTML = "<p>Half</p>";
    await later(0.3);
    turn.innerHTML = `<p>Half and <b>whole</b>${long}</p>`;
    stop.style.display = "none";
    await later(0.3);
    turn.insertAdjacentHTML("beforeend", "<span class=copy></span>");
}"""


async def test_an_answer_is_waited_for_until_it_is_whole(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", PAGE))
    await mark_turns(tab, PLACE)
    assert await read_answer(tab, PLACE) is None
    nothing = await wait_rendered(tab, PLACE, stop=("#stop",), timeout=20, appear=0.1)
    assert nothing is None
    long = "\n\n".join(["🎈 and so on " * 100 + "."] * 800)  # read in pieces, none of which cuts a character
    async with trio.open_nursery() as nursery:
        html = long.replace("\n\n", "</p><p>")
        nursery.start_soon(partial(tab.evaluate, WRITE, html, timeout=50))
        read = await wait_rendered(tab, PLACE, stop=("#stop",), timeout=50, appear=30)
    assert read is not None
    assert read.done
    assert read.markdown == f"Half and **whole**{long}"


async def test_an_answer_that_is_still_being_written_is_not_whole(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", PAGE))
    await mark_turns(tab, PLACE)
    await tab.evaluate(
        "() => document.querySelector('#thread').insertAdjacentHTML('beforeend',"
        " '<article class=model><p>Half<div class=busy>…</div></article>')"
    )
    read = await wait_rendered(tab, PLACE, stop=("#stop",), timeout=0.5, appear=5)
    assert read is not None
    assert not read.done
    assert read.markdown == "Half"
