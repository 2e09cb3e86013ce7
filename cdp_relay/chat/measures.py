"""What the service has done since it started, in figures: counted here, shown by whoever is asked.

Plain numbers, that no library owns: a scrape reads them, and nothing is paid for them in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import attrs

__all__ = ["Distribution", "Measures"]

_K = TypeVar("_K")

STEP_BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From a tab that stands ready (milliseconds) to a model that thinks, or a queue, for minutes."""

TURN_BOUNDS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


@attrs.define(eq=False)
class Distribution:
    """How often a value fell below each of some bounds."""

    bounds: Sequence[float]
    total: float = attrs.field(default=0.0, init=False)
    """The sum of all values."""
    _counts: list[int] = attrs.field(init=False)
    """How many fell into each bound and into none below; the last has no bound."""

    def __attrs_post_init__(self) -> None:
        self._counts = [0] * (len(self.bounds) + 1)

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    @property
    def cumulative(self) -> tuple[int, ...]:
        """How many values were at most each of the bounds; one more at the end, for all."""
        sums, so_far = [], 0
        for count in self._counts:
            so_far += count
            sums.append(so_far)
        return tuple(sums)

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@attrs.define(eq=False)
class Measures:
    """Counts of turns, by desk where nothing else is said; they only rise.

    Their keys are few by nature: desks, steps, states and codes, and never a word of a client's.
    """

    begun: int = 0
    """Turns that were asked for."""
    ended: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    """By desk, state (``finished``, ``stopped``, ``failed``, ``lost``) and the error's code."""
    turn_seconds: dict[tuple[str, str], Distribution] = attrs.field(factory=dict)
    """By desk and state."""
    step_seconds: dict[tuple[str, str], Distribution] = attrs.field(factory=dict)
    """What turns spent in a step, until they came to another; by desk and step."""
    first_word_seconds: dict[str, Distribution] = attrs.field(factory=dict)
    """From the request to the first word of its answer, or to its first call."""
    prompt_characters: Counter[str] = attrs.field(factory=Counter)
    """Of the prompts that were put into pages."""
    answer_characters: Counter[str] = attrs.field(factory=Counter)
    """Of texts and of calls' arguments, as clients were told them; of turns that have ended."""
    answer_pieces: Counter[str] = attrs.field(factory=Counter)
    """In how many pieces that was; of turns that have ended."""
    chats: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """In which kind of chat turns went on: by desk and ``new``, ``held``, ``reopened`` or ``old``."""
    messages_spared: Counter[str] = attrs.field(factory=Counter)
    """Messages that were not sent again, because the chat held them."""
    corrections: Counter[str] = attrs.field(factory=Counter)
    """Answers that the model was asked to correct."""
    notices: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """By desk and code: ``restarted``, ``fell_back``, ``captured_from_page``, ..."""
    recovered: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """Turns that an earlier run of the service left, by desk and the state that they came to."""
    shared: Counter[str] = attrs.field(factory=Counter)
    """Requests that were given another one's answer: one that was ``running``, or was ``kept``."""

    def step_took(self, desk: str, step: str, seconds: float) -> None:
        """Count the time that a turn spent in a step."""
        _in(self.step_seconds, (desk, step), STEP_BOUNDS).add(seconds)

    def first_word_took(self, desk: str, seconds: float) -> None:
        """Count the time to a first word."""
        _in(self.first_word_seconds, desk, STEP_BOUNDS).add(seconds)

    def turn_ended(self, desk: str, state: str, code: str, seconds: float) -> None:
        """Count a turn.

        Args:
          code: of the error; empty where there is none.
        """
        self.ended[desk, state, code] += 1
        _in(self.turn_seconds, (desk, state), TURN_BOUNDS).add(seconds)


def _in(distributions: dict[_K, Distribution], key: _K, bounds: Sequence[float]) -> Distribution:
    found = distributions.get(key)
    if found is None:
        found = distributions[key] = Distribution(bounds)
    return found
