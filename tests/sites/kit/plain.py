"""A site without a face of its own: tests bring their pages and handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from cdp_relay.recording.serving.exchange import Exchange
from cdp_relay.recording.serving.site import Site

__all__ = ["PlainSite"]

Handler = Callable[[Exchange], Awaitable[None]]


class PlainSite(Site):
    """Serves what a test registered, on several hosts (so that frames and workers can be cross-site).

    Handlers run on the server's loop, in another thread than the test; they talk to the test through
    the journal and the gates. Every request is journalled as ``request``.
    """

    name = "plain"
    hosts: ClassVar[tuple[str, ...]] = ("plain.test", "other.test", "api.plain.test")

    def __init__(self) -> None:
        super().__init__()
        self._handlers: dict[str, Handler] = {}

    def url(self, path: str = "/", *, host: str = "plain.test") -> str:
        """The address of a path."""
        return f"https://{host}{path}"

    def page(self, path: str, html: str, *, content_type: str = "text/html; charset=utf-8") -> str:
        """Serve a fixed text and return its address; for scripts name their content type."""

        async def answer(exchange: Exchange) -> None:
            await exchange.respond(200, html, content_type=content_type)

        return self.route(path, answer)

    def route(self, path: str, handler: Handler) -> str:
        """Let a handler answer a path (on every host) and return its address."""
        self._handlers[path] = handler
        return self.url(path)

    async def handle(self, exchange: Exchange) -> None:
        """Answer with what is registered, else 404."""
        self.journal.record(
            "request", method=exchange.method, host=exchange.host, path=exchange.path, body=exchange.body
        )
        handler = self._handlers.get(exchange.path)
        if handler is None:
            await exchange.respond(404, "nothing here")
        else:
            await handler(exchange)

    def reset(self) -> None:
        """Forget pages and handlers as well."""
        super().reset()
        self._handlers = {}
