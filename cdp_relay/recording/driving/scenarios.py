"""What can be recorded: harmless questions, each of which makes a site show another side of itself."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from cdp_relay.chat.vocabulary import FilePart, Wishes
from cdp_relay.errors import SettingsError

__all__ = ["SCENARIOS", "STEPS", "Scenario", "find_scenario"]

STEPS: Mapping[str, str] = {
    "empty": "Wait until the page stands at a new chat, ready for a prompt. Type nothing yet.",
    "filled": "Put the prompt into the composer, and do not send it yet.",
    "streaming": "Send it, and come back here while the answer is still being written.",
    "done": "Wait until the answer is whole.",
}
"""The steps that the page is photographed at, and what a person does before each."""


@attrs.frozen(kw_only=True)
class Scenario:
    """One thing to record."""

    name: str
    title: str
    """What it shows, in a few words."""
    prompts: tuple[str, ...]
    """Sent one after another, in one chat."""
    files: tuple[FilePart, ...] = ()
    """Attached to the first prompt."""
    wishes: Wishes = attrs.field(factory=Wishes)
    stop_after: int | None = None
    """The answer is stopped on the page once it has so many characters; None lets it end."""
    by_hand: Mapping[str, str] = attrs.field(factory=lambda: STEPS)
    """What to tell a person who drives, by step."""
    driven: bool = True
    """Whether the relay can drive it; what only the site can bring about is left to the person."""


_TABLE = FilePart(
    name="harbour.csv",
    media_type="text/csv",
    data=b"boat,colour,length_m\nAlma,green,7.5\nBirk,white,12\nCora,blue,9.25\n",
)

_STOP = {
    **STEPS,
    "done": "Press the page's own stop button while the answer is still being written, then come back.",
}

_ATTACH = {
    **STEPS,
    "filled": "Attach a small file that holds nothing private, and put the prompt into the composer.",
}

_CAP = {
    "empty": STEPS["empty"],
    "done": (
        "Ask as you always do until the site says that your allowance is used up. A recording of a working "
        "day is large: begin it when you know that little is left."
    ),
}

SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            name="plain",
            title="a short answer in plain words",
            prompts=("Explain in two short paragraphs why the sky is blue.",),
        ),
        Scenario(
            name="code",
            title="code with fences, tabs, a table and characters beyond ASCII",
            prompts=(
                "Show, in one answer: a Python function of five lines in a fenced block; a Makefile with one "
                "rule in another; a Markdown table of two rows with the words naïve and 東京; and one emoji.",
            ),
        ),
        Scenario(
            name="thinking",
            title="an answer that is thought about first",
            prompts=(
                "A farmer has to take a wolf, a goat and a cabbage across a river in a boat that holds one "
                "of them beside him. How does he do it? Give the trips as a list.",
            ),
            wishes=Wishes(effort="high"),
        ),
        Scenario(
            name="stop",
            title="an answer that is stopped while it is written",
            prompts=("Count from one to three hundred in words, each number on a line of its own.",),
            stop_after=80,
            by_hand=_STOP,
        ),
        Scenario(
            name="attach",
            title="a question about a small file",
            prompts=("Which boat in the attached table is the longest? Answer in one sentence.",),
            files=(_TABLE,),
            by_hand=_ATTACH,
        ),
        Scenario(
            name="long",
            title="a long answer",
            prompts=("Write about a day in a lighthouse, in at least a thousand words and ten sections.",),
        ),
        Scenario(
            name="continue",
            title="a second question in the same chat",
            prompts=(
                "Name three rivers that flow through more than one country, and nothing else.",
                "Which of them is the longest? One sentence.",
            ),
        ),
        Scenario(
            name="image",
            title="an image that the site makes",
            prompts=("Draw a red paper boat on a white table.",),
        ),
        Scenario(
            name="cap",
            title="what the site says once an allowance is used up",
            prompts=("Say yes.",),
            by_hand=_CAP,
            driven=False,
        ),
    )
}
"""By name."""


def find_scenario(name: str) -> Scenario:
    """The scenario of this name.

    Raises:
      SettingsError: there is none.
    """
    if name not in SCENARIOS:
        raise SettingsError(
            f"There is no scenario {name!r}; there are {', '.join(SCENARIOS)}.",
            next_step="Name one of them with --scenario.",
        )
    return SCENARIOS[name]
