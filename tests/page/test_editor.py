"""Text into real editors, exact to the letter."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from cdp_relay.chat.contract import RungLimit
from cdp_relay.errors import InsertionFailed, InvalidText, SettingsError
from cdp_relay.page import EditorPlan, Tab, insert_text, read_text, visible_count
from tests.page.conftest import EDITORS

pytestmark = pytest.mark.browser

COMPOSER = ("#composer .ProseMirror", "#composer .ql-editor", "#composer textarea", "#composer")
CHIPS = (".chip",)
REMOVE = (".chip .remove",)
PLAN = EditorPlan(ladder={}, attachment_selectors=CHIPS, attachment_remove_selectors=REMOVE)

CODE = '''def parse(text: str) -> None:
\t"""Tabs,  double  spaces,   and <tags> & "quotes"."""


\tif a < b and b > c:   \x20
    return  { "x": [1, 2] }



# three blank lines above; trailing spaces next   \x20\x20
\t\tend\t
'''

TEXTS = {
    "one line": "hello",
    "code": CODE,
    "leading and trailing breaks": "\n\n  a\n\nb\n\n\n",
    "emoji": "a 😀 b 👩‍👩‍👧‍👦 c 🇩🇪 é e\u0301",
    "scripts": "漢字かな交じり文\nשלום עולם\nمرحبا\nไทย",
    "markup": "<p>a</p><script>x</script>&amp;&nbsp;\n<!-- c -->\n```js\nlet a = `b`;\n```\n- item\n# head",
    "no-break space": "a\u00a0b \u00a0 c\u200bd\u2028e",
    "only spaces": "   ",
}
"""No carriage returns here: what the page was given is compared with what it holds."""


@pytest.fixture
def tab(kept_tab: Tab) -> Tab:
    """One tab for all: an editor lives and dies with its document."""
    return kept_tab


async def exact(tab: Tab) -> str:
    """What the editor itself says it holds: asked in the page's own world, where its objects are."""
    answer = await tab.session.call(
        "Runtime.evaluate", {"expression": "window.exact()", "returnByValue": True}, timeout=20
    )
    value: str = answer["result"]["value"]
    return value


@pytest.mark.parametrize("kind", EDITORS)
@pytest.mark.parametrize("name", TEXTS)
async def test_what_was_typed_is_what_the_editor_holds(
    tab: Tab, editor_url: Callable[[str], str], kind: str, name: str
) -> None:
    await tab.navigate(editor_url(kind))
    text = TEXTS[name]

    insertion = await insert_text(tab, COMPOSER, text, PLAN, timeout=20)

    assert insertion.editor == kind
    assert insertion.attempts[-1].outcome == "exact"
    assert (insertion.characters, insertion.attached) == (len(text), False)
    read = await read_text(tab, COMPOSER)
    if kind == "contenteditable":  # Chrome itself turns spaces into no-break spaces there, and back
        assert read.replace("\xa0", " ") == text.replace("\xa0", " ")
    else:
        assert await exact(tab) == text
        assert read == text


INEXACT = {
    ("prosemirror", "drop"),  # blank lines collapse
    ("lexical", "drop-html"),  # it makes rich text of the HTML
    ("quill", "drop"),  # not taken at all
    ("quill", "drop-html"),
}
"""Ways that a kind of editor does not take as it should."""

WAYS = [
    (kind, rung)
    for kind in ("prosemirror", "lexical", "quill", "textarea")
    for rung in ("drop", "drop-html", "paste", "insert-text")
]


@pytest.mark.parametrize(("kind", "rung"), [way for way in WAYS if way not in INEXACT])
async def test_a_rung_gives_the_exact_text(
    tab: Tab, editor_url: Callable[[str], str], kind: str, rung: str
) -> None:
    await tab.navigate(editor_url(kind))

    insertion = await insert_text(tab, COMPOSER, CODE, EditorPlan(ladder={kind: (rung,)}), timeout=20)

    assert insertion.rung == rung
    assert await exact(tab) == CODE


@pytest.mark.parametrize(("kind", "rung"), sorted(INEXACT))
async def test_a_rung_that_changes_the_text_is_not_believed(
    tab: Tab, editor_url: Callable[[str], str], kind: str, rung: str
) -> None:
    await tab.navigate(editor_url(kind))

    with pytest.raises(InsertionFailed) as failed:
        await insert_text(tab, COMPOSER, CODE, EditorPlan(ladder={kind: (rung,)}), timeout=20)

    assert [attempt["rung"] for attempt in failed.value.details["attempts"]] == [rung]
    assert await exact(tab) != CODE


@pytest.mark.parametrize("kind", EDITORS)
async def test_a_draft_is_replaced(tab: Tab, editor_url: Callable[[str], str], kind: str) -> None:
    await tab.navigate(editor_url(kind))
    await insert_text(tab, COMPOSER, "a draft\n\nof some lines\n", PLAN, timeout=20)

    await insert_text(tab, COMPOSER, "the prompt", PLAN, timeout=20)

    assert await read_text(tab, COMPOSER) == "the prompt"


@pytest.mark.parametrize("kind", ["prosemirror", "textarea", "lexical"])
async def test_carriage_returns_become_line_feeds(
    tab: Tab, editor_url: Callable[[str], str], kind: str
) -> None:
    await tab.navigate(editor_url(kind))

    await insert_text(tab, COMPOSER, "a\r\n\r\nb\rc\n", PLAN, timeout=20)

    assert await exact(tab) == "a\n\nb\nc\n"


