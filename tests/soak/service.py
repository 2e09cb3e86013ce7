"""The relay under a soak: a process with a home of its own, which is started, killed and measured."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import attrs
import psutil
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.soak.clients import Address

__all__ = ["Census", "Service", "open_service"]

_START_SECONDS = 60.0
_STOP_SECONDS = 40.0


@attrs.frozen(kw_only=True)
class Census:
    """What the service and its browser hold while nobody asks for anything."""

    life: int
    """Which start of the service, from 1."""
    begun: int
    """How many requests were begun by then, in all lives."""
    memory_mb: float
    files: int
    threads: int
    tasks: Mapping[str, int]
    objects: Mapping[str, int]
    """The package's own objects by type."""
    pages: tuple[str, ...]
    """The addresses of the browser's pages that show a site."""
    blank: int = 0
    """How many of its pages show none: its own first one, and tabs whose turn was refused before it opened
    any."""
    figures: Mapping[str, float]
    """What ``/metrics`` says, summed over the labels."""
    leftovers: tuple[str, ...]
    """What lies in the folder for temporary files."""

    @property
    def tabs(self) -> int:
        """How many pages show a site."""
        return len(self.pages)


@attrs.define(eq=False)
class Service:
    """The process. Made by :func:`open_service`."""

    home: Path
    address: Address
    environment: dict[str, str]
    lives: int = 0
    deaths: list[int] = attrs.field(factory=list)
    """What each life ended with: an exit status, negative for a signal."""
    _process: subprocess.Popen[bytes] | None = None
    _up: trio.Event = attrs.field(factory=trio.Event)
    _log: Any = attrs.field(kw_only=True)
    _pipe: Path = attrs.field(kw_only=True)

    @property
    def pid(self) -> int | None:
        """Of the process that lives, if one does."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> str:
        """What the service has said in all its lives."""
        return (self.home / "service.log").read_text("utf-8", "replace")

    async def up(self) -> None:
        """Wait until it can be asked."""
        while not self._up.is_set():
            await self._up.wait()

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self._process = process = await trio.to_thread.run_sync(self._spawn)
        self.lives += 1
        assert process.stdout is not None
        with trio.fail_after(_START_SECONDS):
            line = await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)
        if not line:
            raise RuntimeError(f"the service did not start:\n{self.log[-4000:]}")
        ready = json.loads(line)
        self.address = attrs.evolve(self.address, key=ready["key"])
        self._up.set()

    def _spawn(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "tests.soak.inside", "up", "--json", "--headless"]
        return subprocess.Popen(
            [*words, "--port", str(self.address.port)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self.environment,
            start_new_session=True,
        )

    async def end(self, how: Literal["kill", "terminate"]) -> None:
        """Kill it, or have it stop by SIGTERM, and wait for its end."""
        process = self._process
        assert process is not None
        if how == "kill":
            self._up = trio.Event()
            process.kill()
        else:
            process.terminate()
        with trio.move_on_after(_STOP_SECONDS) as patience:
            await trio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        if self._up.is_set():
            self._up = trio.Event()
        if patience.cancelled_caught:
            process.kill()
            await trio.to_thread.run_sync(process.wait)
            raise RuntimeError(f"the service did not stop within {_STOP_SECONDS:g} s of SIGTERM")
        self.deaths.append(process.returncode)
        assert process.stdout is not None
        process.stdout.close()
        self._process = None

    # --- the browser

    def browser(self) -> psutil.Process | None:
        """The browser's main process, if there is one; the newest where an old one still dies."""
        mark = f"--user-data-dir={self.home / 'profiles' / 'default'}"
        found = []
        for process in psutil.process_iter(("cmdline", "create_time")):
            words = process.info["cmdline"] or ()
            if any(word.startswith(mark) for word in words) and not any("--type=" in word for word in words):
                found.append(process)
        return max(found, key=lambda one: one.info["create_time"], default=None)

    def left_processes(self) -> list[str]:
        """Processes that have to do with this home."""
        left = []
        for process in psutil.process_iter(("cmdline", "status")):
            words = process.info["cmdline"] or ()
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(self.home) in one for one in words):
                left.append(f"{process.pid} {shlex.join(words)[:120]}")
        return left

    async def pages(self) -> list[dict[str, Any]]:
        """The pages that the browser shows, as its debugging port lists them; none while it is away."""
        return await trio.to_thread.run_sync(self._list_pages)

    async def close_page(self, id_: str) -> None:
        """Close a page as a person would."""
        await trio.to_thread.run_sync(self._devtools, f"close/{id_}")

    def leftovers(self) -> tuple[str, ...]:
        """What lies in the folder for temporary files."""
        names = (one.name for one in (self.home / "temporary").iterdir())
        # The browser's own, which it leaves behind when it is killed.
        return tuple(
            sorted(name for name in names if "org.chromium." not in name and "com.google" not in name)
        )

    def debugging_address(self) -> str | None:
        """The address of the browser's debugging port, the only one that it listens on."""
        browser = self.browser()
        with contextlib.suppress(psutil.Error):
            for one in browser.net_connections("tcp4") if browser is not None else ():
                if one.status == psutil.CONN_LISTEN:
                    return f"127.0.0.1:{one.laddr.port}"
        return None

    def _list_pages(self) -> list[dict[str, Any]]:
        listed = self._devtools("list")
        return [one for one in json.loads(listed or "[]") if one["type"] == "page"]

    def _devtools(self, verb: str) -> bytes:
        address = self.debugging_address()
        if address is None:
            return b""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{address}/json/{verb}", timeout=5) as got,
        ):
            data: bytes = got.read()
            return data
        return b""

    def tell_tasks(self) -> None:
        """Have it write into its log where each of its tasks stands."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR2)

    # --- what it holds

    async def figures(self) -> Mapping[str, float]:
        """What its ``/metrics`` say, summed over the labels."""
        return await trio.to_thread.run_sync(self._ask_figures)

    def _ask_figures(self) -> Mapping[str, float]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.address.port}/metrics",
            headers={"Authorization": f"Bearer {self.address.key}", "Connection": "close"},
        )
        with urllib.request.urlopen(request, timeout=10) as got:
            text = got.read().decode()
        sums: dict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                sums[sample.name] += sample.value
        return dict(sums)

    async def census(self, begun: int) -> Census:
        """Count what it holds."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        with trio.fail_after(20):
            text = await trio.to_thread.run_sync(self._pipe.read_text, abandon_on_cancel=True)
        inside = json.loads(text)
        figures = await self.figures()
        assert "failed" not in inside, inside["failed"]
        process = psutil.Process(self._process.pid)
        pages = await self.pages()
        sites = [page for page in pages if page["url"].startswith("https://")]
        return Census(
            life=self.lives,
            begun=begun,
            memory_mb=round(process.memory_info().rss / 1e6, 1),
            files=process.num_fds(),
            threads=process.num_threads(),
            tasks=inside["tasks"],
            objects=inside["objects"],
            pages=tuple(sorted(page["url"] for page in sites)),
            blank=len(pages) - len(sites),
            figures=figures,
            leftovers=self.leftovers(),
        )


