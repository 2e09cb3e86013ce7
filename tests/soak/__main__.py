"""``python -m tests.soak``: many turns with faults from a seeded plan, and a verdict."""

from __future__ import annotations

import argparse
import signal
import sys

import trio

from tests.soak.plan import Plan, StrikeKind, make_plan
from tests.soak.report import outcome_table, plan_lines, story, strike_lines, sum_line
from tests.soak.run import Soak, run_soak
from tests.soak.verdict import judge


def main() -> int:
    """Run a soak; exit 0 when it is clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tabs", type=int, default=4, help="of each site")
    parser.add_argument("--sites", default="chatgpt,claude")
    parser.add_argument(
        "--checks", type=int, help="how often all is counted on the way; every 100 turns if not given"
    )
    parser.add_argument(
        "--strikes",
        help="only these kinds, by their names in lower case, with commas; 'none' for none. One of: "
        + ", ".join(kind.name.lower() for kind in StrikeKind),
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=5.0,
        help="seconds of silence after which an answer is given up; more on a machine with other work",
    )
    parser.add_argument("--stories", action="store_true", help="tell what is known of each request")
    chosen = parser.parse_args()
    strikes = None
    if chosen.strikes is not None:
        names = [] if chosen.strikes == "none" else chosen.strikes.upper().split(",")
        unknown = [name.lower() for name in names if name not in StrikeKind.__members__]
        if unknown:
            parser.error(f"--strikes: there is no {', '.join(unknown)}; --help lists them")
        strikes = [StrikeKind[name] for name in names]
    plan = make_plan(
        seed=chosen.seed,
        turns=chosen.turns,
        sites=chosen.sites.split(","),
        tabs=chosen.tabs,
        strikes=strikes,
    )
    for line in plan_lines(plan):
        print(line)
    checks = chosen.turns // 100 if chosen.checks is None else chosen.checks
    soak = trio.run(_run, plan, checks, chosen.patience)
    if soak is None:
        return 130
    violations = judge(soak.evidence)
    print()
    for line in outcome_table(soak.asked):
        print(line)
    print(f"\n{sum_line(soak)}")
    for line in strike_lines(soak):
        print(line)
    for violation in violations:
        print(f"VIOLATED  {violation}")
    told = [turn.mark for turn in plan.turns] if chosen.stories else violations
    for line in story(soak, told):
        print(line)
    print("clean" if not violations else f"{len(violations)} violations; seed {plan.seed}")
    return 1 if violations else 0


async def _run(plan: Plan, checks: int, patience: float) -> Soak | None:
    """The soak; None when a signal ended it, and with it all that it had started."""
    soak = None
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def until_signalled() -> None:
                await anext(signals)
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_signalled)
            soak = await run_soak(plan, checks=checks, patience=patience, tell=_tell)
            nursery.cancel_scope.cancel()
    return soak


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
