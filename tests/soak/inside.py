"""The relay's own command line, in a process that counts what it holds when it gets SIGUSR1, and tells where
its tasks stand when it gets SIGUSR2.

``python -m tests.soak.inside up --json``: nothing of the product is changed; the count is taken by a signal's
handler between two steps of its loop, and written to the pipe that ``SOAK_CENSUS`` names.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import trio

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGUSR1, _count)
    signal.signal(signal.SIGUSR2, _tell)
    from cdp_relay.cli import main as run

    run()


def _count(number: int, frame: FrameType | None) -> None:
    del number, frame
    try:
        census = _census()
    except Exception:
        census = {"failed": traceback.format_exc()}
    Path(os.environ["SOAK_CENSUS"]).write_text(json.dumps(census))


def _tell(number: int, frame: FrameType | None) -> None:
    del number, frame
    for task in _below(trio.lowlevel.current_root_task()):
        print(f"task {task.name}", file=sys.stderr)
        for one, line in task.iter_await_frames():
            if "cdp_relay" in one.f_code.co_filename:
                print(f"task     {one.f_code.co_qualname} line {line}{_numbers(one)}", file=sys.stderr)
    sys.stderr.flush()


def _numbers(frame: FrameType) -> str:
    """The numbers and short texts among a frame's variables; times on trio's clock are told from now."""
    shown = []
    for name, value in frame.f_locals.items():
        if isinstance(value, trio.CancelScope):
            shown.append(f"{name}: {value.deadline - trio.current_time():.1f} s left")
        elif isinstance(value, int | float) or (isinstance(value, str) and len(value) < 60):
            shown.append(f"{name}={value!r}")
    return f" ({', '.join(shown)})" if shown else ""


def _census() -> dict[str, Any]:
    gc.collect()
    kinds = Counter(
        f"{type(one).__module__}.{type(one).__qualname__}"
        for one in gc.get_objects()
        if type(one).__module__.startswith("cdp_relay")
    )
    root = trio.lowlevel.current_root_task()
    tasks = Counter(task.name.removeprefix("cdp_relay.") for task in _below(root))
    return {"tasks": dict(tasks), "objects": dict(kinds), "modules": len(sys.modules)}


def _below(task: trio.lowlevel.Task | None) -> Iterator[trio.lowlevel.Task]:
    if task is None:
        return
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _below(child)


if __name__ == "__main__":
    main()
