"""Where the recordings are, and the site's own code that they leave out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cdp_relay.recording.session import Exchange
from tests.contract.scenarios import DOCUMENTED_SITE
from tests.sites.chats import CHAT_SITES
from tests.sites.kit import ChatSite

__all__ = ["FOLDER", "LIVE", "RECORDED_SITES", "code_of", "folder_of", "recordings_in"]

FOLDER = Path(__file__).parent
LIVE = FOLDER / "live"
"""Recordings of the sites themselves, by whoever has an account; there may be none."""
RECORDED_SITES: tuple[type[ChatSite[Any]], ...] = tuple(
    kind for kind in CHAT_SITES if kind.name != DOCUMENTED_SITE
)


def folder_of(site: str, scenario: str) -> Path:
    """The folder of one recording."""
    return FOLDER / site / scenario


def recordings_in(folder: Path) -> Iterator[Path]:
    """The folders of all recordings, wherever below a folder."""
    return (file.parent for file in sorted(folder.rglob("recording.json")))


def code_of(kind: type[ChatSite[Any]]) -> Callable[[Exchange], bytes | None]:
    """A replica's scripts and looks, as it serves them now; none of them is in the repository."""

    def supply(exchange: Exchange) -> bytes | None:
        name = urlsplit(exchange.request.url).path.rpartition("/")[2]
        if name == "style.css":
            return (kind._page_folder() / name).read_bytes()
        if name.startswith("k="):  # its address is all that the page has of it
            return b""
        return kind.bundle_page().get(name.removesuffix(".js"))

    return supply
