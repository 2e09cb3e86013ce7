"""What has to hold after a soak, judged over what was seen. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from tests.soak.clients import Heard
from tests.soak.model import Submission
from tests.soak.plan import Fault, PlannedTurn, StrikeKind, Talk, answer_text
from tests.soak.service import Census
from tests.soak.strikes import Blow

__all__ = ["AT_REST", "Asked", "Evidence", "JournalRow", "judge"]

_EXPECTED: Mapping[Fault, frozenset[str]] = {
    Fault.NONE: frozenset({"answered"}),
    Fault.SLOW_READER: frozenset({"answered"}),
    Fault.BREAKS: frozenset({"answered"}),
    Fault.RETURNS: frozenset({"answered"}),
    Fault.LEAVES: frozenset({"left"}),
    Fault.LEAVES_EARLY: frozenset({"left", "answered"}),
    Fault.HANGS_FIRST: frozenset({"site_timeout", "timeout_error", "server_error"}),
    Fault.HANGS: frozenset({"site_timeout", "timeout_error", "server_error"}),
    Fault.ENDS_SHORT: frozenset({"answer_incomplete", "generation_failed", "api_error", "server_error"}),
    Fault.FAILS: frozenset({"generation_failed", "api_error", "server_error"}),
    Fault.OVERLOADED: frozenset({"site_overloaded", "overloaded_error", "server_is_overloaded"}),
}
"""How a request ends that nothing but its own fault has disturbed: ``answered``, ``left``, or an error's
code, in the words of each dialect."""

_GRACE: Mapping[StrikeKind, float] = {
    StrikeKind.RENDERER_KILL: 1.0,
    StrikeKind.TAB_CLOSED: 1.0,
    StrikeKind.TAB_LED_AWAY: 3.0,
    # Nothing tells of an unused page that loops: whoever is lent its tab next finds out, whenever that is.
    StrikeKind.PAGE_LOOPS: 600.0,
    StrikeKind.PAGE_ALERT: 3.0,
    StrikeKind.BROWSER_KILL: 3.0,
    StrikeKind.BROWSER_STOPPED: 5.0,
    StrikeKind.STATE: 15.0,
    StrikeKind.SERVICE_KILL: 3.0,
    StrikeKind.SERVICE_STOP: 3.0,
}
"""Seconds after a strike in which requests may begin that it still disturbs: until the death is seen, the
page is led back, the cool-down that the site asked for is over."""

_LIFE_KINDS = (StrikeKind.SERVICE_KILL, StrikeKind.SERVICE_STOP)

TERMINAL = frozenset({"finished", "stopped", "failed", "lost", "recovered"})

_TURNS_KEPT = 256
"""As many as the service remembers, however many there were."""

AT_REST = (
    "cdp_relay_tabs_busy",
    "cdp_relay_queue_waiting",
    "cdp_relay_turns_running",
    "cdp_relay_journal_waiting",
)
"""Figures that are 0 while nobody asks for anything."""

_MEMORY_MB_PER_100 = 6.0
_MEMORY_SLACK_MB = 20.0


@attrs.define(eq=False, kw_only=True)
class Asked:
    """A request, and all that its client got."""

    talk: Talk
    turn: PlannedTurn
    began: float
    ended: float
    heard: tuple[Heard, ...]
    """One for each time that it was sent; only under an Idempotency-Key there can be several."""
    history: frozenset[str]
    """The marks of the messages before it."""

    @property
    def outcome(self) -> str:
        """``answered``, ``left``, ``cut``, or an error's code."""
        last = self.heard[-1]
        return last.code if last.end == "error" else last.end


@attrs.frozen(kw_only=True)
class JournalRow:
    """What the journal says of a request."""

    id: str
    mark: str | None
    state: str
    text: str
    sent: bool
    """Whether it knew that the prompt was about to leave."""
    told: str = ""
    """How it ended, for a reader."""


@attrs.define(eq=False, kw_only=True)
class Evidence:
    """Everything that was seen."""

    asked: Sequence[Asked]
    planned: Sequence[PlannedTurn]
    blows: Sequence[Blow]
    submissions: Sequence[Submission]
    arrivals: Mapping[str | None, int]
    censuses: Sequence[Census]
    tabs_allowed: int
    """Of all sites together."""
    unplanned: Sequence[str] = ()
    """How prompts began that came to a site and are no request's."""
    journal: Sequence[JournalRow] | None = None
    """None where the service keeps none."""
    deaths: Sequence[int] = ()
    left_processes: Sequence[str] = ()
    leftovers: Sequence[str] = ()
    site_failures: Sequence[str] = ()
    log_bugs: Sequence[str] = ()


def judge(evidence: Evidence) -> list[str]:
    """All that does not hold, one sentence each; empty after a clean soak."""
    return [
        *_each_ends_once(evidence),
        *_each_answer_is_its_own(evidence),
        *_each_leaves_once(evidence),
        *_no_chat_is_mixed(evidence),
        *_the_undisturbed_go_well(evidence),
        *_the_journal_knows_each(evidence),
        *_nothing_leaks(evidence),
        *_nothing_is_left(evidence),
    ]


