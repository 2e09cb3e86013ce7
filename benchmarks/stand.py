"""A test stand: the ChatGPT replica, a Chromium, and the real service in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChromiumProcess, SiteServer, start_chromium

__all__ = ["Stand", "open_stand", "post"]

_UNPACED = ("--set", "sites.chatgpt.gap_seconds=0", "--set", "sites.chatgpt.per_hour=0")
"""The pace that spares a site would be most of what is measured."""


@attrs.frozen(kw_only=True)
class Stand:
    """Everything that a part measures against."""

    site: ChatGPTSite
    chromium: ChromiumProcess
    port: int
    key: str
    service_pid: int


@asynccontextmanager
async def open_stand(*options: str) -> AsyncGenerator[Stand, None]:
    """Start all of it.

    Args:
      options: further options of ``cdp-relay serve``.
    """
    site = ChatGPTSite()
    await trio.to_thread.run_sync(site.bundle_page)
    server = SiteServer([site])
    server.start()
    chromium = await trio.to_thread.run_sync(lambda: start_chromium(*server.chromium_flags))
    try:
        with tempfile.TemporaryDirectory() as home:
            async with _serve(chromium, Path(home), options) as (ready, pid):
                port = int(ready["base_url"].rsplit(":", 1)[1].split("/")[0])
                yield Stand(site=site, chromium=chromium, port=port, key=ready["key"], service_pid=pid)
    finally:
        await trio.to_thread.run_sync(chromium.stop)
        server.stop()


@asynccontextmanager
async def _serve(
    chromium: ChromiumProcess, home: Path, options: tuple[str, ...]
) -> AsyncGenerator[tuple[dict[str, Any], int], None]:
    relay = str(Path(sys.executable).with_name("cdp-relay"))
    command = [relay, "serve", "--attach", chromium.http_url, "--port", "0", "--json", *_UNPACED, *options]
    environment = {**os.environ, "CDP_RELAY_HOME": str(home), "CDP_RELAY_LOG_LEVEL": "warning"}
    environment.pop("CDP_RELAY_CHROME_ARGS", None)
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        line = b""
        with trio.fail_after(30):
            while not line.endswith(b"\n"):
                line += await process.stdout.receive_some()
        yield json.loads(line), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        with trio.move_on_after(15, shield=True):
            await process.wait()


async def post(stand: Stand, body: dict[str, Any]) -> trio.SocketStream:
    """Send a Chat Completions request by hand, so that nothing of a client library is measured."""
    stream = await trio.open_tcp_stream("127.0.0.1", stand.port)
    payload = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:{stand.port}\r\n"
        f"Authorization: Bearer {stand.key}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    await stream.send_all(head.encode() + payload)
    return stream
