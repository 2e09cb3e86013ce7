"""The verdict finds what it is there to find: each kind of damage, done to the evidence of a clean soak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.soak.clients import Heard
from tests.soak.model import Submission, newest_mark
from tests.soak.plan import DIALECTS, Fault, Plan, Strike, StrikeKind, answer_text, make_plan, marks_in
from tests.soak.service import Census
from tests.soak.strikes import Blow
from tests.soak.verdict import Asked, Evidence, JournalRow, judge

PLAN = make_plan(seed=1, turns=30, sites=("chatgpt", "claude"), tabs=2, strikes=())


def calm(plan: Plan = PLAN) -> Evidence:
    """What a soak shows in which nothing goes wrong at all."""
    asked, submissions, rows = [], [], []
    for talk in plan.talks:
        talk = attrs.evolve(talk, turns=tuple(attrs.evolve(one, fault=Fault.NONE) for one in talk.turns))
        history: frozenset[str] = frozenset()
        for turn in talk.turns:
            heard = Heard()
            heard.end, heard.ends, heard.pieces = "answered", 1, [answer_text(turn)]
            heard.request_id = f"req_{turn.number}"
            at = float(turn.number)
            asked.append(
                Asked(talk=talk, turn=turn, began=at, ended=at + 0.5, heard=(heard,), history=history)
            )
            submissions.append(
                Submission(
                    mark=turn.mark,
                    site=talk.site,
                    said=frozenset({turn.mark}) | history,
                    before=frozenset(),
                    chars=10,
                    chat=None,
                )
            )
            rows.append(
                JournalRow(
                    id=f"req_{turn.number}",
                    mark=turn.mark,
                    state="finished",
                    text=answer_text(turn),
                    sent=True,
                )
            )
            history |= {turn.mark}
    return Evidence(
        asked=asked,
        planned=plan.turns,
        blows=[],
        submissions=submissions,
        arrivals={turn.mark: 1 for turn in plan.turns},
        censuses=[census(10), census(30)],
        tabs_allowed=4,
        journal=rows,
        deaths=[0],
    )


FIGURES = {
    "cdp_relay_turns_begun_total": 9.0,
    "cdp_relay_turns_total": 9.0,
    "cdp_relay_tabs_open": 4.0,
    "cdp_relay_tabs_busy": 0.0,
}


def census(begun: int, **differences: Any) -> Census:
    usual: dict[str, Any] = {
        "life": 1,
        "begun": begun,
        "memory_mb": 100.0,
        "files": 15,
        "threads": 4,
        "tasks": {"chat.turn": 20},
        "objects": {"cdp_relay.chat.turn.Turn": 2},
        "pages": ("https://claude.ai/new",) * 4,
        "figures": FIGURES,
        "leftovers": (),
    }
    return Census(**(usual | differences))


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert judge(calm()) == []


def hear(evidence: Evidence, **what: Any) -> None:
    for name, value in what.items():
        setattr(evidence.asked[3].heard[0], name, value)


def fail(evidence: Evidence) -> None:
    hear(evidence, end="error", code="site_timeout", message="It did not.", pieces=[])


def strike(evidence: Evidence, kind: StrikeKind) -> None:
    asked = evidence.asked[3]
    blow = Blow(Strike(at=3, kind=kind, site=""), began=asked.began)
    blow.ended = asked.ended
    evidence.blows = [blow]


Damage = Callable[[Evidence], None]


def _arrive(evidence: Evidence, mark: str | None, count: int) -> None:
    evidence.arrivals = {**evidence.arrivals, mark: count}


def _submit(evidence: Evidence, **what: Any) -> None:
    index = max(range(len(evidence.submissions)), key=lambda one: len(evidence.submissions[one].said))
    submissions = list(evidence.submissions)
    submissions[index] = attrs.evolve(submissions[index], **what)
    evidence.submissions = submissions


def _keep(evidence: Evidence, **what: Any) -> None:
    rows = list(evidence.journal or ())
    rows[3] = attrs.evolve(rows[3], **what)
    evidence.journal = rows


def _forget(evidence: Evidence) -> None:
    evidence.journal = list(evidence.journal or ())[1:]


def _count(evidence: Evidence, **what: Any) -> None:
    evidence.censuses = [census(10), census(30, **what)]


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a request is not asked": (lambda e: setattr(e, "asked", e.asked[1:]), "asked 0 times"),
    "two ends": (lambda e: hear(e, ends=2), "had 2 ends"),
    "no end": (lambda e: hear(e, end="cut", pieces=[]), "without an end"),
    "no end for minutes": (lambda e: hear(e, end="endless", pieces=[]), "no end for minutes"),
    "an error without words": (lambda e: hear(e, end="error", code=""), "without code or message"),
    "another's answer": (lambda e: hear(e, pieces=[answer_text(PLAN.turns[9])]), "got"),
    "half an answer for a whole one": (lambda e: hear(e, pieces=["I heard"]), "got"),
    "another's words before an error": (
        lambda e: hear(e, end="error", code="x", message="y", pieces=["Something else"]),
        "another's",
    ),
    "a prompt that left twice": (lambda e: _arrive(e, PLAN.turns[0].mark, 2), "2 times"),
    "a prompt of nobody's": (lambda e: _arrive(e, None, 1), "nobody planned"),
    "an answer without a prompt": (lambda e: _arrive(e, PLAN.turns[0].mark, 0), "never reached"),
    "the wrong site": (lambda e: _submit(e, site="elsewhere"), "went to elsewhere"),
    "a chat of another conversation": (
        lambda e: _submit(e, before=frozenset(turn.mark for turn in PLAN.turns)),
        "of other conversations",
    ),
    "a history that was not told": (lambda e: _submit(e, said=frozenset()), "was not told"),
    "an error without a cause": (fail, "with no fault but"),
    "a request that the journal has lost": (_forget, "does not know it"),
    "a request that goes on in the journal": (lambda e: _keep(e, state="running"), "long after its end"),
    "another answer in the journal": (lambda e: _keep(e, text="Something else"), "the journal has"),
    "a prompt that the journal did not see leave": (lambda e: _keep(e, sent=False), "never sent"),
    "an answer that failed in the journal": (lambda e: _keep(e, state="failed"), "says 'failed'"),
    "too many tabs": (lambda e: _count(e, pages=("https://claude.ai/new",) * 5), "5 tabs"),
    "files of a request": (lambda e: _count(e, leftovers=("cdp-relay-files-x",)), "temporary files"),
    "open files": (lambda e: _count(e, files=40), "open files"),
    "threads": (lambda e: _count(e, threads=20), "threads"),
    "tasks": (lambda e: _count(e, tasks={"chat.turn": 50}), "more tasks"),
    "turns": (lambda e: _count(e, objects={"cdp_relay.chat.turn.Turn": 20}), "20 objects"),
    "other objects": (lambda e: _count(e, objects={"cdp_relay.x.Y": 900}), "900 more objects"),
    "a turn that never ended": (
        lambda e: _count(e, figures=FIGURES | {"cdp_relay_turns_total": 8.0}),
        "9.0 turns were begun, and 8.0 ended",
    ),
    "a turn that ended twice": (
        lambda e: _count(e, figures=FIGURES | {"cdp_relay_turns_total": 10.0}),
        "and 10.0 ended",
    ),
    "a tab at work for nobody": (
        lambda e: _count(e, figures=FIGURES | {"cdp_relay_tabs_busy": 1.0}),
        "cdp_relay_tabs_busy is 1",
    ),
    "a tab that nobody knows of": (
        lambda e: _count(e, figures=FIGURES | {"cdp_relay_tabs_open": 3.0}),
        "the browser shows 4",
    ),
    "memory": (lambda e: _count(e, memory_mb=160.0), "memory went"),
    "a process": (lambda e: setattr(e, "left_processes", ["12 chrome"]), "a process is left"),
    "a file": (lambda e: setattr(e, "leftovers", ["cdp-relay-files-x"]), "left at the end"),
    "an exit status": (lambda e: setattr(e, "deaths", [1]), "with status 1"),
    "a bug": (lambda e: setattr(e, "log_bugs", ["Traceback"]), "has a bug"),
    "a replica's bug": (lambda e: setattr(e, "site_failures", ["KeyError"]), "replica site failed"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(name: str) -> None:
    damage, said = DAMAGES[name]
    evidence = calm()
    damage(evidence)
    found = judge(evidence)
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("kind", "excused"), [(StrikeKind.BROWSER_KILL, True), (StrikeKind.TAB_CLOSED, True), (None, False)]
)
def test_a_request_may_fail_only_while_something_strikes(kind: StrikeKind | None, excused: bool) -> None:
    evidence = calm()
    fail(evidence)
    _keep(evidence, state="failed", text="")
    if kind is not None:
        strike(evidence, kind)
    assert (judge(evidence) == []) is excused


@pytest.mark.parametrize("kind", StrikeKind)
def test_a_connection_may_break_only_while_the_service_is_killed(kind: StrikeKind) -> None:
    evidence = calm()
    hear(evidence, end="cut", pieces=[])
    _keep(evidence, state="lost", text="")
    strike(evidence, kind)
    assert (judge(evidence) == []) is (kind is StrikeKind.SERVICE_KILL)


def test_a_prompt_that_leaves_twice_is_excused_by_nothing() -> None:
    evidence = calm()
    strike(evidence, StrikeKind.SERVICE_KILL)
    _arrive(evidence, evidence.asked[3].turn.mark, 2)
    assert judge(evidence) != []


def test_a_plan_is_the_same_for_the_same_seed_and_has_every_fault_and_strike() -> None:
    plan = make_plan(seed=7, turns=1000, sites=("chatgpt", "claude"), tabs=4)
    assert plan == make_plan(seed=7, turns=1000, sites=("chatgpt", "claude"), tabs=4)
    assert plan != make_plan(seed=8, turns=1000, sites=("chatgpt", "claude"), tabs=4)
    assert [turn.number for turn in plan.turns] == list(range(1000))
    assert len({turn.mark for turn in plan.turns}) == 1000
    assert {turn.fault for turn in plan.turns} == set(Fault)
    assert {turn.dialect for turn in plan.turns} == set(DIALECTS)
    assert {strike.kind for strike in plan.strikes} == set(StrikeKind)
    assert plan.clients > 8, "some have to wait for a tab"


def test_a_request_is_known_by_the_last_mark_of_its_prompt() -> None:
    first, second = PLAN.turns[:2]
    text = f"{first.prompt}\n{answer_text(first)}\n{second.prompt}"
    assert marks_in(text) == [first.mark, first.mark, second.mark]
    assert newest_mark(text, None) == second.mark
    assert newest_mark("", {"attachments": [{"extracted_content": first.prompt}]}) == first.mark
    assert newest_mark("Hello!", {"prompt": "Hello!"}) is None
