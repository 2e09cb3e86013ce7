"""The source of a worker's script, from the worker itself."""

from __future__ import annotations

from cdp_relay.cdp import Session, protocol

__all__ = ["read_source"]


async def read_source(session: Session, url: str) -> str | None:
    """The text of the script that a worker runs from an address, or None when it runs none from there.

    The debugger is on for the few milliseconds that this takes, and stops at nothing.

    Raises:
      BrowserError: the worker ended, or did not answer in time.
    """
    found: list[str] = []

    def parsed(event: protocol.Debugger.ScriptParsed) -> None:
        if event.url == url:
            found.append(event.script_id)

    forget = session.on(protocol.Debugger.ScriptParsed, parsed)
    try:
        # Scripts that there are come before the answer.
        await session.execute(protocol.Debugger.enable())
        try:
            await session.execute(protocol.Debugger.set_skip_all_pauses(skip=True))
            if not found:
                return None
            answer = await session.execute(protocol.Debugger.get_script_source(found[0]))
            return answer.script_source
        finally:
            session.post("Debugger.disable")
    finally:
        forget()
