"""The plan and the outcome of a soak as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.soak.plan import Plan
from tests.soak.run import Soak
from tests.soak.verdict import Asked

__all__ = ["outcome_table", "plan_lines", "story", "strike_lines", "sum_line"]


def plan_lines(plan: Plan) -> Iterator[str]:
    """What is going to happen."""
    turns = plan.turns
    faults = Counter(turn.fault.value for turn in turns)
    yield (
        f"seed {plan.seed}: {len(turns)} requests in {len(plan.talks)} conversations of {plan.clients} "
        f"clients, to {', '.join(plan.sites)} with {plan.tabs} tab(s) each"
    )
    yield "faults of single requests: " + ", ".join(f"{name} {count}" for name, count in faults.most_common())
    kinds = Counter(strike.kind.value for strike in plan.strikes)
    yield "strikes: " + (", ".join(f"{name} {count}" for name, count in kinds.most_common()) or "none")


def outcome_table(asked: Sequence[Asked]) -> Iterator[str]:
    """How requests ended, by their fault."""
    outcomes = [name for name, _ in Counter(one.outcome for one in asked).most_common()]
    faults = [name for name, _ in Counter(one.turn.fault.value for one in asked).most_common()]
    counts = Counter((one.turn.fault.value, one.outcome) for one in asked)
    rows = [["", *outcomes, "all"]]
    rows += [
        [
            fault,
            *(str(counts[fault, outcome] or "") for outcome in outcomes),
            str(sum(counts[fault, outcome] for outcome in outcomes)),
        ]
        for fault in faults
    ]
    rows.append(["all", *(str(sum(counts[f, o] for f in faults)) for o in outcomes), str(len(asked))])
    yield from _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = row
        cells = [one.rjust(width) for one, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def sum_line(soak: Soak) -> str:
    """How much was asked, how it went on, and what it took."""
    submissions = soak.model.submissions
    continued = sum(one.chat is not None for one in submissions)
    most = max((one.memory_mb for one in soak.censuses), default=0.0)
    return (
        f"{len(soak.asked)} requests in {soak.seconds:.0f} s; {len(submissions)} prompts were answered by "
        f"the sites, {continued} of them in a chat that went on; {soak.service.lives} lives of the service, "
        f"{most:.0f} MB at most"
    )


def strike_lines(soak: Soak) -> Iterator[str]:
    """What was struck, and how requests ended that were under way."""
    for blow in soak.striker.blows:
        met = Counter(
            one.outcome for one in soak.asked if blow.began <= one.ended and one.began <= blow.ended
        )
        ends = ", ".join(f"{name} {count}" for name, count in met.most_common())
        yield f"{blow.began:8.1f}  {blow.strike.kind.value}: {blow.hit or 'nothing there'}; meanwhile: {ends}"


def story(soak: Soak, violations: Iterable[str]) -> Iterator[str]:
    """What is known of the requests that the violations name: client, site, strikes, log."""
    marks = list(dict.fromkeys(one.partition(":")[0] for one in violations))
    for line in soak.log:
        if line.startswith("task "):
            yield line
    for asked in soak.asked:
        if asked.turn.mark not in marks:
            continue
        turn = asked.turn
        yield f"--- {turn.mark}: {turn.fault.value}, {turn.dialect}, {asked.talk.site}, {asked.talk.id}"
        yield f"    from {asked.began:.2f} to {asked.ended:.2f} s, history {sorted(asked.history)}"
        for heard in asked.heard:
            yield (
                f"    heard: {heard.end}, status {heard.status}, {heard.code} {heard.message[:200]} "
                f"[{heard.chars} characters] {heard.request_id}"
            )
            if heard.request_id:
                yield from (f"    log: {line[:300]}" for line in soak.log if heard.request_id in line)
        for one in soak.model.submissions:
            if one.mark == turn.mark:
                yield f"    at the site: chat {one.chat}, {one.chars} characters, before {sorted(one.before)}"
        for row in soak.evidence.journal or ():
            if row.mark == turn.mark:
                yield f"    journal: {row.id} {row.told}, {len(row.text)} characters"
        for blow in soak.striker.blows:
            if blow.began <= asked.ended + 1 and asked.began <= blow.ended + 10:
                yield f"    strike: {blow.strike.kind.value} at {blow.began:.2f} s: {blow.hit}"
