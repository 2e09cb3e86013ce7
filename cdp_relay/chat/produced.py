"""The files that an answer brought: fetched as the page would, named, and handed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import unquote, urlsplit

import trio

from cdp_relay.chat.contract import FileSeen
from cdp_relay.chat.media import ending_of, sniff_type
from cdp_relay.chat.vocabulary import FileProduced, Notice
from cdp_relay.errors import SiteError
from cdp_relay.page import Resource, Tab, fetch_resource, plain_names, shown_address

__all__ = ["DEFAULT_MAX_FILE_BYTES", "fetch_files", "produced"]

DEFAULT_MAX_FILE_BYTES = 32 * 1024 * 1024

_FILE_SECONDS = 60.0
_ALL_SECONDS = 180.0
_VAGUE_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})


async def fetch_files(
    tab: Tab, files: Sequence[FileSeen], *, max_bytes: int
) -> AsyncIterator[FileProduced | Notice]:
    """Fetch the files of an answer one after the other; a file that does not come is a notice.

    Raises:
      BrowserError: the page is gone.
    """
    names: list[str] = []
    deadline = trio.current_time() + _ALL_SECONDS
    for file in files:
        timeout = max(1.0, min(_FILE_SECONDS, deadline - trio.current_time()))
        try:
            resource = await _fetch(tab, file, max_bytes, timeout)
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


async def _fetch(tab: Tab, file: FileSeen, max_bytes: int, timeout: float) -> Resource:
    if not file.sign:
        return await fetch_resource(tab, file.url, max_bytes=max_bytes, timeout=timeout)
    # The page asks its server for the file's true address, and shows the file there.
    address = await shown_address(tab, file.sign, timeout=timeout / 2)
    if address is None and not file.url:
        raise SiteError("the page did not show it.")
    return await fetch_resource(tab, address or file.url, max_bytes=max_bytes, timeout=timeout / 2)


def _last_part(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("", "http", "https"):
        return ""
    last = unquote(parts.path.rpartition("/")[2])
    return last if "." in last else ""
