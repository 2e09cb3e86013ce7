"""The doctor's checks, from what needs nothing to what needs a whole turn."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import attrs

from cdp_relay.api.key import read_or_create_key
from cdp_relay.chat.offering import load_offering
from cdp_relay.chat.profiles import profile_chrome
from cdp_relay.chrome import Machine, find_browser, port_holder, profile_folder, profile_holder
from cdp_relay.cli.client import ServiceClient, find_service
from cdp_relay.cli.config import unknown_variables
from cdp_relay.errors import RelayError
from cdp_relay.settings import ChromeSettings, Home, Settings

__all__ = ["Check", "check_all"]

_VERSION_SECONDS = 15.0


@attrs.frozen(kw_only=True)
class Check:
    """What one check found."""

    name: str
    result: str
    """``ok``, ``warning`` or ``failed``."""
    message: str
    next_step: str = ""

    @classmethod
    def failed(cls, name: str, error: RelayError) -> Self:
        """Render an error as a failed check."""
        message, next_step = " ".join(error.message.split()), " ".join(error.next_step.split())
        return cls(name=name, result="failed", message=message, next_step=next_step)

    def to_json(self) -> dict[str, Any]:
        """As ``doctor --json`` prints it."""
        return {**attrs.asdict(self), "ok": self.result != "failed"}


def check_all(home: Home, settings: Settings, *, show: Callable[[Check], None] | None) -> list[Check]:
    """Run all checks in order.

    Args:
      show: called with each as soon as it is done.
    """
    found: list[Check] = []
    service = find_service(home) if home.key_file.exists() else None
    for check in _checks(home, settings, service):
        found.append(check)
        if show is not None:
            show(check)
    return found


def _checks(home: Home, settings: Settings, service: ServiceClient | None) -> Iterator[Check]:
    yield _python()
    yield _settings(home)
    yield _folder(home)
    yield _key(home)
    yield _one("providers", lambda: _providers(home, settings))
    yield _port(settings, service)
    if settings.chrome.attach:
        yield _ok("browser", f"attached to {settings.chrome.attach}, none is started")
        yield from _further_profiles(home, settings, service)
    else:
        browser = _one("browser", lambda: _browser(settings))
        yield browser
        yield _display(settings)
        profile = _one("profile", lambda: _profile(home, settings.chrome, service))
        yield profile
        yield from _further_profiles(home, settings, service)
        if "failed" in (browser.result, profile.result):
            return
    if service is not None:
        yield _one("turn", lambda: _turn_over_http(service))
        return
    from cdp_relay.cli.checks_live import check_live

    yield from check_live(home, settings)


def _one(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except RelayError as error:
        return Check.failed(name, error)


def _ok(name: str, message: str) -> Check:
    return Check(name=name, result="ok", message=message)


# --- what needs no browser ---------------------------------------------------------------------


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info < (3, 14):
        return Check(
            name="python",
            result="warning",
            message=f"{version}; tested with 3.11 to 3.13",
            next_step="Install the relay with one of these versions.",
        )
    return _ok("python", f"{version} at {sys.executable}")


def _settings(home: Home) -> Check:
    unknown = unknown_variables()
    if unknown:
        return Check(
            name="settings",
            result="warning",
            message=f"valid, but there is no setting for {', '.join(unknown)}",
            next_step="'cdp-relay config --json' lists the names of the environment variables.",
        )
    where = home.config_file if home.config_file.exists() else f"{home.config_file} (not there)"
    return _ok("settings", f"valid; file {where}")


def _folder(home: Home) -> Check:
    folder = home.state
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check(
            name="folder",
            result="failed",
            message=f"{existing} cannot be written to",
            next_step="Make it writable, or set CDP_RELAY_HOME to another folder.",
        )
    return _ok("folder", f"{folder} is writable" if folder == existing else f"{folder} can be made")


def _key(home: Home) -> Check:
    if not home.key_file.exists():
        return _ok("key", f"made at the first start, in {home.key_file}")
    try:
        read_or_create_key(home)
    except RelayError as error:
        return Check.failed("key", error)
    mode = "" if os.name != "posix" else f", mode {stat.S_IMODE(home.key_file.stat().st_mode):04o}"
    return _ok("key", f"{home.key_file}{mode}")


def _providers(home: Home, settings: Settings) -> Check:
    offering = load_offering(home, settings)
    registry = offering.registry
    names = [
        f"{name} ({source.origin}" + (f", overridden by {source.override})" if source.override else ")")
        for name, source in registry.sources.items()
    ]
    chains = "".join(f"; chain {name}: {chain.title}" for name, chain in offering.routing.chains.items())
    return _ok("providers", ", ".join(names) + chains)


def _browser(settings: Settings) -> Check:
    binary = find_browser(settings.chrome.executable)
    if os.name == "nt":  # there the flag opens a window
        return _ok("browser", f"{binary.title} at {binary.path}")
    try:
        run = subprocess.run(
            [binary.path, "--version"],
            capture_output=True,
            timeout=_VERSION_SECONDS,
            text=True,
            errors="replace",
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            name="browser",
            result="failed",
            message=f"{binary.path} --version failed: {error}",
            next_step="Install Chrome or Chromium again, or set chrome.executable to another one.",
        )
    return _ok("browser", f"{' '.join(run.stdout.split()) or binary.title} at {binary.path}")


def _display(settings: Settings) -> Check:
    if Machine().has_display:
        return _ok("display", "there is one")
    if settings.chrome.headless:
        return _ok("display", "none, and chrome.headless is set")
    return Check(
        name="display",
        result="warning",
        message="none, so Chrome runs without a window; signing in by hand needs one",
        next_step="Run the relay in a desktop session, or 'xvfb-run cdp-relay up' for a virtual display.",
    )


def _further_profiles(home: Home, settings: Settings, service: ServiceClient | None) -> Iterator[Check]:
    """Those of ``[profiles]``; what is wrong with one costs only the requests that name it."""
    for name in settings.profiles:
        chrome = profile_chrome(settings, name)
        if chrome.attach:
            yield _ok(f"profile {name}", f"attached to {chrome.attach}")
            continue
        # Its browser may not have been needed yet, so a running service need not hold it.
        folder = profile_folder(home, chrome.profile)
        held = folder.exists() and profile_holder(folder) is not None
        check = _one(f"profile {name}", partial(_profile, home, chrome, service if held else None))
        yield attrs.evolve(check, name=f"profile {name}")


def _profile(home: Home, chrome: ChromeSettings, service: ServiceClient | None) -> Check:
    folder: Path = profile_folder(home, chrome.profile)
    if not folder.exists():
        return _ok("profile", f"{folder} is made at the first start")
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check(
            name="profile",
            result="failed",
            message=f"{folder} is open to others (mode {stat.S_IMODE(folder.stat().st_mode):04o})",
            next_step=f"Run 'chmod 700 {folder}': who can read it can use your accounts.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check(
            name="profile",
            result="failed",
            message=f"{folder} cannot be written to",
            next_step="Make it writable, or name another one in chrome.profile.",
        )
    if service is not None:
        return _ok("profile", f"{folder}, used by the running service (process {service.running.pid})")
    holder = profile_holder(folder)
    if holder is not None:
        return Check(
            name="profile",
            result="failed",
            message=f"{folder} is used by {holder}",
            next_step="Stop that process, or attach to it with --attach.",
        )
    return _ok("profile", f"{folder} is free")


def _port(settings: Settings, service: ServiceClient | None) -> Check:
    if service is not None:
        return _ok("port", f"the service answers at {service.running.base_url}")
    port = settings.server.port
    if port == 0:
        return _ok("port", "a free one is taken at each start")
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            holder = port_holder(port)
            return Check(
                name="port",
                result="failed",
                message=f"{port} is taken by {holder or f'another program ({error.strerror})'}",
                next_step="Stop that program, or choose another port with --port or server.port.",
            )
    return _ok("port", f"{port} is free")


# --- through the running service ---------------------------------------------------------------


def _turn_over_http(service: ServiceClient) -> Check:
    question = "doctor: eins, zwei, drei"
    answer = ""
    body = {"model": "practice", "messages": [{"role": "user", "content": question}]}
    try:
        for chunk in service.stream(body):
            answer += "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    except OSError as error:
        return Check(
            name="turn",
            result="failed",
            message=f"the service at {service.running.base_url} does not answer: {error}",
            next_step=f"Stop process {service.running.pid} and start 'cdp-relay up' again.",
        )
    return turn_check(question, answer)


def turn_check(question: str, answer: str) -> Check:
    """Judge what the practice page echoed."""
    if answer == question:
        return _ok("turn", "the practice page answered, word for word")
    return Check(
        name="turn",
        result="failed",
        message=f"the practice page answered {answer[:80]!r} instead of {question!r}",
        next_step="Report this with the output of 'cdp-relay doctor --json'.",
    )
