"""What a soak does: requests with marks, faults of their own, and strikes at everything. No I/O."""

from __future__ import annotations

import enum
import hashlib
import random
import re
from collections.abc import Iterable, Sequence

import attrs

__all__ = [
    "DIALECTS",
    "Fault",
    "Plan",
    "PlannedTurn",
    "Strike",
    "StrikeKind",
    "Talk",
    "answer_text",
    "make_plan",
    "marks_in",
]

DIALECTS = ("chat", "chat-stream", "messages-stream", "responses-stream")

_WORDS = (
    *("river", "stone", "lantern", "copper", "meadow", "violet", "anchor", "timber", "harbour", "saffron"),
    *("willow", "granite", "orchard", "ember", "thistle", "marble", "canyon", "linen", "walnut", "beacon"),
    *("juniper", "cobalt", "prairie", "amber"),
)

_MARK = re.compile(r"\bmark-([0-9a-f]{6}-\d+)\b")


class Fault(enum.StrEnum):
    """What goes wrong with one request, and with no other."""

    NONE = "none"
    SLOW_READER = "slow reader"
    """The client reads its answer with pauses."""
    BREAKS = "stream breaks"
    """The site's connection breaks in mid-answer; the page recovers it."""
    RETURNS = "client returns"
    """The client breaks off in mid-answer, and asks once more under the same Idempotency-Key."""
    LEAVES = "client leaves"
    """The client breaks off in mid-answer, for good."""
    LEAVES_EARLY = "client leaves early"
    """It breaks off before there can be an answer: it waits in the queue, or its page opens."""
    HANGS_FIRST = "site hangs at once"
    """The site takes the prompt, and says nothing."""
    HANGS = "site hangs"
    """The answer stops in its middle, and the connection stays."""
    ENDS_SHORT = "answer without end"
    """The stream ends properly in mid-answer, without the site's signs of an end."""
    FAILS = "generation fails"
    """The site says in mid-answer that something went wrong."""
    OVERLOADED = "site overloaded"
    """The site refuses this one prompt with a 5xx."""


FAULT_WEIGHTS: dict[Fault, int] = {
    Fault.NONE: 58,
    Fault.SLOW_READER: 4,
    Fault.BREAKS: 5,
    Fault.RETURNS: 8,
    Fault.LEAVES: 7,
    Fault.LEAVES_EARLY: 4,
    Fault.HANGS_FIRST: 2,
    Fault.HANGS: 3,
    Fault.ENDS_SHORT: 3,
    Fault.FAILS: 3,
    Fault.OVERLOADED: 3,
}


class StrikeKind(enum.StrEnum):
    """What goes wrong for more than one request."""

    RENDERER_KILL = "renderer killed"
    TAB_CLOSED = "tab closed by hand"
    TAB_LED_AWAY = "tab led away by hand"
    PAGE_LOOPS = "page loops"
    PAGE_ALERT = "page shows an alert"
    BROWSER_KILL = "browser killed"
    BROWSER_STOPPED = "browser stopped for 3 s"
    STATE = "site in a state"
    SERVICE_KILL = "service killed"
    SERVICE_STOP = "service stopped with SIGTERM"


STATES: dict[str, dict[str, float]] = {
    "overloaded": {},
    "generation_failed": {},
    "too_many_requests": {"retry_after": 2},
    "cap": {"reset_after": 3.0},
    "network_lost": {},
    "moderation": {},
    "challenge": {},
    "body_only": {},
}
"""States of a site that a strike can put it into, with their options; ``usual`` ends them."""


@attrs.frozen(kw_only=True)
class PlannedTurn:
    """One request."""

    number: int
    mark: str
    fault: Fault
    dialect: str
    prompt_chars: int
    """Beside the mark; the larger ones go into the composer by other ways."""
    words: int
    """Of the answer."""
    delay: float
    """Seconds between two words of the answer."""
    leaves_after: int
    """Characters of the answer after which a client that leaves has gone; seconds x 100 where it leaves
    before there is one."""

    @property
    def prompt(self) -> str:
        """What the client's message says: the mark, and as much else as planned."""
        filler = _filler(self.mark + " prompt", self.prompt_chars)
        return f"This is mark-{self.mark}. Say it again.\n{filler}"


@attrs.frozen(kw_only=True)
class Talk:
    """One conversation of one client: each request but the first has those before it in its history."""

    id: str
    site: str
    client: int
    turns: tuple[PlannedTurn, ...]


@attrs.frozen(kw_only=True)
class Strike:
    """Something that happens once so many requests were begun."""

    at: int
    kind: StrikeKind
    site: str = ""
    """Whose page or state; empty where it hits everything."""
    state: str = ""
    until: int = 0
    """When a state ends, in requests begun."""
    luck: float = 0.0
    """Between 0 and 1: which of several pages or processes."""


@attrs.frozen(kw_only=True)
class Plan:
    """A whole soak; equal for equal arguments of :func:`make_plan`."""

    seed: int
    sites: tuple[str, ...]
    tabs: int
    talks: tuple[Talk, ...]
    strikes: tuple[Strike, ...]
    clients: int

    @property
    def turns(self) -> tuple[PlannedTurn, ...]:
        """All requests, by number."""
        every = (turn for talk in self.talks for turn in talk.turns)
        return tuple(sorted(every, key=lambda turn: turn.number))


