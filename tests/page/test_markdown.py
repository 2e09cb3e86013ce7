"""Rendered answers become the Markdown that they were rendered from."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from cdp_relay.chat.contract import RenderedAnswer
from cdp_relay.page import Tab
from tests.sites.kit import PlainSite, bundle

pytestmark = pytest.mark.browser

KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow>'
    '<annotation encoding="application/x-tex">{tex}</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true">x²</span></span>'
)
HEADER = '<div class="header">{label}<button>Copy</button><button aria-label="Run">Run</button></div>'

CASES = {
    # paragraphs and what stands in them
    "two paragraphs": ("<p>One.</p>\n<p>Two.</p>", "One.\n\nTwo."),
    "text without a paragraph": (
        "Bare words <p>then more</p> and an end",
        "Bare words\n\nthen more\n\nand an end",
    ),
    "divisions are blocks": ("<div>a</div><div><div>b</div><span>c</span></div>", "a\n\nb\n\nc"),
    "line end of the source": ("<p>first\nsecond</p>", "first\nsecond"),
    "layout of the page": ("<p>\n      first\n      second </p>", "first second"),
    "hard break": ("<p>first<br>\nsecond<br/>third</p>", "first  \nsecond  \nthird"),
    "kept white space": ('<p style="white-space: pre-wrap">a  b\n  c</p>', "a  b\nc"),
    "emphasis": (
        "<p><strong>bold</strong> <em>slanted</em> <del>gone</del> <b><i>both</i></b></p>",
        "**bold** *slanted* ~~gone~~ ***both***",
    ),
    "blanks leave the marks": ("<p>a<strong> b </strong>c<em> </em>d</p>", "a **b** c d"),
    "sub, sup, keys": (
        "<p>H<sub>2</sub>O x<sup>2</sup> <kbd>Ctrl</kbd></p>",
        "H<sub>2</sub>O x<sup>2</sup> <kbd>Ctrl</kbd>",
    ),
    "inline code": ("<p>Call <code>f(*x)</code>.</p>", "Call `f(*x)`."),
    "backticks inside code": ("<p><code>a`b``c</code> <code>`</code></p>", "```a`b``c``` `` ` ``"),
    "headings": ("<h1>A</h1><h2>1. <em>c</em>\n</h2><h6>- D</h6>", "# A\n\n## 1. *c*\n\n###### - D"),
    "rule": ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
    "quote": (
        "<blockquote><p>a</p><blockquote><p>b</p></blockquote><ul><li>c</li></ul></blockquote>",
        "> a\n>\n> > b\n>\n> - c",
    ),
    "markup that is text": (
        "<p># no heading</p><p>- no item</p><p>1. nor this</p><p>2 * 3 and *stars*, __init__ and snake_case, "
        "`ticks`, [x](y), a\\*b</p><p>&gt; no quote</p><p>---</p>",
        "\\# no heading\n\n\\- no item\n\n1\\. nor this\n\n"
        "2 * 3 and \\*stars\\*, \\_\\_init\\_\\_ and snake_case, "
        "\\`ticks\\`, \\[x](y), a\\\\\\*b\n\n\\> no quote\n\n\\---",
    ),
    "tags shown as text": ('<p>&lt;tool name="x"&gt; &amp; &lt;/tool&gt;</p>', '<tool name="x"> & </tool>'),
    "emoji": ("<p>👩‍👩‍👧 <img class=emoji alt='🎉' src='/party.png'> שלום 漢字</p>", "👩‍👩‍👧 🎉 שלום 漢字"),
    # links and pictures
    "link": (
        '<p>See <a href="https://example.com/a">the <b>page</b></a>.</p>',
        "See [the **page**](https://example.com/a).",
    ),
    "bare address": (
        '<p><a href="https://example.com/a">https://example.com/a</a></p>',
        "https://example.com/a",
    ),
    "counted link": (
        '<p><a href="https://www.google.com/url?sa=E&amp;q=https%3A%2F%2Fexample.com%2Fa%3Fb%3D1">a</a> '
        '<a href="https://example.com?utm_source=chatgpt.com">b</a> '
        '<a href="https://example.com/x?utm_source=chatgpt.com&amp;y=1#z">c</a></p>',
        "[a](https://example.com/a?b=1) [b](https://example.com) [c](https://example.com/x?y=1#z)",
    ),
    "link that leads nowhere": (
        '<p><a href="#note">1</a> <a>b</a> <a href="javascript:void(0)">c</a></p>',
        "1 b c",
    ),
    "odd link": (
        '<p><a href="sandbox:/mnt/data/a b.csv">file</a> <a href="https://e.org/a_(b)">wiki</a></p>',
        "[file](<sandbox:/mnt/data/a b.csv>) [wiki](<https://e.org/a_(b)>)",
    ),
    "picture": (
        '<p><img src="/a.png" alt="A plan"> <img src="https://e.org/i.png" alt=""> '
        '<img src="data:x" alt="B"></p>',
        "![A plan](https://plain.test/a.png) ![B]()",
    ),
    # lists
    "lists in lists": (
        "<ul><li><p>a</p><ul><li>b<ol start=3><li>c</li><li value=7>d</li><li>e</li></ol></li></ul></li>"
        "<li>f</li></ul>",
        "- a\n  - b\n    3. c\n    7. d\n    8. e\n- f",
    ),
    "long item": (
        "<ol start=9><li><p>a</p><p>b</p><pre><code>x\ny</code></pre></li><li>c</li></ol>",
        "9. a\n\n   b\n\n   ```\n   x\n   y\n   ```\n10. c",
    ),
    "two lists": (
        "<ul><li>a</li></ul><ul><li>b</li></ul><ol><li>c</li></ol><ol><li>d</li></ol>",
        "- a\n\n* b\n\n1. c\n\n1) d",
    ),
    "list in a list without an item": ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
    "tasks": (
        '<ul><li><input type="checkbox" checked disabled> done</li>'
        '<li><p><input type="checkbox"> open</p></li></ul>',
        "- [x] done\n- [ ] open",
    ),
    "empty item": ("<ul><li></li><li>a</li></ul>", "-\n- a"),
    # tables
    "table": (
        "<table><thead><tr><th>a</th><th align=right>b</th><th style='text-align:center'>c|d</th></tr>"
        "</thead><tbody><tr><td>1</td><td><code>x|y</code></td><td>l<br>m</td></tr>"
        "<tr><td colspan=2>w</td></tr></tbody></table>",
        "| a | b | c\\|d |\n| --- | ---: | :---: |\n| 1 | `x\\|y` | l<br>m |\n| w |  |  |",
    ),
    "table without a head": (
        "<table><tr><td>-</td><td>1.</td></tr></table>",
        "|  |  |\n| --- | --- |\n| - | 1. |",
    ),
    "table in the site's chrome": (
        "<div><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>"
        "<div><button>Copy table</button></div></div>",
        "| a |\n| --- |\n| b |",
    ),
    # code
    "code": (
        '<pre><code class="hljs language-python">\tif x:\n\n        y &lt; 1\n</code></pre>',
        "```python\n\tif x:\n\n        y < 1\n```",
    ),
    "code about fences": ("<pre><code>```js\na\n```\n````</code></pre>", "`````\n```js\na\n```\n````\n`````"),
    "language in the header": (
        "<div class=frame>" + HEADER.format(label="C++") + "<div><pre><code>int x;</code></pre></div></div>",
        "```cpp\nint x;\n```",
    ),
    "header inside the block": (
        "<pre>"
        + HEADER.format(label="JSON")
        + '<pre class="cm-content"><code><span>{</span><span>\n}</span></code></pre></pre>',
        "```json\n{\n}\n```",
    ),
    "plain text is no language": (
        "<pre>" + HEADER.format(label="Plain text") + "<code>a</code></pre>",
        "```\na\n```",
    ),
    "custom frame": (
        "<code-block><div class=code-block-decoration><span>Bash</span><button>x</button></div>"
        "<pre><code>ls</code></pre></code-block>",
        "```bash\nls\n```",
    ),
    "excluded header still names it": (
        '<div class="code-block" data-markdown-copy="code-block"><div class="out">rust</div>'
        "<pre><code>fn</code></pre></div>",
        "```rust\nfn\n```",
    ),
    "lines as elements": (
        '<pre><code data-language="js"><div class="cm-line">a</div><div class="cm-line"><br></div>'
        '<div class="cm-line">b</div></code></pre>',
        "```js\na\n\nb\n```",
    ),
    "numbered lines": (
        '<pre><code><span class="line-number">1</span>a\n<span class="line-number">2</span>b</code></pre>',
        "```\na\nb\n```",
    ),
    "a sentence before code is no label": (
        "<div>Try this:<pre><code>x</code></pre></div>",
        "Try this:\n\n```\nx\n```",
    ),
    "details and quotes are no frames of code": (
        "<details><summary>Code</summary><pre>x</pre></details><blockquote>Run<pre>y</pre></blockquote>",
        "<details>\n<summary>Code</summary>\n\n```\nx\n```\n\n</details>\n\n> Run\n>\n> ```\n> y\n> ```",
    ),
    # mathematics
    "inline mathematics": ("<p>So " + KATEX.format(tex="x^2 &lt; y") + ".</p>", "So $x^2 < y$."),
    "displayed mathematics": (
        '<p>So</p><p><span class="katex-display">' + KATEX.format(tex="\\sum_i i") + "</span></p>",
        "So\n\n$$\n\\sum_i i\n$$",
    ),
    "mathematics in attributes": (
        '<p><span data-math="a_1" class="math-inline">a1</span></p>'
        '<div class="math-block" data-math="b"><span>b</span></div>'
        '<span data-math-source="c" data-math-display="true">c</span>',
        "$a_1$\n\n$$\nb\n$$\n\n$$\nc\n$$",
    ),
    "mathematics in a custom element": (
        "<div>x <ms-katex><pre><code>" + KATEX.format(tex="k") + "</code></pre></ms-katex></div>",
        "x $k$",
    ),
    # what is not the answer
    "controls and icons": (
        "<h4 class='sr-only'>It said:</h4><p>a<span aria-hidden=true>icon</span></p><button>Copy</button>"
        "<mat-icon>content_copy</mat-icon><div role=toolbar>Good</div><svg><text>x</text></svg>"
        "<p class=out>pill</p>",
        "a",
    ),
    "not drawn": ('<p>a</p><div style="display:none">b</div>', "a"),
    "folded details": (
        "<details><summary>More</summary><p>inner</p></details>",
        "<details>\n<summary>More</summary>\n\ninner\n\n</details>",
    ),
    # custom elements
    "custom elements": (
        "<ms-cmark-node class=cmark-node><p><ms-cmark-node>a </ms-cmark-node><strong>b</strong></p>"
        "</ms-cmark-node>"
        '<response-element style="display:block">c</response-element>d',
        "a **b**\n\nc\n\nd",
    ),
    "shadow roots": (
        "<x-part><template shadowrootmode=open><h3>in shadow</h3><slot></slot></template><p>slotted</p>"
        "</x-part>",
        "### in shadow\n\nslotted",
    ),
    "letter by letter": (
        '<div class="very-large-text-container"># not *read*\n\n    kept</div>',
        "# not *read*\n\n    kept",
    ),
}

PLACE = RenderedAnswer(turn=("section",), exclude=(".out",))


ROUND_TRIPS = (
    "# A heading\n\nWords, **bold *and slanted*** words, ~~gone~~, `code`, ``a`b``.\nThe next line.",
    "- one\n  - two\n    - three\n- four\n\n1. first\n2. second\n   - inner\n3. third",
    "7. seven\n8. eight\n\n   A further paragraph of it.\n\n   ```sh\n   ls -l\n   ```",
    "| a | b |\n| --- | --- |\n| 1 | `x` |\n| [l](https://example.com/) | **m** |",
    "> quoted *words*\n>\n> - an item\n\n---\n\nAfter it.",
    "````markdown\n```js\nlet x = `1`;\n```\n````\n\n```\n\ttabs and\n\n    blanks\n```",
    "So $x^2$ and\n\n$$\n\\sum_{i=1}^n i\n$$\n\nand ![a plan](https://example.com/plan.png).",
    "\\*no stars\\*, \\_nor bars\\_, snake_case_name, 2 * 3 * 4, 5 > 4.\n\n\\# nor this",
    'Emoji 👩‍👩‍👧, שלום, 漢字; <tool name="x">{"a": [1, 2]}</tool> &amp; 100% of $5 or $10.',
    "An error occurred: something went wrong. Copy\n\nRetry\n\nYou've hit your limit.",
)


async def read_all(tab: Tab, count: int) -> list[str]:
    """The Markdown of ``#case0`` and so on, in one call."""
    rules = [
        {**attrs.asdict(PLACE), "turn": [f"#case{number}"], "brackets": False} for number in range(count)
    ]
    read = "function (rules) { return rules.map((rule) => this.renderedAnswer(rule, false).text); }"
    texts: list[str] = await tab.evaluate(read, rules)
    return texts


async def test_html_becomes_markdown(tab: Tab, plain_site: PlainSite) -> None:
    sections = "".join(
        f'<section id="case{number}">{html}</section>' for number, (html, _) in enumerate(CASES.values())
    )
    await tab.navigate(plain_site.page("/", f"<!doctype html><meta charset=utf-8><body>{sections}"))
    seen = await read_all(tab, len(CASES))
    assert dict(zip(CASES, seen, strict=True)) == {name: markdown for name, (_, markdown) in CASES.items()}


async def test_what_was_rendered_comes_back(tab: Tab, plain_site: PlainSite) -> None:
    script = bundle(Path(__file__).parent / "rendering", {"view": "view.js"})["view"].decode()
    plain_site.page("/view.js", script, content_type="text/javascript; charset=utf-8")
    texts = json.dumps(ROUND_TRIPS).replace("<", "\\u003c")
    page = f"""<!doctype html><meta charset=utf-8><body>
    <script id=texts type="application/json">{texts}</script><script src="/view.js"></script>"""
    await tab.navigate(plain_site.page("/", page))
    assert await read_all(tab, len(ROUND_TRIPS)) == list(ROUND_TRIPS)
