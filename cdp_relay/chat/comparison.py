"""Whether two Markdown texts of one answer say the same: the wire's and the page's. Sans-IO.

The page draws what the wire said, so the letters and digits agree but for what drawing changes:
marks of citations, addresses of links, formulas, the names of code's languages, numbers of list items.
"""

from __future__ import annotations

import html
import re

__all__ = ["MAX_CHARS", "disagreement", "plain_form"]

MAX_CHARS = 200_000
"""Longer answers are not compared: the tab has other things to do."""

_BLOCK = 16
"""The texts are compared in blocks of so many letters and digits."""

_LEAST_RUN = 4 * _BLOCK
"""A passage of this length that the other text has nowhere is a disagreement. What is shorter may be a
label that the page adds, or a tag that it leaves out."""

_LEAST_DIFFERENCE = 200
"""Labels and pills may add up to so many letters in any answer."""

_DRAWN_OTHERWISE = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        # Marks of citations, from the private use area to its end.
        ("\ue200[^\ue201]*\ue201?", re.DOTALL),
        # The line that opens a fence.
        (r"^\s*(?:>\s*)*(?:`{3,}|~{3,}).*$", re.MULTILINE),
        # Formulas, which a page may draw without saying what they are made of.
        (r"\$\$.+?\$\$|\\\[.+?\\\]", re.DOTALL),
        (r"\\\(.+?\\\)|(?<![\w$])\$[^$\n]+\$(?![\w$])", 0),
        # Pictures, addresses and tags.
        (r"!\[[^\]]*\]\([^)]*\)|\]\((?:<[^>]*>|[^()\s]*(?:\([^()]*\))?[^()\s]*)[^)]*\)", 0),
        (r"https?://\S+", 0),
        (r"</?[a-zA-Z][^<>\n]*>", 0),
        # Marks of list items.
        (r"^\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s)?", re.MULTILINE),
    )
)


def plain_form(markdown: str) -> str:
    """The letters and digits of a text, without what a page draws in another way."""
    for pattern in _DRAWN_OTHERWISE:
        markdown = pattern.sub(" ", markdown)
    return "".join(character for character in html.unescape(markdown).casefold() if character.isalnum())


def disagreement(wire: str, page: str) -> str | None:
    """Say how two forms of one answer differ, without any of their words; None when they agree."""
    ours, theirs = plain_form(wire), plain_form(page)
    if ours == theirs:
        return None
    lengths = f"{len(ours)} letters on the wire, {len(theirs)} on the page"
    unheard, unshown = _longest_unknown(theirs, ours), _longest_unknown(ours, theirs)
    if unheard >= _least(theirs):
        return f"the page shows {unheard} letters in a row that the wire did not say ({lengths})"
    if unshown >= _least(ours):
        return f"the wire said {unshown} letters in a row that the page does not show ({lengths})"
    # A text that repeats itself hides what it lost, but not how much.
    if abs(len(ours) - len(theirs)) > max(_LEAST_DIFFERENCE, max(len(ours), len(theirs)) // 5):
        more, less = ("page shows", "wire said") if len(theirs) > len(ours) else ("wire said", "page shows")
        return f"the {more} much more than the {less} ({lengths})"
    return None


def _least(text: str) -> int:
    # Of a short answer, half.
    return min(_LEAST_RUN, max(1, len(text) // 2))


def _longest_unknown(text: str, other: str) -> int:
    """How many letters of *text* in a row stand nowhere in *other*, counted in blocks."""
    size = min(_BLOCK, max(1, len(text) // 4))
    known = {other[start : start + size] for start in range(len(other) - size + 1)}
    longest = run = 0
    for start in range(0, len(text) - size + 1, size):
        run = 0 if text[start : start + size] in known else run + size
        longest = max(longest, run)
    return longest