def make_plan(
    *,
    seed: int,
    turns: int,
    sites: Sequence[str],
    tabs: int,
    strikes: Iterable[StrikeKind] | None = None,
) -> Plan:
    """Draw a plan.

    Args:
      tabs: of each site; there are more clients than that, so that some wait.
      strikes: the kinds to draw from; all of them when left out, none when empty.
    """
    rng = random.Random(seed)
    run = hashlib.sha256(f"soak {seed} {turns}".encode()).hexdigest()[:6]
    clients = tabs * len(sites) + 3
    faults = _draw_faults(rng, turns)
    talks: list[Talk] = []
    number = 0
    while number < turns:
        length = min(rng.choices((1, 2, 3, 5), (64, 16, 14, 6))[0], turns - number)
        planned = tuple(_draw_turn(rng, run, number + one, faults[number + one]) for one in range(length))
        talks.append(
            Talk(
                id=f"talk-{len(talks)}",
                site=sites[len(talks) % len(sites)],
                client=len(talks) % clients,
                turns=planned,
            )
        )
        number += length
    kinds = tuple(StrikeKind) if strikes is None else tuple(strikes)
    return Plan(
        seed=seed,
        sites=tuple(sites),
        tabs=tabs,
        talks=tuple(talks),
        strikes=_draw_strikes(rng, turns, tuple(sites), kinds),
        clients=clients,
    )


def _draw_faults(rng: random.Random, turns: int) -> list[Fault]:
    """One for each request: each at least once where there is room, the rest by their weights."""
    drawn = list(Fault)[:turns]
    drawn += rng.choices(tuple(FAULT_WEIGHTS), tuple(FAULT_WEIGHTS.values()), k=turns - len(drawn))
    rng.shuffle(drawn)
    return drawn


def _draw_turn(rng: random.Random, run: str, number: int, fault: Fault) -> PlannedTurn:
    # A client can only leave in mid-answer when the answer takes its time.
    lasts = fault in (Fault.LEAVES, Fault.RETURNS)
    return PlannedTurn(
        number=number,
        mark=f"{run}-{number}",
        fault=fault,
        dialect=rng.choice(DIALECTS[1:] if lasts else DIALECTS),
        prompt_chars=rng.choices((40, 700, 6_000, 30_000), (60, 25, 10, 5))[0],
        words=rng.randint(40, 80) if lasts else rng.randint(4, 60),
        delay=0.05 if lasts else rng.choice((0.0, 0.005, 0.02)),
        leaves_after=rng.randint(10, 120),
    )


_SPACING: dict[StrikeKind, int] = {
    StrikeKind.RENDERER_KILL: 23,
    StrikeKind.TAB_CLOSED: 31,
    StrikeKind.TAB_LED_AWAY: 47,
    StrikeKind.PAGE_LOOPS: 97,
    StrikeKind.PAGE_ALERT: 41,
    # Five deaths within five minutes are one too many for the supervisor, and that is as it should be.
    StrikeKind.BROWSER_KILL: 140,
    StrikeKind.BROWSER_STOPPED: 130,
    StrikeKind.STATE: 53,
    StrikeKind.SERVICE_KILL: 210,
    StrikeKind.SERVICE_STOP: 330,
}
"""One strike of a kind comes about so many requests after the last."""


def _draw_strikes(
    rng: random.Random, turns: int, sites: tuple[str, ...], kinds: Sequence[StrikeKind]
) -> tuple[Strike, ...]:
    strikes: list[Strike] = []
    for kind in kinds:
        spacing = min(_SPACING[kind], max(turns - 6, 8))  # each at least once, in a short soak too
        at = rng.randint(3, max(4, spacing - 3))
        while at < turns - 2:
            site = "" if kind.name.startswith(("BROWSER", "SERVICE")) else rng.choice(sites)
            state = rng.choice(tuple(STATES)) if kind is StrikeKind.STATE else ""
            until = at + rng.randint(4, 9) if state else 0
            strikes.append(Strike(at=at, kind=kind, site=site, state=state, until=until, luck=rng.random()))
            at += max(8, round(spacing * rng.uniform(0.8, 1.2)))
    strikes.sort(key=lambda strike: (strike.at, strike.kind.value))
    return tuple(_without_overlapping_states(strikes))


def _without_overlapping_states(strikes: Iterable[Strike]) -> list[Strike]:
    """A site is in one state at a time: what would begin before the last is over is left out."""
    kept: list[Strike] = []
    until: dict[str, int] = {}
    for strike in strikes:
        if strike.kind is StrikeKind.STATE:
            if strike.at < until.get(strike.site, 0) + 3:
                continue
            until[strike.site] = strike.until
        kept.append(strike)
    return kept


def answer_text(turn: PlannedTurn) -> str:
    """What the site answers: the mark, and words that no other answer has in this order."""
    return f"I heard mark-{turn.mark}. " + _filler(turn.mark + " answer", 10_000, words=turn.words)


def marks_in(text: str) -> list[str]:
    """The marks in a text, in order."""
    return _MARK.findall(text)


def _filler(seed: str, chars: int, *, words: int = 0) -> str:
    rng = random.Random(seed)
    if words:
        return " ".join(rng.choice(_WORDS) for _ in range(words)) + "."
    lines: list[str] = []
    size = 0
    while size < chars:
        line = " ".join(rng.choice(_WORDS) for _ in range(rng.randint(3, 14)))
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines)
