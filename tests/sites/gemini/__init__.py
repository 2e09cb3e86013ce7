"""The replica of gemini.google.com.

* :mod:`.answer`: what a test lets the site say.
* :mod:`.frames`: envelopes, frames that say their length, and requests in the site's form.
* :mod:`.stream`: an answer as the site's stream, told anew with every frame.
* :mod:`.states`: the table of states that the site can be in.
* :mod:`.site`: the requests that the page makes, and what a test calls.
* ``page/``: the page around a real Quill.
"""

from tests.sites.gemini.answer import Answer
from tests.sites.gemini.site import GeminiSite
from tests.sites.gemini.states import STATES, UNAVAILABLE
from tests.sites.gemini.turns import Turn
from tests.sites.kit.answers import ProducedFile, Recording, Refusal

__all__ = ["STATES", "UNAVAILABLE", "Answer", "GeminiSite", "ProducedFile", "Recording", "Refusal", "Turn"]
