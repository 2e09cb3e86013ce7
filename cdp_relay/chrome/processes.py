"""What the system knows of processes: who one is, who listens on a port, who holds a profile."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import attrs
import psutil

__all__ = [
    "ProcessName",
    "describe_process",
    "free_port",
    "is_same_process",
    "listens_on",
    "port_holder",
    "process_tree",
    "profile_holder",
    "session_members",
]

_COMMAND_CHARS = 200


@attrs.frozen(kw_only=True)
class ProcessName:
    """A process as a message names it."""

    pid: int
    command: str
    """Its command line, cut to a readable length; its bare name where that is all we may see."""
    started: float
    """When it was created, in unix seconds: with the pid, this is its identity."""

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})"


def describe_process(pid: int) -> ProcessName | None:
    """Name a living process; None when there is none of this id."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        started = process.create_time()
        try:
            command = shlex.join(process.cmdline()) or process.name()
        except psutil.AccessDenied:
            command = process.name()
    except psutil.Error:
        return None
    command = " ".join(command.split())
    if len(command) > _COMMAND_CHARS:
        command = command[: _COMMAND_CHARS - 1] + "…"
    return ProcessName(pid=pid, command=command, started=started)


def is_same_process(pid: int, started: float) -> bool:
    """Whether the process that was created at *started* still lives; ids are used again."""
    now = describe_process(pid)
    # Systems count in ticks, and clocks are adjusted: two seconds are far below an id's return.
    return now is not None and abs(now.started - started) < 2.0


def process_tree(pid: int) -> list[psutil.Process]:
    """A process and all its living descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def session_members(leader: int) -> list[psutil.Process]:
    """All living processes of a session, on systems that have sessions; its leader need not live.

    No new process gets the id of a session that still has members.
    """
    members: list[psutil.Process] = []
    if sys.platform != "win32":
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                    members.append(process)
            except (OSError, psutil.Error):
                continue
    return members


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now; another program may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens_on(pid: int, port: int) -> bool:
    """Whether the process or a descendant of it listens on 127.0.0.1:*port*.

    This is asked of the process, because a port that was taken makes the browser listen on ::1
    without a word, while 127.0.0.1 answers with a stranger's voice.
    """
    return any(_has_listener(process, port) for process in process_tree(pid))


def _has_listener(process: psutil.Process, port: int) -> bool:
    try:
        sockets = process.net_connections("tcp4")
    except psutil.Error:
        return False
    return any(
        one.status == psutil.CONN_LISTEN and one.laddr.ip == "127.0.0.1" and one.laddr.port == port
        for one in sockets
        if one.laddr
    )


def port_holder(port: int) -> ProcessName | None:
    """Who listens on a loopback port; None when nobody does, or nobody whom we may see."""
    for process in psutil.process_iter(["pid"]):
        try:
            sockets = process.net_connections("tcp")
        except psutil.Error:
            continue
        for one in sockets:
            if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN:
                return describe_process(process.pid)
    return None


def profile_holder(profile: Path) -> ProcessName | None:
    """The browser that runs on a profile; None when none does.

    Source: on Linux and macOS a running browser keeps the symlink ``SingletonLock`` to
    ``HOST-PID`` in its profile; a killed one leaves it behind. Elsewhere the command lines tell.
    """
    try:
        host, _, pid = os.readlink(profile / "SingletonLock").rpartition("-")
    except OSError:
        pid, host = "", ""
    if pid.isdigit() and host == socket.gethostname() and _is_on_profile(int(pid), profile):
        return describe_process(int(pid))
    for process in psutil.process_iter(["pid", "cmdline"]):
        arguments = process.info.get("cmdline") or ()
        # Its renderers carry the folder as well; the browser itself has no type.
        if _names_profile(arguments, profile) and not any(a.startswith("--type=") for a in arguments):
            return describe_process(process.pid)
    return None


def _is_on_profile(pid: int, profile: Path) -> bool:
    try:
        return _names_profile(psutil.Process(pid).cmdline(), profile)
    except psutil.Error:
        return False


def _names_profile(arguments: Iterable[str], profile: Path) -> bool:
    prefix = "--user-data-dir="
    return any(
        os.path.realpath(one[len(prefix) :]) == str(profile) for one in arguments if one.startswith(prefix)
    )
