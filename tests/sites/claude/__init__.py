"""The replica of claude.ai.

* :mod:`.answer`: what a test lets the site say, in blocks where it matters.
* :mod:`.stream`: an answer as the site's typed events.
* :mod:`.states`: the table of states that the site can be in.
* :mod:`.site`: the requests that the page makes, and what a test calls.
* ``page/``: the page around a real TipTap.
"""

from tests.sites.claude.answer import Answer, Retract, Text, Thinking, Tool
from tests.sites.claude.site import ClaudeSite, Turn
from tests.sites.claude.states import STATES, UNAVAILABLE
from tests.sites.kit.answers import Recording, Refusal

__all__ = [
    "STATES",
    "UNAVAILABLE",
    "Answer",
    "ClaudeSite",
    "Recording",
    "Refusal",
    "Retract",
    "Text",
    "Thinking",
    "Tool",
    "Turn",
]