def _each_ends_once(evidence: Evidence) -> Iterator[str]:
    counts = Counter(asked.turn.mark for asked in evidence.asked)
    for turn in evidence.planned:
        if counts[turn.mark] != 1:
            yield f"{turn.mark}: was asked {counts[turn.mark]} times, and not once"
    for asked in evidence.asked:
        for heard in asked.heard:
            if heard.ends > 1:
                yield f"{asked.turn.mark}: had {heard.ends} ends"
        last = asked.heard[-1]
        if last.end == "endless":
            yield f"{asked.turn.mark}: had no end for minutes"
        if last.end == "unreachable":
            yield f"{asked.turn.mark}: never reached the service"
        if last.end == "error" and not (last.code and last.message):
            yield f"{asked.turn.mark}: an error without code or message (status {last.status})"
        # Only a killed service may leave a client without a word.
        if last.end == "cut" and not any(
            blow.strike.kind is StrikeKind.SERVICE_KILL for blow in _blows_during(evidence.blows, asked)
        ):
            yield f"{asked.turn.mark}: the connection ended without an end of the answer"


def _each_answer_is_its_own(evidence: Evidence) -> Iterator[str]:
    for asked in evidence.asked:
        whole = answer_text(asked.turn)
        for heard in asked.heard:
            if heard.end == "answered" and heard.text != whole and not _is_a_states(evidence, asked):
                yield f"{asked.turn.mark}: got {heard.text[:80]!r} for {whole[:80]!r}"
            elif not whole.startswith(heard.text) and not _is_a_states(evidence, asked):
                # What a site says before it fails is the state's own text.
                if asked.turn.fault is Fault.FAILS:
                    continue
                yield f"{asked.turn.mark}: its partial answer is another's: {heard.text[:80]!r}"


def _is_a_states(evidence: Evidence, asked: Asked) -> bool:
    """Whether a site that was in a state may have answered with the state's own words."""
    return any(blow.strike.kind is StrikeKind.STATE for blow in _blows_during(evidence.blows, asked))


def _each_leaves_once(evidence: Evidence) -> Iterator[str]:
    asked_of = {asked.turn.mark: asked for asked in evidence.asked}
    for mark, count in evidence.arrivals.items():
        if mark is None or mark not in asked_of:
            yield f"{count} prompt(s) reached a site that nobody planned (mark {mark}): {evidence.unplanned}"
        elif count > 1:
            yield f"{mark}: its prompt reached the site {count} times"
    for mark, asked in asked_of.items():
        if asked.outcome == "answered" and evidence.arrivals.get(mark, 0) == 0:
            yield f"{mark}: has an answer, and its prompt never reached the site"
    for submission in evidence.submissions:
        asked_for = asked_of.get(submission.mark or "")
        if asked_for is not None and submission.site != asked_for.talk.site:
            yield f"{submission.mark}: went to {submission.site}, and not to {asked_for.talk.site}"


def _no_chat_is_mixed(evidence: Evidence) -> Iterator[str]:
    talk_of = {turn.mark: asked.talk for asked in evidence.asked for turn in asked.talk.turns}
    asked_of = {asked.turn.mark: asked for asked in evidence.asked}
    for submission in evidence.submissions:
        asked = asked_of.get(submission.mark or "")
        if asked is None:
            continue
        shown = submission.said | submission.before
        foreign = {mark for mark in shown if talk_of.get(mark) is not asked.talk}
        if foreign:
            yield f"{asked.turn.mark}: its chat holds {sorted(foreign)} of other conversations"
        unknown = asked.history - shown
        if unknown:
            yield f"{asked.turn.mark}: the site was not told {sorted(unknown)} of its history"


def _the_undisturbed_go_well(evidence: Evidence) -> Iterator[str]:
    for asked in evidence.asked:
        if asked.outcome in _EXPECTED[asked.turn.fault]:
            continue
        if not _blows_during(evidence.blows, asked):
            last = asked.heard[-1]
            yield (
                f"{asked.turn.mark}: ended as {asked.outcome} ({last.message[:160]}), with no fault but "
                f"{asked.turn.fault.value!r}; from {asked.began:.1f} to {asked.ended:.1f} s"
            )


def _blows_during(blows: Iterable[Blow], asked: Asked) -> list[Blow]:
    """The strikes that may have disturbed a request."""
    return [
        blow
        for blow in blows
        if blow.strike.site in ("", asked.talk.site) or blow.strike.kind is StrikeKind.RENDERER_KILL
        if blow.began <= asked.ended and asked.began <= blow.ended + _GRACE[blow.strike.kind]
    ]


