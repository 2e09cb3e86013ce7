"""What every replica site is made of; a new site is a page, a stream writer and a table of states.

* :mod:`.journal`: what happened on a site, with waits that work from any Trio loop.
* :mod:`.gates`: places where a site stops until a test lets it go on.
* :mod:`.exchange`: one HTTP request and its answer, written chunk by chunk.
* :mod:`.server`: the TLS server in its own thread, for all sites of a process.
* :mod:`.browser`: a Chromium that finds the sites at their true addresses.
* :mod:`.bundle`: npm packages and a page's own modules, bundled by esbuild.
* :mod:`.chat`: the base of a chat site: what tests call, prompts and their turns, files, the page.
* :mod:`.answers`, :mod:`.states`, :mod:`.turns`: what a site says, the states it can be in, one turn.
* ``page/``: modules of the pages: editors, composer, markdown, menus, overlays, streams.
* :mod:`.plain`: a site without a fixed face, for tests that bring their own pages.
"""

from tests.sites.kit.browser import ChromiumProcess, start_chromium
from tests.sites.kit.bundle import bundle
from tests.sites.kit.chat import ChatSite
from tests.sites.kit.exchange import Exchange, PageSocket
from tests.sites.kit.gates import Gates
from tests.sites.kit.journal import Entry, Journal
from tests.sites.kit.plain import PlainSite
from tests.sites.kit.server import SiteServer
from tests.sites.kit.site import Site

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
