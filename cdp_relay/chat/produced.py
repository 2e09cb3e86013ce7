"""The files that an answer brought: fetched as the page would, named, and handed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import unquote, urlsplit

from cdp_relay.chat.contract import FileSeen
from cdp_relay.chat.media import ending_of, sniff_type
from cdp_relay.chat.vocabulary import FileProduced, Notice
from cdp_relay.errors import SiteError
from cdp_relay.page import Resource, Tab, fetch_resource, plain_names, shown_address

__all__ = ["DEFAULT_MAX_FILE_BYTES", "fetch_files", "produced"]

DEFAULT_MAX_FILE_BYTES = 32 * 1024 * 1024

_FILE_SECONDS = 60.0
_VAGUE_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})


async def fetch_files(
    tab: Tab,
    files: Sequence[FileSeen],
    *,
    max_bytes: int,
    places: Sequence[str] = (),
    known: Sequence[str] = (),
) -> AsyncIterator[FileProduced | Notice]:
    """Fetch the files of an answer one after the other; a file that does not come is a notice.

    Args:
      places: where on the page files of answers are shown (``answer.files`` of the definition).
      known: what was shown there before the prompt was sent.

    Raises:
      BrowserError: the page is gone.
    """
    names: list[str] = []
    for file in files:
        try:
            url = await _address(tab, file, places, known) if file.sign else file.url
            resource = await fetch_resource(tab, url, max_bytes=max_bytes, timeout=_FILE_SECONDS)
            made = produced(file, resource, names)
        except SiteError as error:
            host = urlsplit(file.url).hostname
            where = f" from {host}" if host else ""
            yield Notice(
                code="file_not_fetched",
                message=f"A file of the answer could not be fetched{where}: {error.message}",
            )
            continue
        names.append(made.name)
        yield made


def produced(file: FileSeen, resource: Resource, names: Sequence[str] = ()) -> FileProduced:
    """Make the event of a file that was fetched.

    Args:
      names: of the answer's files so far; the new one gets another.

    Raises:
      SiteError: what came is a page in the place of the file.
    """
    said = file.media_type.partition(";")[0].strip().lower()
    served = resource.media_type
    if served == "text/html" and said not in ("", "text/html"):
        raise SiteError("the server sent a page instead.")
    media_type = sniff_type(resource.data) if served in _VAGUE_TYPES else served
    media_type = media_type or said or "application/octet-stream"
    name = file.name or resource.name or _last_part(file.url)
    if "." not in name:
        name = (name or media_type.partition("/")[0]) + ending_of(media_type)
    return FileProduced(
        name=plain_names([*names, name])[-1],
        media_type=media_type,
        data=resource.data,
        description=file.description,
    )


async def _address(tab: Tab, file: FileSeen, places: Sequence[str], known: Sequence[str]) -> str:
    """Where the page shows the file: it asks its server for the address."""
    address = await shown_address(tab, file.sign, places=places, known=known, timeout=file.patience_seconds)
    if address is None and not file.url:
        raise SiteError(f"the page did not show it within {file.patience_seconds:g} s.")
    return address or file.url


def _last_part(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("", "http", "https"):
        return ""
    last = unquote(parts.path.rpartition("/")[2])
    return last if "." in last else ""
