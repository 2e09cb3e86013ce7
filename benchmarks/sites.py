"""All four sites, on their replicas: a long prompt into each composer, and what decoding costs.

(d) 100,000 characters of code from a ready page to the verified end of composing, by whichever rung the
site's ladder chose, against Playwright's ``fill`` of the same composer (given up after ``CAP_SECONDS``).
(e) CPU seconds for a stream that carries 5 MB of text, as the replica wrote it, in pieces of 16 kB, by the
seconds of ``json.loads`` over the same bytes cut into lines, which is the least that any reader does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from benchmarks.insertion import code
from benchmarks.rows import Row
from cdp_relay.chat import ChatRequest, Finished, Message, RequestId, Role, Step, StepReached, TextPart
from cdp_relay.chat.decode import decode_stream
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, Settings, SiteSettings
from tests.sites.chats import CHAT_SITES
from tests.sites.kit import ChatSite, ChromiumProcess, SiteServer, start_chromium

__all__ = ["run"]

SITES = ("chatgpt", "claude", "gemini", "aistudio")
CHARACTERS = 100_000
TEXT_BYTES = 5_000_000
PIECE_BYTES = 16_384
CAP_SECONDS = 30.0
ROUNDS = 3


async def run() -> list[Row]:
    """Measure each site."""
    chats = {kind.name: kind() for kind in CHAT_SITES if kind.name in SITES}
    for site in chats.values():
        await trio.to_thread.run_sync(site.bundle_page)
    server = SiteServer(list(chats.values()))
    server.start()
    rows: list[Row] = []
    try:
        for name in SITES:
            async with _browser(server) as chromium:
                rows += await _measure(name, chats[name], chromium)
    finally:
        server.stop()
    return rows


async def _measure(name: str, site: ChatSite[Any], chromium: ChromiumProcess) -> list[Row]:
    settings = Settings(
        chrome=ChromeSettings(attach=chromium.http_url),
        chat=ChatSettings(sites=(name,)),
        sites={name: SiteSettings(gap_seconds=0, per_hour=0)},
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Home(config=Path(folder), state=Path(folder))
        async with open_relay(settings, home) as relay:
            taken = [await _compose(relay, name) for _ in range(ROUNDS)]
            seconds, rung = min(taken)
            theirs = await trio.to_thread.run_sync(_playwright, chromium, name)
            decoding = await _decode(relay, site, name)
    return [
        Row(
            name=f"{name}: {CHARACTERS:,} characters".replace(",", "_"),
            value=seconds * 1000,
            unit="ms",
            bar=1500.0,
            against="playwright fill",
            ratio=seconds / theirs if theirs else None,
            note=f"by {rung}" + ("" if theirs else f"; playwright gave up after {CAP_SECONDS:g} s"),
        ),
        *decoding,
    ]


async def _compose(relay: Relay, name: str) -> tuple[float, str]:
    at: dict[Step, float] = {}
    rung = ""
    async for event in relay.ask(_question(name, code(CHARACTERS))):
        if isinstance(event, StepReached):
            at[event.step] = event.at_seconds
            rung = event.facts.get("rung", rung)
    return at[Step.COMPOSED] - at[Step.READY], rung


async def _decode(relay: Relay, site: ChatSite[Any], name: str) -> list[Row]:
    text = code(TEXT_BYTES)
    # Gemini repeats all of its text with every frame: so many frames as a stream of 5 MB would have are
    # gigabytes, which no site sends.
    site.say(site.answers(text=text, piece_chars=500_000 if name == "gemini" else 2_000))
    async for event in relay.ask(_question(name, "Go on.")):
        if isinstance(event, Finished) and event.finish_reason != "stop":
            raise AssertionError(f"{name} ended with {event.finish_reason}")
    data = b"".join(write.data for write in site.turns[-1].writes)
    provider = load_provider(name)
    began = time.process_time()
    decoded = decode_stream(
        provider, (data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))
    )
    seconds = time.process_time() - began
    if decoded["text"] != text:
        raise AssertionError(f"{name}: the decoder lost some of the text")
    floor = _floor(data)
    return [
        Row(
            name=f"{name}: decoding 5 MB of text",
            value=seconds * 1000,
            unit="ms CPU",
            bar=1000.0,
            against="json.loads of its lines",
            ratio=seconds / floor,
            note=f"{len(data) / 1e6:.1f} MB on the wire",
        )
    ]


def _floor(data: bytes) -> float:
    began = time.process_time()
    for line in data.splitlines():
        at = min((line.find(mark) for mark in (b"{", b"[") if mark in line), default=-1)
        if at < 0:
            continue
        try:
            json.loads(line[at:])
        except ValueError:
            continue
    return time.process_time() - began


def _question(name: str, text: str) -> ChatRequest:
    message = Message(role=Role.USER, parts=(TextPart(text),))
    return ChatRequest(id=RequestId(f"bench-{time.perf_counter_ns()}"), model=name, messages=(message,))


@asynccontextmanager
async def _browser(server: SiteServer) -> AsyncGenerator[ChromiumProcess, None]:
    browser = await trio.to_thread.run_sync(lambda: start_chromium(*server.chromium_flags))
    try:
        yield browser
    finally:
        with trio.move_on_after(20, shield=True):
            await trio.to_thread.run_sync(browser.stop)


# --- what users would use instead, in a process of its own: its loop is asyncio's


def _playwright(chromium: ChromiumProcess, name: str) -> float | None:
    site = load_provider(name).site
    where = [site.pages.new_chat, ", ".join(site.selectors.composer)]
    command = [sys.executable, "-m", "benchmarks.sites", chromium.http_url, *where]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAP_SECONDS + 15, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    return float(done.stdout)


def _run_playwright(http_url: str, url: str, selector: str) -> None:
    from playwright.sync_api import sync_playwright  # an extra of the benchmarks

    text = code(CHARACTERS)
    with sync_playwright() as playwright:
        page = playwright.chromium.connect_over_cdp(http_url).contexts[0].new_page()
        page.set_default_timeout(CAP_SECONDS * 1000)
        page.goto(url)
        composer = page.locator(selector).first
        composer.wait_for()
        began = time.perf_counter()
        composer.fill(text)
        print(time.perf_counter() - began)


if __name__ == "__main__":
    _run_playwright(*sys.argv[1:])