@pytest.mark.parametrize("kind", ["prosemirror", "textarea"])
async def test_a_long_prompt_arrives_whole(tab: Tab, editor_url: Callable[[str], str], kind: str) -> None:
    await tab.navigate(editor_url(kind))
    text = (CODE * (1_100_000 // len(CODE)))[:1_050_000] + "😀" * 10
    text = text if kind == "textarea" else text[-100_000:]

    await insert_text(tab, COMPOSER, text, PLAN, timeout=40)

    assert await read_text(tab, COMPOSER) == text
    assert await exact(tab) == text


@pytest.mark.parametrize(
    ("text", "position", "character"),
    [("ab\0c", 2, "U+0000"), ("x\ud83d", 1, "U+D83D"), ("\udc00y", 0, "U+DC00")],
)
async def test_text_that_no_page_can_take_is_refused_before_the_page_is_touched(
    tab: Tab, editor_url: Callable[[str], str], text: str, position: int, character: str
) -> None:
    await tab.navigate(editor_url("textarea"))
    await insert_text(tab, COMPOSER, "a draft", PLAN, timeout=20)

    with pytest.raises(InvalidText) as refused:
        await insert_text(tab, COMPOSER, text, PLAN, timeout=20)

    assert refused.value.details == {"position": position, "character": character}
    assert await read_text(tab, COMPOSER) == "a draft"


async def test_an_attachment_that_the_site_made_is_undone_and_the_next_rung_is_taken(
    tab: Tab, editor_url: Callable[[str], str]
) -> None:
    await tab.navigate(editor_url("prosemirror") + "?chips=50")

    insertion = await insert_text(tab, COMPOSER, CODE, PLAN, timeout=30)

    assert insertion.rung == "insert-text"
    assert [attempt.outcome for attempt in insertion.attempts] == [
        "the site made an attachment of it",
        "the site made an attachment of it",
        "exact",
    ]
    assert await visible_count(tab, CHIPS) == 0
    assert await exact(tab) == CODE


async def test_an_attachment_is_kept_when_the_plan_wants_it(
    tab: Tab, editor_url: Callable[[str], str]
) -> None:
    await tab.navigate(editor_url("prosemirror") + "?chips=50")
    plan = attrs.evolve(PLAN, attachment="use")

    insertion = await insert_text(tab, COMPOSER, CODE, plan, timeout=30)

    assert insertion.attached
    assert await visible_count(tab, CHIPS) == 1
    assert await exact(tab) == ""


async def test_an_editor_that_changes_the_text_fails_the_insertion_with_what_was_tried(tab: Tab) -> None:
    await tab.navigate("data:text/html,<textarea maxlength=5></textarea>")

    with pytest.raises(InsertionFailed) as failed:
        await insert_text(tab, ("textarea",), "secret text", PLAN, timeout=20)

    attempts = failed.value.details["attempts"]
    assert [attempt["rung"] for attempt in attempts] == ["drop", "paste", "insert-text"]
    assert "secre" not in str(failed.value) + str(failed.value.details)


async def test_the_clipboard_is_given_back_after_a_paste(
    own_tab: Tab, editor_url: Callable[[str], str]
) -> None:
    tab = own_tab  # the permissions stay with its browser context
    await tab.navigate(editor_url("textarea"))
    root = tab.session.connection.root
    origin = "https://plain.test"
    for name in ("clipboard-read", "clipboard-write"):
        params = {"permission": {"name": name}, "setting": "granted", "origin": origin}
        await root.call("Browser.setPermission", {**params, "browserContextId": tab.browser_context_id})
    await tab.evaluate("text => navigator.clipboard.writeText(text)", "the person's own")

    await insert_text(tab, COMPOSER, CODE, EditorPlan(ladder={"textarea": ("paste",)}), timeout=20)

    for name in ("clipboard-read", "clipboard-write"):
        params = {"permission": {"name": name}, "setting": "granted", "origin": origin}
        await root.call("Browser.setPermission", {**params, "browserContextId": tab.browser_context_id})
    assert await tab.evaluate("() => navigator.clipboard.readText()") == "the person's own"


async def test_insert_text_comes_last_for_many_lines(tab: Tab, editor_url: Callable[[str], str]) -> None:
    await tab.navigate(editor_url("textarea"))
    plan = EditorPlan(
        ladder={"textarea": ("insert-text", "drop")}, limits={"insert-text": RungLimit(newlines=3)}
    )

    few = await insert_text(tab, COMPOSER, "a\nb\nc", plan, timeout=20)
    many = await insert_text(tab, COMPOSER, "a\n" * 5, plan, timeout=20)

    assert (few.rung, many.rung) == ("insert-text", "drop")


async def test_text_in_pieces_is_put_together(tab: Tab, editor_url: Callable[[str], str]) -> None:
    await tab.navigate(editor_url("prosemirror"))
    plan = EditorPlan(ladder={"prosemirror": ("insert-text",)}, piece_chars=7)

    await insert_text(tab, COMPOSER, CODE + "😀" * 9, plan, timeout=20)

    assert await exact(tab) == CODE + "😀" * 9


async def test_an_unknown_rung_is_a_wrong_setting(tab: Tab, editor_url: Callable[[str], str]) -> None:
    await tab.navigate(editor_url("textarea"))

    with pytest.raises(SettingsError, match="teleport"):
        await insert_text(tab, COMPOSER, "x", EditorPlan(ladder={"textarea": ("teleport",)}), timeout=5)


async def test_without_a_composer_there_is_no_text(tab: Tab) -> None:
    assert await read_text(tab, COMPOSER) == ""