@asynccontextmanager
async def open_service(
    home: Path, chrome_flags: Sequence[str], settings: Mapping[str, Any]
) -> AsyncGenerator[Service, None]:
    """A service on a home of its own, started; whatever is left of it goes with the block.

    Args:
      chrome_flags: further ones for its browser.
      settings: by their full names.
    """
    temporary = home / "temporary"
    temporary.mkdir(parents=True)
    pipe = home / "census"
    os.mkfifo(pipe)
    given = {name: value for name, value in os.environ.items() if not name.startswith("CDP_RELAY_")}
    flags = [*chrome_flags, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    given |= {
        "CDP_RELAY_HOME": str(home),
        "CDP_RELAY_CHROME_ARGS": shlex.join(flags),
        "SOAK_CENSUS": str(pipe),
        "TMPDIR": str(temporary),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (home / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "service.log").open("wb") as log:
        service = Service(home, Address(port=port, key=""), given, log=log, pipe=pipe)
        try:
            await service.start()
            yield service
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(_clear_away, service)


def _clear_away(service: Service) -> None:
    """Kill what is left: only processes of this home, by their ids."""
    if service.pid is not None:
        with contextlib.suppress(psutil.Error):
            psutil.Process(service.pid).kill()
    for line in service.left_processes():
        with contextlib.suppress(psutil.Error):
            psutil.Process(int(line.partition(" ")[0])).kill()
