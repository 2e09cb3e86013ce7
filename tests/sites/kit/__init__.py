"""What every replica site is made of; a new site is a page, a stream writer and a table of states.

* ``cdp_relay.recording.serving``: the server, and what a site is to it: requests, journal, gates.
* ``cdp_relay.testing.chromium``: a Chromium that finds the sites at their true addresses.
* :mod:`.bundle`: npm packages and a page's own modules, bundled by esbuild.
* :mod:`.chat`: the base of a chat site: what tests call, prompts and their turns, files, the page.
* :mod:`.answers`, :mod:`.states`, :mod:`.turns`: what a site says, the states it can be in, one turn.
* ``page/``: modules of the pages: editors, composer, markdown, menus, overlays, streams.
* :mod:`.plain`: a site without a fixed face, for tests that bring their own pages.
"""

from cdp_relay.recording.serving import Entry, Exchange, Gates, Journal, PageSocket, Site, SiteServer
from cdp_relay.testing.chromium import ChromiumProcess, start_chromium
from tests.sites.kit.bundle import bundle
from tests.sites.kit.chat import ChatSite
from tests.sites.kit.plain import PlainSite

__all__ = [
    "ChatSite",
    "ChromiumProcess",
    "Entry",
    "Exchange",
    "Gates",
    "Journal",
    "PageSocket",
    "PlainSite",
    "Site",
    "SiteServer",
    "bundle",
    "start_chromium",
]
