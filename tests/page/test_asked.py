"""Which message the newest answer on a page answers."""

from __future__ import annotations

import attrs
import pytest

from cdp_relay.page import Tab, look_asked
from cdp_relay.page.asked import prompt_lines
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

PROMPT = "# Task\n\n1. Read  the *file*.\n2. Say what it says.\n\n> quoted: Größe ½"


@attrs.frozen
class Place:
    turn: tuple[str, ...] = (".model",)
    content: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    math: str = "dollars"


USER = (
    "<div class=user><h1>Task</h1><ol><li>Read the <em>file</em>.<li>Say what it\nsays.</ol>"
    "<blockquote>quoted: Größe ½</blockquote></div>"
)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<div class=user>Hello</div>", None),
        (f"<nav>Old chats</nav>{USER}<div class=model>Yes.</div><div class=box></div>", (True, 1)),
        (f"{USER}<div class=model>1</div><div class=user>Go on</div><div class=model>2</div>", (False, 2)),
        (f"<div class=user>Hi</div><div class=model>1</div>{USER}<div class=model>2</div>", (True, 2)),
        (f"<div class=model>1</div>{USER}", (False, 1)),
        ("<div class=user>Task: read the file</div><div class=model>1</div>", (False, 1)),
    ],
)
async def test_the_message_before_the_newest_answer_is_known_again(
    tab: Tab, plain_site: PlainSite, page: str, expected: tuple[bool, int] | None
) -> None:
    await tab.navigate(plain_site.page("/", f"<!doctype html><meta charset=utf-8>{page}"))
    seen = await look_asked(tab, Place(), PROMPT)
    assert (None if seen is None else (seen.shown, seen.answers)) == expected


def test_only_the_beginning_is_looked_for() -> None:
    assert prompt_lines(PROMPT) == ["task", "readthefile", "saywhatitsays", "quotedgröße½"]
    assert prompt_lines("…\n\n- ?") == []
    assert sum(map(len, prompt_lines("word " * 1000))) == 400
    assert len(prompt_lines("ab\n" * 1000)) == 200
