"""Who looks at a replayed recording: nobody of ours, a throw-away Chrome, or the relay itself."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs
import trio

from cdp_relay.cli.logs import set_up_logs
from cdp_relay.errors import BrowserError
from cdp_relay.private import write_private
from cdp_relay.recording.replay import ReplayedSite
from cdp_relay.recording.serving import SiteServer
from cdp_relay.settings import ChromeSettings, Home, Settings, load_settings

__all__ = ["open_page", "run_relay", "serve_alone"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_alone(ready: Callable[[], None]) -> int:
    """Wait for a signal; the server runs in its own thread.

    Args:
      ready: is called once a signal ends it in an orderly way.
    """
    return trio.run(_until_a_signal, ready)


def open_page(server: SiteServer, url: str, *, ready: Callable[[], None], tell: Callable[[str], None]) -> int:
    """Show the page in a Chrome until it is closed, or until a signal. Its profile is thrown away.

    Args:
      ready: is called once a signal ends it in an orderly way.
      tell: is told of the Chrome, in lines for people.

    Raises:
      RelayError: there is no Chrome, or it did not start.
    """
    settings = load_settings(Home.locate()).settings
    set_up_logs(attrs.evolve(settings.log, level="error"))
    with tempfile.TemporaryDirectory(prefix="cdp-relay-replay-", ignore_cleanup_errors=True) as folder:
        return trio.run(_show, _mapped(settings.chrome, server), Path(folder), url, ready, tell)


def run_relay(site: ReplayedSite, server: SiteServer, *, as_json: bool) -> int:
    """Run the service for the recorded site on the replayed page; what it keeps is thrown away.

    Raises:
      RelayError: there is no such site, or the service did not start.
    """
    from cdp_relay.api import read_or_create_key
    from cdp_relay.chat.registry import load_provider
    from cdp_relay.cli.service import run_service

    home = Home.locate()
    settings = load_settings(home).settings
    name = site.session.about.site
    load_provider(name, home)
    key, _ = read_or_create_key(home)
    with tempfile.TemporaryDirectory(prefix="cdp-relay-replay-", ignore_cleanup_errors=True) as folder:
        alone = Home(config=home.config, state=Path(folder))
        write_private(alone.key_file, f"{key}\n")  # the user's own, so that clients need no other
        return run_service(alone, _alone(settings, name, server), as_json=as_json)


def _alone(settings: Settings, site: str, server: SiteServer) -> Settings:
    """The user's settings for this one site, on a free port and a Chrome that goes with it."""
    return attrs.evolve(
        settings,
        chat=attrs.evolve(settings.chat, sites=(site,), default_site=site),
        server=attrs.evolve(settings.server, port=0),
        chrome=_mapped(settings.chrome, server),
        profiles={},
        chains={},
    )


def _mapped(settings: ChromeSettings, server: SiteServer) -> ChromeSettings:
    """A Chrome that finds the recording, and nothing else outside."""
    return attrs.evolve(
        settings,
        args=(*settings.args, *server.chromium_flags),
        attach="",
        keep_running=False,
        profile=ChromeSettings().profile,
    )


async def _until_a_signal(ready: Callable[[], None]) -> int:
    with trio.open_signal_receiver(*_SIGNALS) as signals:
        ready()
        await anext(signals)
    return 0


async def _show(
    chrome: ChromeSettings, folder: Path, url: str, ready: Callable[[], None], tell: Callable[[str], None]
) -> int:
    from cdp_relay.chrome import open_browser

    with trio.open_signal_receiver(*_SIGNALS) as signals, trio.CancelScope() as scope:
        ready()
        async with trio.open_nursery() as nursery:

            async def stop_at_a_signal() -> None:
                await anext(signals)
                scope.cancel()

            nursery.start_soon(stop_at_a_signal)
            async with open_browser(chrome, Home(config=folder, state=folder)) as browser:
                try:
                    await browser.connection.root.call("Target.createTarget", {"url": url}, timeout=30)
                except BrowserError:
                    if browser.connection.closed.is_set():
                        return 0  # the person closed it at once
                    raise
                window = "without a window, since there is no display" if browser.headless else "in a window"
                tell(f"Chrome {browser.version} shows it {window}; closing it, or Ctrl+C, ends the replay.")
                tell(f"  devtools  {browser.http_url}")
                await browser.wait_ended()
            nursery.cancel_scope.cancel()
    return 0
