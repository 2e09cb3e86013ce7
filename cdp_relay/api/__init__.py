"""The HTTP door: OpenAI's dialect in front of a relay.

``gate`` checks heads, ``door`` is the ASGI layer that every request passes, ``app`` holds the
routes, ``chat_request`` and ``chat_answer`` convert between the dialect and the chat vocabulary,
``turn`` streams, ``server`` listens. Nothing here knows a browser.
"""

from cdp_relay.api.contract import RelayLike
from cdp_relay.api.key import read_or_create_key
from cdp_relay.api.server import Server, serve

__all__ = ["RelayLike", "Server", "read_or_create_key", "serve"]
