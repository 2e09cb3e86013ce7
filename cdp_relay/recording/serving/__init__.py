"""Sites served over TLS at their true origin, to a browser that finds them by host mapping.

* :mod:`.journal`: what happened on a site, with waits that work from any Trio loop.
* :mod:`.gates`: places where a site stops until somebody lets it go on.
* :mod:`.exchange`, :mod:`.sockets`: one HTTP request and its answer, written chunk by chunk; a WebSocket.
* :mod:`.site`: the base of everything that is served; :mod:`.control` steers one over plain HTTP.
* :mod:`.certificate`, :mod:`.server`: the TLS server in a thread of its own, for all sites of a process.
"""

from cdp_relay.recording.serving.certificate import SiteCertificate, issue_certificate
from cdp_relay.recording.serving.control import ControlDesk
from cdp_relay.recording.serving.exchange import ConnectionCut, Exchange
from cdp_relay.recording.serving.gates import Gates
from cdp_relay.recording.serving.journal import Entry, Journal
from cdp_relay.recording.serving.server import SiteServer
from cdp_relay.recording.serving.site import Site
from cdp_relay.recording.serving.sockets import PageSocket, SocketClosed

__all__ = [
    "ConnectionCut",
    "ControlDesk",
    "Entry",
    "Exchange",
    "Gates",
    "Journal",
    "PageSocket",
    "Site",
    "SiteCertificate",
    "SiteServer",
    "SocketClosed",
    "issue_certificate",
]
