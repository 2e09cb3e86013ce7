"""What is set on a page, a frame or a worker before anything else happens on it.

Chrome tells nothing of a dialog to a client that did not enable the Page domain first, and then
answers nothing any more (faults.md, measured), so this order is the whole point.
"""

from __future__ import annotations

from collections.abc import Callable

from cdp_relay.cdp import Command, Session, protocol
from cdp_relay.errors import CommandFailed

__all__ = ["Prepared", "prepare_session"]

Prepared = Callable[[Session], None]
"""Called with each page, frame and worker session before its first command is sent."""

_TOTAL_BUFFER_BYTES = 64 * 1024 * 1024
_RESOURCE_BUFFER_BYTES = 32 * 1024 * 1024
"""How much of response bodies a renderer keeps for ``getResponseBody``. The largest answer that is
promised is 5 MB, and a page's scripts and images compete for the total."""

_POST_DATA_BYTES = 65536
"""Up to this a request's body comes along with its event; the rest is fetched."""


async def prepare_session(session: Session, registered: Prepared) -> None:
    """Enable what we listen to, and keep away what would block the page.

    Raises:
      BrowserError: the target is gone, or did not answer in time. Refusals of single commands by a
        kind of target that does not know them are passed over.
    """
    registered(session)
    kind = session.target.type if session.target is not None else "page"
    commands: list[Command[None]] = []
    if kind in ("page", "tab", "iframe", "webview"):
        commands += [
            protocol.Page.enable(),
            protocol.Page.set_lifecycle_events_enabled(enabled=True),
            protocol.Page.set_intercept_file_chooser_dialog(enabled=True),
        ]
    commands.append(
        protocol.Network.enable(
            max_total_buffer_size=_TOTAL_BUFFER_BYTES,
            max_resource_buffer_size=_RESOURCE_BUFFER_BYTES,
            max_post_data_size=_POST_DATA_BYTES,
        )
    )
    if kind == "page":
        # Without it a tab in the background is throttled, and its first mouse move stalls for 5 s.
        commands.append(protocol.Emulation.set_focus_emulation_enabled(enabled=True))
    for command in commands:
        try:
            await session.execute(command)
        except CommandFailed:
            # Workers and frames know fewer commands than pages do.
            if kind == "page":
                raise
