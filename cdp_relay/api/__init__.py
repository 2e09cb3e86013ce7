"""The HTTP door: the dialects of clients in front of a relay. Nothing here knows a browser.

``server`` listens, ``door`` is the ASGI layer that every request passes, ``gate`` checks heads, and
``app`` holds the routes. Each dialect is a folder that reads a body into the chat vocabulary and
writes events back (``dialect`` says what that takes); ``asking`` runs them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdp_relay.api.contract import RelayLike
    from cdp_relay.api.key import read_or_create_key
    from cdp_relay.api.server import Server, serve

__all__ = ["RelayLike", "Server", "read_or_create_key", "serve"]

_HOMES = {"RelayLike": "contract", "Server": "server", "read_or_create_key": "key", "serve": "server"}


def __getattr__(name: str) -> Any:
    # The web framework takes most of a second to import, and a command that wants the key only
    # should not wait for it.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
