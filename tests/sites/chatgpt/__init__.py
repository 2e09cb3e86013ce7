"""The replica of chatgpt.com.

* :mod:`.answer`: what a test lets the site say.
* :mod:`.stream`: an answer as the site's stream of frames, in every form that was seen.
* :mod:`.states`: the table of states that the site can be in.
* :mod:`.turns`: one turn on the server, which goes on whoever listens.
* :mod:`.sockets`: the user-level WebSocket with its topics.
* :mod:`.site`: the requests that the page makes, and what a test calls.
* ``page/``: the page, two generations, around a real ProseMirror.
"""

from tests.sites.chatgpt.answer import Answer, Form
from tests.sites.chatgpt.site import ChatGPTSite
from tests.sites.chatgpt.states import STATES
from tests.sites.chatgpt.turns import Turn
from tests.sites.kit.answers import Recording, Refusal
from tests.sites.kit.states import State

__all__ = ["STATES", "Answer", "ChatGPTSite", "Form", "Recording", "Refusal", "State", "Turn"]
