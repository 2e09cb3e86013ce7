"""The soak in short: a fixed plan with every kind of fault, on a service, a browser and sites of its own."""

from __future__ import annotations

import pytest
import trio

from tests.soak.plan import StrikeKind, make_plan
from tests.soak.report import outcome_table, plan_lines, story, strike_lines, sum_line
from tests.soak.run import run_soak
from tests.soak.verdict import judge

SEED = 28
STRIKES = (
    StrikeKind.RENDERER_KILL,
    StrikeKind.TAB_CLOSED,
    StrikeKind.PAGE_ALERT,
    StrikeKind.STATE,
    StrikeKind.BROWSER_KILL,
    StrikeKind.SERVICE_KILL,
)


@pytest.mark.browser
@pytest.mark.timeout(150)
async def test_requests_with_faults_each_end_once_and_leave_nothing_behind() -> None:
    plan = make_plan(seed=SEED, turns=30, sites=("chatgpt", "claude"), tabs=2, strikes=STRIKES)
    for line in plan_lines(plan):
        print(line)
    # Ended from within, it leaves nothing behind.
    with trio.fail_after(130):
        soak = await run_soak(plan, checks=1, patience=3.0)
    violations = judge(soak.evidence)
    print(sum_line(soak), *outcome_table(soak.asked), *strike_lines(soak), sep="\n")
    assert not violations, "\n".join([f"seed {SEED}", *violations, *story(soak, violations)])