def _the_journal_knows_each(evidence: Evidence) -> Iterator[str]:
    if evidence.journal is None:
        return
    rows: dict[str, list[JournalRow]] = {}
    for row in evidence.journal:
        if row.state not in TERMINAL:
            yield f"journal: {row.id} is {row.state!r}, long after its end"
        if row.mark is not None:
            rows.setdefault(row.mark, []).append(row)
    by_id = {row.id: row for row in evidence.journal}
    for asked in evidence.asked:
        mark, whole = asked.turn.mark, answer_text(asked.turn)
        mine = rows.get(mark, [])
        if evidence.arrivals.get(mark, 0) and not mine:
            yield f"{mark}: reached the site, and the journal does not know it"
        elif evidence.arrivals.get(mark, 0) and not any(row.sent for row in mine):
            yield f"{mark}: reached the site, and the journal has it as never sent"
        for row in mine:
            if row.state == "finished" and row.text.strip() != whole and not _is_a_states(evidence, asked):
                yield f"{mark}: the journal has {row.text[:80]!r} for its answer"
        last = asked.heard[-1]
        told = by_id.get(last.request_id)
        if last.end == "answered" and told is not None and told.state not in ("finished", "recovered"):
            yield f"{mark}: was answered, and the journal says {told.state!r}"
        if last.end == "error" and told is not None and told.state == "finished":
            yield f"{mark}: failed with {last.code}, and the journal says 'finished'"


def _nothing_leaks(evidence: Evidence) -> Iterator[str]:
    for census in evidence.censuses:
        if census.tabs > evidence.tabs_allowed:
            yield (
                f"{census.tabs} tabs are open after {census.begun} requests, of {evidence.tabs_allowed}: "
                f"{', '.join(census.pages)}"
            )
        yield from _the_figures_add_up(census)
        if census.leftovers:
            yield f"temporary files are left after {census.begun} requests: {list(census.leftovers)[:5]}"
        for name, count in census.objects.items():
            # What belongs to one request may be held for a tab's sake, and for no more.
            kind = name.rsplit(".", 1)[-1]
            if kind in ("Turn", "AnswerReader", "Exchange", "Capture") and count > evidence.tabs_allowed + 4:
                yield f"{count} objects {name} are left with nothing under way, after {census.begun} requests"
    by_life: dict[int, list[Census]] = {}
    for census in evidence.censuses:
        by_life.setdefault(census.life, []).append(census)
    for life, censuses in by_life.items():
        yield from _nothing_grows(life, censuses)


def _the_figures_add_up(census: Census) -> Iterator[str]:
    """Nothing is under way, and every turn that was begun has ended once."""
    figures, when = census.figures, f"in life {census.life}, after {census.begun} requests"
    for name in AT_REST:
        if figures.get(name):
            yield f"metrics: {name} is {figures[name]:g} with nothing under way, {when}"
    begun, ended = figures.get("cdp_relay_turns_begun_total"), figures.get("cdp_relay_turns_total", 0.0)
    if begun != ended:
        yield f"metrics: {begun} turns were begun, and {ended} ended, {when}"
    tabs = figures.get("cdp_relay_tabs_open")
    if tabs is None or not census.tabs <= tabs <= census.tabs + census.blank:
        shown = f"{census.tabs} and {census.blank} blank ones"
        yield f"metrics: {tabs} tabs are open, and the browser shows {shown}, {when}"


def _nothing_grows(life: int, censuses: Sequence[Census]) -> Iterator[str]:
    """Compare the last count of a life with its first, which is after the warming up."""
    first, last = censuses[0], censuses[-1]
    if first is last:
        return
    requests = last.begun - first.begun
    where = f"life {life}, from request {first.begun} to {last.begun}"
    if last.files > first.files + 4:
        yield f"{where}: open files went from {first.files} to {last.files}"
    if last.threads > first.threads + 6:
        yield f"{where}: threads went from {first.threads} to {last.threads}"
    grown = sum(last.tasks.values()) - sum(first.tasks.values())
    # Each tab and each browser process that a page brought has its few tasks.
    if grown > 12 + 8 * max(0, last.tabs - first.tabs):
        more = Counter(last.tasks) - Counter(first.tasks)
        yield f"{where}: {grown} more tasks: {dict(more.most_common(6))}"
    for name, count in last.objects.items():
        added = count - first.objects.get(name, 0)
        # The latest turns are kept for who asks again, each with its dozen of steps.
        if added > 40 + 12 * min(requests, _TURNS_KEPT):
            yield f"{where}: {added} more objects {name}"
    memory = last.memory_mb - first.memory_mb
    # What a life has opened for the first time since its first count is no growth.
    memory -= 3 * max(0, last.tabs - first.tabs)
    if memory > _MEMORY_SLACK_MB + _MEMORY_MB_PER_100 * requests / 100:
        yield f"{where}: memory went from {first.memory_mb} to {last.memory_mb} MB"


def _nothing_is_left(evidence: Evidence) -> Iterator[str]:
    for one in evidence.left_processes:
        yield f"a process is left: {one}"
    for one in evidence.leftovers:
        yield f"a temporary file is left at the end: {one}"
    for death in evidence.deaths:
        if death not in (0, -9):
            yield f"a life of the service ended with status {death}"
    for failure in evidence.site_failures:
        yield f"a replica site failed: {failure.strip().splitlines()[-1]}"
    for line in evidence.log_bugs:
        yield f"the log has a bug: {line}"
