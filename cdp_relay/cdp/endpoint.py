"""The few things a browser's debugging port says over plain HTTP."""

from __future__ import annotations

import json
import urllib.parse

import trio

from cdp_relay.cdp.event import JSON
from cdp_relay.errors import AttachTargetRefused, BrowserGone

__all__ = ["browser_version", "browser_websocket_url", "fetch_protocol"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CONNECT_SECONDS = 5.0
_MAX_BODY_BYTES = 16 << 20
"""Chromium 156 describes its protocol in 1.6 MB."""


async def browser_websocket_url(http_url: str) -> str:
    """Return the ``ws://`` address of the browser behind a debugging port.

    A ``ws://`` address on this machine is returned as it is.

    Raises:
      AttachTargetRefused: the address is not on this machine, or no browser's.
      BrowserGone: nobody listens there, or nobody answers within 5 s.
    """
    parts = urllib.parse.urlsplit(http_url if "://" in http_url else f"http://{http_url}")
    if parts.scheme == "ws" and parts.hostname in _LOOPBACK and parts.path.startswith("/devtools/browser/"):
        return http_url
    version = await browser_version(http_url)
    path = urllib.parse.urlsplit(str(version.get("webSocketDebuggerUrl", ""))).path
    if not path.startswith("/devtools/browser/"):
        raise AttachTargetRefused(f"{http_url} answers, but not as a browser's debugging port does.")
    # Only the path is taken: who answers does not get to send us to another host.
    host, port = _address(http_url)
    return f"ws://{f'[{host}]' if ':' in host else host}:{port}{path}"


async def browser_version(http_url: str) -> JSON:
    """Return what ``/json/version`` says; raises as :func:`browser_websocket_url`."""
    return await _get(http_url, "/json/version")


async def fetch_protocol(http_url: str) -> JSON:
    """Return the browser's own description of its protocol; raises as :func:`browser_websocket_url`."""
    return await _get(http_url, "/json/protocol")


def _address(http_url: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(http_url if "://" in http_url else f"http://{http_url}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "ws") or not host or not port:
        raise AttachTargetRefused(f"{http_url!r} is not of the form http://127.0.0.1:PORT.")
    if host not in _LOOPBACK:
        raise AttachTargetRefused(f"{host} is not this machine; a debugging port is only used on loopback.")
    return host, port


async def _get(http_url: str, path: str) -> JSON:
    host, port = _address(http_url)
    try:
        with trio.fail_after(_CONNECT_SECONDS):
            async with await trio.open_tcp_stream(host, port) as stream:
                name = f"[{host}]" if ":" in host else host
                request = f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n"
                await stream.send_all(request.encode("ascii"))
                status, body = await _read_answer(stream)
    except trio.TooSlowError:
        raise BrowserGone(f"{http_url} gave no answer within {_CONNECT_SECONDS:g} s.") from None
    except (OSError, trio.BrokenResourceError) as error:
        raise BrowserGone(f"Nobody answers at {http_url}: {error}.") from None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if status != 200 or not isinstance(document, dict):
        raise AttachTargetRefused(f"{http_url}{path} answers with status {status}, not as a browser does.")
    return document


async def _read_answer(stream: trio.abc.ReceiveStream) -> tuple[int, bytes]:
    """Read one answer: by its Content-Length, as Chromium may keep the socket open, else to the end."""
    data = bytearray()
    head_end, length = -1, -1
    while len(data) <= _MAX_BODY_BYTES:
        if head_end < 0 and (head_end := data.find(b"\r\n\r\n")) >= 0:
            for line in bytes(data[:head_end]).split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length" and value.strip().isdigit():
                    length = int(value)
        if head_end >= 0 and 0 <= length <= len(data) - head_end - 4:
            break
        chunk = await stream.receive_some(65536)
        if not chunk:
            break
        data += chunk
    words = bytes(data[:200]).split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    start = head_end + 4 if head_end >= 0 else len(data)
    return status, bytes(data[start : start + length] if length >= 0 else data[start:])
