"""The relay's own command line, in a process that counts what it holds when it gets SIGUSR1.

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
    from cdp_relay.cli import main as run

    run()


def _count(number: int, frame: FrameType | None) -> None:
    del number, frame
    try:
        census = _census()
    except Exception:
        census = {"failed": traceback.format_exc()}
    Path(os.environ["SOAK_CENSUS"]).write_text(json.dumps(census))


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
