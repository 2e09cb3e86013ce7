"""CDP Relay: the AI chat pages that you are signed in to, as models for coding agents.

The library's face is :func:`open_relay`::

    async with open_relay() as relay:
        async for event in relay.ask(request):
            ...

Rooms, from the wire up: ``wire`` (formats), ``cdp`` (the DevTools connection), ``chrome`` (the
browser process), ``page`` (one tab), ``chat`` (turns and sites), ``api`` (HTTP), ``cli``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdp_relay.errors import RelayError

if TYPE_CHECKING:
    from cdp_relay.chat.relay import Relay, open_relay
    from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Message, Role, TextPart

__all__ = [
    "ChatEvent",
    "ChatRequest",
    "Message",
    "Relay",
    "RelayError",
    "Role",
    "TextPart",
    "__version__",
    "open_relay",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Trio alone takes longer to import than a small command takes to run.
    if name in ("Relay", "open_relay"):
        from cdp_relay.chat import relay

        return getattr(relay, name)
    if name in __all__:
        from cdp_relay.chat import vocabulary

        return getattr(vocabulary, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
