"""The person at the terminal who drives a page that is recorded."""

from __future__ import annotations

import sys

import attrs
import click
import trio

from cdp_relay.nursery import open_nursery

__all__ = ["TerminalPerson"]


@attrs.frozen
class TerminalPerson:
    """Is told what to do, and presses Enter when it is done."""

    interrupted: trio.Event
    """Set at Ctrl+C, which ends the recording as well."""

    async def asked_for(self, step: str, instruction: str) -> bool:
        """Ask for one step; False at ``q``, at the end of the input, and at Ctrl+C."""
        click.echo(f"\n{click.style(step, bold=True)}  {instruction}", err=True)
        click.echo("Then press Enter here (q and Enter ends the recording): ", nl=False, err=True)
        line = ""
        async with open_nursery() as nursery:

            async def until_interrupted() -> None:
                await self.interrupted.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_interrupted)
            # Left behind when it is interrupted: nobody can take a read back from a terminal.
            line = await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()
        return bool(line) and not line.strip().lower().startswith("q")
