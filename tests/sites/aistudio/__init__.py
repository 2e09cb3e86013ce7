"""The replica of aistudio.google.com.

* :mod:`.answer`: what a test lets the site say.
* :mod:`.stream`: an answer as the site's growing array.
* :mod:`.states`: the table of states that the site can be in.
* :mod:`.site`: the requests that the page makes, across origins, and what a test calls.
* ``page/``: the page, around a true textarea.
"""

from tests.sites.aistudio.answer import Answer
from tests.sites.aistudio.site import AIStudioSite, Turn
from tests.sites.aistudio.states import STATES, UNAVAILABLE
from tests.sites.kit.answers import Recording, Refusal

__all__ = ["STATES", "UNAVAILABLE", "AIStudioSite", "Answer", "Recording", "Refusal", "Turn"]
