"""What ``cdp-relay replay`` prints: how a Chrome finds the recording, each request, and what was missing."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from cdp_relay.cli.output import plain, print_json
from cdp_relay.recording.replay import Asked, ReplayedSite
from cdp_relay.recording.serving import SiteServer

__all__ = ["ReplayTeller"]

_COLOURS = {"unmatched": "red", "nearest": "yellow", "again": "yellow"}
_MAX_SHOWN = 40


class ReplayTeller:
    """Tells of a replay, in words or in lines of JSON. Requests are told from the server's thread."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, words: str) -> None:
        """A line for people."""
        if not self._as_json:
            click.echo(words)

    def tell_ready(self, site: ReplayedSite, server: SiteServer) -> None:
        """How the recording is found."""
        about = site.session.about
        if self._as_json:
            print_json(
                {
                    "event": "ready",
                    "site": about.site,
                    "scenario": about.scenario,
                    "url": site.page_url,
                    "port": server.port,
                    "pin": server.pin,
                    "flags": server.chromium_flags,
                }
            )
            return
        count = len(site.session.exchanges)
        self.say(f"{plain(about.site)} {plain(about.scenario)}, recorded on {plain(about.recorded_on)}")
        self.say(f"  page   {plain(site.page_url)}  ({count} requests, {len(site.hosts)} hosts)")
        self.say(f"  port   {server.port}")
        self.say(f"  pin    {server.pin}")
        self.say("  chrome with these flags, on a profile of its own (--user-data-dir):")
        self.say(f"    {shlex.join([*server.chromium_flags, site.page_url])}")

    def tell_asked(self, asked: Asked) -> None:
        """A request, as it is answered."""
        if self._as_json:
            print_json(
                {
                    "event": "asked",
                    "method": asked.method,
                    "url": asked.url,
                    "status": asked.status,
                    "how": asked.how,
                    "recorded": asked.recorded,
                }
            )
            return
        how = click.style(f"{asked.how:<9}", fg=_COLOURS.get(asked.how))
        self.say(f"  {how}  {asked.status or '---'}  {asked.method} {plain(asked.url)}")

    def tell_end(self, site: ReplayedSite, failures: Sequence[str]) -> None:
        """What the recording could not answer, and what broke."""
        unmatched = [plain(str(one)) for one in site.unmatched]
        if self._as_json:
            print_json({"event": "end", "unmatched": unmatched, "failures": list(failures)})
            return
        if unmatched:
            self.say(f"The recording did not answer {len(unmatched)} requests:")
        for line in unmatched[:_MAX_SHOWN]:
            self.say(f"  {line}")
        if len(unmatched) > _MAX_SHOWN:
            self.say(f"  and {len(unmatched) - _MAX_SHOWN} more")
        for failure in failures:
            self.say(f"A bug of the replay:\n{failure}")
