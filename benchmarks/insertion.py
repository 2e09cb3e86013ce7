"""(a) Putting code into ProseMirror and a textarea, against Playwright and the page's own cost.

All ways run against the same Chromium and the same pages. *Ours* is everything between the call and
the verified end: click, focus, insertion, reading back, comparing. *The page's own cost* is measured
inside the page, for the same content: from a trusted drop event until the frame after it is painted.
Playwright is connected over CDP to the same browser; what takes longer than ``CAP_SECONDS`` is given up.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from cdp_relay.cdp import open_connection
from cdp_relay.page import EditorPlan, Tab, find_control, insert_text, open_tab, read_text
from tests.sites.kit import ChromiumProcess, PlainSite, SiteServer, bundle, start_chromium

SIZES = (1_000, 10_000, 100_000, 1_000_000)
CAP_SECONDS = 60.0
_EDITORS = Path(__file__).parents[1] / "tests" / "page" / "editors"
_COMPOSER = {"prosemirror": ".ProseMirror", "textarea": "#composer textarea"}
_BARS = {("prosemirror", 100_000): 500.0, ("textarea", 100_000): 150.0, ("prosemirror", 1_000_000): 4000.0}
_MODES = ("fill", "insert_text")
_RATIO_BAR = 1.3

_LINES = (
    "def measure(values: list[float], *, limit: int = 20) -> dict[str, float]:",
    '    """Return the mean and the spread of *values*;  two  spaces  stay."""',
    "",
    "\tif not values or len(values) > limit:",
    '\t\traise ValueError(f"{len(values)} values, {limit} allowed")  # <tag> & "quote"',
    "",
    "",
    "    mean = sum(values) / len(values)",
    '    return {"mean": mean, "spread": max(values) - min(values)}',
    "",
)


def code(size: int) -> str:
    """Code of so many characters, with blank lines and tabs; some 45 characters a line."""
    block = "\n".join(_LINES) + "\n"
    return (block * (size // len(block) + 1))[:size]


async def run() -> list[dict[str, Any]]:
    """Measure all ways; returns plain rows."""
    site, server = await trio.to_thread.run_sync(_serve)
    try:
        rows: list[dict[str, Any]] = []
        for kind in _COMPOSER:
            url = site.url(f"/{kind}")
            async with _browser(server) as browser:
                ours = {size: await _measure(browser, url, kind, size) for size in SIZES}
            for size in SIZES:
                rows += ours[size]
                # A way that was given up leaves its page busy, so each gets a browser of its own.
                for mode in _MODES:
                    async with _browser(server) as browser:
                        rows.append(await _compare(browser, url, kind, size, mode, ours[size][0]["value"]))
        return rows
    finally:
        server.stop()


@asynccontextmanager
async def _browser(server: SiteServer) -> AsyncGenerator[ChromiumProcess, None]:
    browser = await trio.to_thread.run_sync(lambda: start_chromium(*server.chromium_flags))
    try:
        yield browser
    finally:
        with trio.move_on_after(20, shield=True):
            await trio.to_thread.run_sync(browser.stop)


def _serve() -> tuple[PlainSite, SiteServer]:
    site = PlainSite()
    html = (_EDITORS / "index.html").read_text("utf-8")
    for kind, script in bundle(_EDITORS, {kind: f"{kind}.js" for kind in _COMPOSER}).items():
        site.page(f"/editors/{kind}.js", script.decode(), content_type="text/javascript")
        site.page(f"/{kind}", html.replace("BUNDLE", kind))
    server = SiteServer([site])
    server.start()
    return site, server


async def _measure(browser: ChromiumProcess, url: str, kind: str, size: int) -> list[dict[str, Any]]:
    text = code(size)
    rounds = 3 if size < 1_000_000 else 1
    ours, page = [], []
    async with (
        open_connection(browser.ws_url) as connection,
        open_tab(connection, url=url) as tab,
    ):
        for _ in range(rounds):
            await tab.navigate(url)
            page.append(await _own_cost(tab, kind, text))
            await tab.navigate(url)
            ours.append(await _ours(tab, kind, text))
    mine, floor = statistics.median(ours), statistics.median(page)
    name = f"{kind} {size:,}".replace(",", "_")
    return [
        {"name": f"{name}: cdp-relay", "value": mine, "unit": "ms", "bar": _BARS.get((kind, size))},
        {"name": f"{name}: the page's own cost", "value": floor, "unit": "ms"},
        {
            "name": f"{name}: cdp-relay by the page's own cost",
            "value": mine / floor,
            "unit": "times",
            "bar": _RATIO_BAR if size >= 100_000 else None,
        },
    ]


async def _compare(
    browser: ChromiumProcess, url: str, kind: str, size: int, mode: str, mine: float
) -> dict[str, Any]:
    theirs = await trio.to_thread.run_sync(_playwright, browser.http_url, url, kind, size, mode)
    return {
        "name": f"{kind} {size:,}: playwright {mode}".replace(",", "_"),
        "value": theirs.get("ms"),
        "unit": "ms",
        "against": f"playwright {mode} is ours",
        "ratio": mine / theirs["ms"] if "ms" in theirs else None,
        "note": theirs.get("note", ""),
    }


async def _ours(tab: Tab, kind: str, text: str) -> float:
    await find_control(tab, [_COMPOSER[kind]], timeout=10)  # a turn has found it ready before
    began = time.perf_counter()
    await insert_text(tab, [_COMPOSER[kind]], text, EditorPlan(ladder={}), timeout=CAP_SECONDS)
    took = (time.perf_counter() - began) * 1000
    if await read_text(tab, [_COMPOSER[kind]]) != text:
        raise AssertionError(f"{kind} does not hold the text")
    return took


async def _own_cost(tab: Tab, kind: str, text: str) -> float:
    await tab.session.call("Runtime.evaluate", {"expression": _TIME_A_DROP})
    await insert_text(tab, [_COMPOSER[kind]], text, EditorPlan(ladder={}), timeout=CAP_SECONDS)
    params = {"expression": "window.dropCost", "awaitPromise": True, "returnByValue": True}
    answer = await tab.session.call("Runtime.evaluate", params, timeout=CAP_SECONDS)
    return float(answer["result"]["value"])


_TIME_A_DROP = """(() => {
  window.dropCost = new Promise((done) => {
    addEventListener("drop", () => {
      const began = performance.now();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - began), 0));
    }, true);
  });
  return 0;
})()"""


# --- what users would use instead, in a process of its own: its loop is asyncio's


def _playwright(http_url: str, url: str, kind: str, size: int, mode: str) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.insertion",
        "--playwright",
        http_url,
        url,
        kind,
        str(size),
        mode,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAP_SECONDS + 15, check=True)
    except subprocess.TimeoutExpired:
        return {"note": f"> {CAP_SECONDS:g} s, given up"}
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or ["no reason given"]
        slow = "Timeout" in error.stderr
        return {"note": f"> {CAP_SECONDS:g} s, given up" if slow else last[0][:80]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _run_playwright(http_url: str, url: str, kind: str, size: int, mode: str) -> None:
    from playwright.sync_api import sync_playwright  # an extra of the benchmarks

    text = code(size)
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(http_url)
        page = browser.contexts[0].new_page()
        page.set_default_timeout(CAP_SECONDS * 1000)
        page.goto(url)
        composer = page.locator(_COMPOSER[kind])
        way: Callable[[], None]
        if mode == "fill":
            way = lambda: composer.fill(text)  # noqa: E731
        else:
            way = lambda: page.keyboard.insert_text(text)  # noqa: E731
            composer.click()
        began = time.perf_counter()
        way()
        took = (time.perf_counter() - began) * 1000
        held = page.evaluate("() => window.exact()")
        page.close()
    note = "" if held == text else f"not exact: {len(held):,} of {size:,} characters, unnoticed"
    print(json.dumps({"ms": took, "note": note}))


def main() -> None:
    """Print one line a figure."""
    if sys.argv[1:2] == ["--playwright"]:
        http_url, url, kind, size, mode = sys.argv[2:]
        _run_playwright(http_url, url, kind, int(size), mode)
        return
    for row in trio.run(run):
        value = "-" if row["value"] is None else f"{row['value']:.2f}"
        print(f"{row['name'].replace(' ', '_')} {value} {row['unit']} {row.get('note', '')}".rstrip())


if __name__ == "__main__":
    main()
