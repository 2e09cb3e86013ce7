"""``python -m benchmarks``: all parts, one table, and JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import trio

from benchmarks.rows import Row, print_table, to_json

PARTS = {
    "insertion": "Putting a prompt into an editor",
    "turns": "From the site's write to the client; a whole turn on a warm tab",
    "sites": "Four sites on their replicas: a long prompt in, a long answer out",
    "round_trips": "DevTools round trips",
    "dialects": "What a dialect adds to a streamed answer",
    "calls": "Tool calls: in the prompt, and in the answer",
    "continuing": "An agent's session of 30 turns: going on in its chat, and in a new chat each time",
    "journal": "What the journal costs",
    "memory": "Memory",
    "recording": "What a recording costs, and what it holds",
    "replaying": "Replaying a recorded stream",
    "tabs": "Several tabs at once",
    "queueing": "A queue of a thousand",
}


def main() -> int:
    """Run the chosen parts; exit 0 when every bar was met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them when none is named")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "latest.json")
    chosen = parser.parse_args()
    results: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "parts": {},
    }
    missed = 0
    for name in chosen.parts or PARTS:
        module = importlib.import_module(f"benchmarks.{name}")
        rows = [Row.of(row) for row in trio.run(module.run)]
        print_table(PARTS[name], rows)
        missed += sum(row.met is False for row in rows)
        results["parts"][name] = to_json(rows)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n{missed} bars missed; written to {chosen.json}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
