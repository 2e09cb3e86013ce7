"""Files that a page shows or offers, fetched as the page would: its cookies, its cache, no CORS.

``Network.loadNetworkResource`` asks on the page's behalf without running any of its code; what it
does not know (``blob:``, which lives in the document) is fetched inside the page.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import attrs
import trio

from cdp_relay.cdp import protocol
from cdp_relay.errors import CommandFailed, SiteError
from cdp_relay.page.tab import Tab

__all__ = ["Resource", "fetch_resource", "read_data_url", "shown_address", "shown_addresses"]

_PIECE_BYTES = 1 << 20
_LOOK_SECONDS = 5.0

_FETCH = """async (url, limit) => {
  const response = await fetch(url);
  if (!response.ok) return { status: response.status };
  const blob = await response.blob();
  if (blob.size > limit) return { size: blob.size };
  const reader = new FileReader();
  await new Promise((done, failed) => {
    reader.onload = done;
    reader.onerror = failed;
    reader.readAsDataURL(blob);
  });
  return { data: reader.result };
}"""


@attrs.frozen(kw_only=True)
class Resource:
    """Bytes, and what the server said of them."""

    data: bytes = attrs.field(repr=False)
    media_type: str
    """Without parameters; empty when nobody said."""
    name: str
    """From the server's ``Content-Disposition``; empty when it named none."""


async def fetch_resource(tab: Tab, url: str, *, max_bytes: int, timeout: float) -> Resource:
    """Fetch a file in the name of the tab's page.

    Args:
      url: absolute, or relative to the page; ``https:``, ``http:``, ``data:`` or ``blob:``.
      timeout: seconds for everything.

    Raises:
      SiteError: the server refused, the file is larger than *max_bytes*, it took too long, or the
        address has a scheme that pages do not fetch. The message never holds the address.
      BrowserError: the page is gone.
    """
    address = urljoin(tab.url, url)
    scheme = urlsplit(address).scheme
    with trio.move_on_after(timeout):
        if scheme == "data":
            return read_data_url(address, max_bytes=max_bytes)
        if scheme == "blob":
            return await _fetch_inside(tab, address, max_bytes, timeout)
        if scheme in ("http", "https"):
            try:
                return await _load(tab, address, max_bytes, timeout)
            except CommandFailed as error:
                raise SiteError(
                    f"Chrome does not fetch the file: {error.message.rpartition(': ')[2].rstrip('.')}."
                ) from None
        raise SiteError(f"The file's address has the scheme {scheme[:20]!r}, which no page fetches.")
    raise SiteError(f"The file did not come within {timeout:g} s.")


async def shown_addresses(tab: Tab, places: Sequence[str]) -> tuple[str, ...]:
    """The addresses of what the page shows or offers in these places now."""
    return tuple(await tab.world.look("shownAddresses", list(places), timeout=_LOOK_SECONDS))


async def shown_address(
    tab: Tab, sign: str, *, places: Sequence[str] = (), known: Sequence[str] = (), timeout: float
) -> str | None:
    """Wait until the page shows or offers something whose address holds *sign*.

    Sites name a file by an id, ask their server for its address, and show it there: this is that
    address. None when the page does not within *timeout* seconds.

    Args:
      places: selectors of where to look; everywhere when there are none.
      known: addresses that do not count.
    """
    address: str | None = await tab.world.wait(
        "shownAddress", sign, list(places), list(known), seconds=timeout
    )
    return address


def read_data_url(url: str, *, max_bytes: int) -> Resource:
    """Take a ``data:`` address apart (RFC 2397).

    Raises:
      SiteError: it is none, its base64 is broken, or it holds more than *max_bytes*.
    """
    head, comma, body = url.partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise SiteError("The file's data: address is broken.")
    # Four characters of base64 stand for three bytes, and three of an escape for one.
    if len(body) > max_bytes * 3 + 3:
        raise _too_large(max_bytes)
    parts = head[5:].split(";")
    data = unquote_to_bytes(body)
    if parts[-1].strip().lower() == "base64":
        try:
            data = b64decode(re.sub(rb"\s", b"", data), validate=True)
        except ValueError:
            raise SiteError("The file's data: address holds broken base64.") from None
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return Resource(data=data, media_type=parts[0].strip().lower() or "text/plain", name="")


async def _load(tab: Tab, url: str, max_bytes: int, timeout: float) -> Resource:
    options = {"disableCache": False, "includeCredentials": True}
    command = protocol.Network.load_network_resource(url, options, frame_id=tab.target_id)
    answer = await tab.session.execute(command, timeout=timeout)
    if not answer.success or answer.stream is None:
        status = int(answer.http_status_code or 0)
        raise SiteError(
            f"The file could not be fetched: {f'HTTP {status}' if status else answer.net_error_name}."
        )
    try:
        data = await _read(tab, answer.stream, max_bytes, timeout)
    finally:
        tab.session.post("IO.close", {"handle": answer.stream})
    headers = {name.lower(): str(value) for name, value in (answer.headers or {}).items()}
    return Resource(
        data=data,
        media_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
        name=_disposition_name(headers.get("content-disposition", "")),
    )


async def _read(tab: Tab, stream: str, max_bytes: int, timeout: float) -> bytes:
    data = bytearray()
    while True:
        piece = await tab.session.execute(protocol.IO.read(stream, size=_PIECE_BYTES), timeout=timeout)
        data += b64decode(piece.data) if piece.base64_encoded else piece.data.encode()
        if len(data) > max_bytes:
            raise _too_large(max_bytes)
        if piece.eof:
            return bytes(data)


async def _fetch_inside(tab: Tab, url: str, max_bytes: int, timeout: float) -> Resource:
    try:
        answer: dict[str, Any] = await tab.evaluate(_FETCH, url, max_bytes, timeout=timeout)
    except CommandFailed:
        raise SiteError("The page no longer has the file.") from None
    if "size" in answer:
        raise _too_large(max_bytes)
    if "data" not in answer:
        raise SiteError(f"The file could not be fetched: HTTP {answer.get('status')}.")
    return read_data_url(answer["data"], max_bytes=max_bytes)


def _disposition_name(header: str) -> str:
    message = Message()
    message["Content-Disposition"] = header.replace("\r", " ").replace("\n", " ")
    return message.get_filename() or ""


def _too_large(max_bytes: int) -> SiteError:
    return SiteError(f"The file is larger than {max_bytes} bytes (chat.max_file_bytes).")
