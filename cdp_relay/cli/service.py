"""Running the service: what ``up`` and ``serve`` have in common, from the first signal to the last."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from typing import NoReturn

import attrs
import click
import psutil
import trio

from cdp_relay import __version__
from cdp_relay.api import Server, read_or_create_key, serve
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.cli.app import program_name
from cdp_relay.cli.bell import call_person
from cdp_relay.cli.logs import set_up_logs
from cdp_relay.cli.running import announce
from cdp_relay.settings import Home, Settings
from cdp_relay.store import open_journal

__all__ = ["LAST_SECONDS", "run_service", "watch_signals"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_MODELS_SHOWN = 12

LAST_SECONDS = 30.0
"""From the cutting off of all answers to the end of the process: 7 for connections, 14 for Chrome, 6 for the
journal, each bounded by itself, and something over. The units in launch/ give it as long."""


def run_service(home: Home, settings: Settings, *, as_json: bool) -> int:
    """Serve until a signal; returns the exit code.

    The first SIGINT or SIGTERM lets running answers end, the second cuts them off, and the third
    kills what is left; so does the time, should all that not come to an end.

    Raises:
      RelayError: the service did not start.
    """
    set_up_logs(settings.log)
    return trio.run(_run, home, settings, as_json)


async def _run(home: Home, settings: Settings, as_json: bool) -> int:
    key, created = read_or_create_key(home)
    chrome = settings.chrome
    ending = _Ending(patience=settings.server.shutdown_seconds, spare_chrome=chrome.keep_running)
    with trio.open_signal_receiver(*SIGNALS) as signals, ending.bounded():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch_signals, signals, ending)
            with ending.scope:
                async with (
                    open_journal(settings.journal, home) as journal,
                    open_relay(settings, home, journal=journal) as relay,
                    serve(relay, settings.server, key, journal=journal) as server,
                ):
                    with announce(home, server.base_url), relay.watch_sites() as changes:
                        if as_json:
                            _print_json(relay, server, key)
                        else:
                            _print_welcome(relay, server, key, created)
                        ending.patient = True
                        async with trio.open_nursery() as bells:
                            bells.start_soon(call_person, changes, sys.stderr)
                            await ending.asked.wait()
                            bells.cancel_scope.cancel()
            nursery.cancel_scope.cancel()
    return 130 if ending.scope.cancelled_caught else 0


@attrs.define(eq=False)
class _Ending:
    """How often the user has asked for the end, and what each time does."""

    patience: float
    spare_chrome: bool = False
    """Whether the browser is left alone even by the last way out."""
    last_seconds: float = LAST_SECONDS
    patient: bool = False
    """Whether there are answers to wait for: the service is up."""
    asked: trio.Event = attrs.field(factory=trio.Event)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _times: int = 0
    _limit: threading.Timer | None = None

    def ask(self) -> None:
        """Take note of one more signal."""
        self._times += 1
        if self._times == 1 and self.patient:
            click.echo(
                f"Stopping; running answers have {self.patience:g} s. Once more cuts them off.", err=True
            )
            self.asked.set()
            self._bound(self.patience + self.last_seconds)
        elif not self.scope.cancel_called:
            click.echo("Stopping at once.", err=True)
            self.scope.cancel()
            self._bound(self.last_seconds)
        else:
            _kill_everything(spare_chrome=self.spare_chrome)

    @contextmanager
    def bounded(self) -> Generator[None]:
        """See that the block ends, however it does, within a bounded time of the first signal."""
        try:
            yield
        finally:
            if self._limit is not None:
                self._limit.cancel()

    def _bound(self, seconds: float) -> None:
        if self._limit is not None:
            self._limit.cancel()
        # In a thread of its own: what keeps the service from stopping may be its own loop.
        self._limit = threading.Timer(seconds, self._give_up, [seconds])
        self._limit.daemon = True
        self._limit.start()

    def _give_up(self, seconds: float) -> None:
        click.echo(f"It did not stop within {seconds:g} s, and is killed.", err=True)
        _kill_everything(spare_chrome=self.spare_chrome)


async def watch_signals(signals: AsyncIterator[int], ending: _Ending) -> None:
    """Count the user's requests to stop."""
    async for _ in signals:
        ending.ask()


def _kill_everything(*, spare_chrome: bool) -> NoReturn:
    # The way out when even the bounded way out is too long, for the person at the keyboard or for good.
    children = [] if spare_chrome else psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.Error):
            child.kill()
    os._exit(130)


# --- what is printed -----------------------------------------------------------------------------


def _print_json(relay: Relay, server: Server, key: str) -> None:
    ready = {
        "base_url": server.base_url,
        "key": key,
        "models": [model.id for model in relay.models()],
        "pid": os.getpid(),
        "default_site": relay.route("").name,
        "version": __version__,
    }
    click.echo(json.dumps(ready))


def _print_welcome(relay: Relay, server: Server, key: str, created: bool) -> None:
    program = program_name()
    status = relay.status()
    default = relay.route("").name
    models = [model.id for model in relay.models()]
    shown = ", ".join(models[:_MODELS_SHOWN]) + (", ..." if len(models) > _MODELS_SHOWN else "")
    window = "without a window" if status.browser.headless else "with a window"
    to_sign_in = next((site.name for site in status.sites if site.state in ("unknown", "signed_out")), None)
    bold = _bold
    lines = [
        f"{bold('CDP Relay is up')}, with Chrome {status.browser.version} {window}.",
        "",
        f"  {bold('base URL')}  {server.base_url}",
        f"  {bold('key')}       {key}   (new; '{program} key' prints it again)"
        if created
        else f"  {bold('key')}       '{program} key' prints it",
        f"  {bold('models')}    {shown}",
        f"  {bold('default')}   {default}, for every other model name",
    ]
    if to_sign_in is not None:
        lines += ["", f"To use {to_sign_in}, stop this and run: {program} sign-in {to_sign_in}"]
    lines += [
        "",
        bold("For your client:"),
        f"  export OPENAI_BASE_URL={server.base_url}",
        f"  export OPENAI_API_KEY=$({program} key)",
        f"  model name: {default}",
        f"  or, for a coding agent: {program} connect",
        "",
        bold("To try it:"),
        f'  curl -N {server.base_url}/chat/completions -H "Authorization: Bearer $({program} key)" \\',
        "    -H 'Content-Type: application/json' \\",
        f'    -d \'{{"model": "{default}", "stream": true, '
        '"messages": [{"role": "user", "content": "Hello!"}]}\'',
        "",
        "Ctrl+C stops it.",
    ]
    click.echo("\n".join(lines))


def _bold(text: str) -> str:
    return click.style(text, bold=True)
