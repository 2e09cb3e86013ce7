"""A web of the tests' own: a server, and a Chromium that finds every site there, at its true address."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

import attrs

from cdp_relay.recording.serving import Site, SiteServer
from cdp_relay.testing.chromium import ChromiumProcess, start_chromium

__all__ = ["LocalWeb", "open_local_web"]


@attrs.frozen(kw_only=True, eq=False)
class LocalWeb:
    """A server of sites and a browser that reaches nothing else, whatever name it asks for."""

    server: SiteServer
    chrome: ChromiumProcess

    def serve(self, site: Site) -> AbstractContextManager[None]:
        """Let a site answer for its hosts as long as the block lasts, whoever did before."""
        return self.server.serve(site)

    def take_failures(self) -> str:
        """Tracebacks of handlers that broke since the last look; empty when none did."""
        failures, self.server.failures[:] = list(self.server.failures), []
        return "\n".join(failures)


@contextmanager
def open_local_web(*flags: str) -> Generator[LocalWeb]:
    """Start the server and the browser; both end with the block.

    Args:
      flags: further ones for the browser.

    Raises:
      BrowserNotFound: there is no Chromium or Chrome.
      LaunchFailed: it did not start.
    """
    server = SiteServer(())
    server.start()
    try:
        chrome = start_chromium(
            # Every name, so that sites may be served that nobody knew of when the browser began.
            f"--host-resolver-rules=MAP * 127.0.0.1:{server.port}, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={server.pin}",
            *flags,
        )
        try:
            yield LocalWeb(server=server, chrome=chrome)
        finally:
            chrome.stop()
    finally:
        server.stop()
