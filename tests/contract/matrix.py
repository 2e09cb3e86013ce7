"""The matrix of scenarios and sites, as Markdown for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from tests.contract.scenarios import SCENARIOS, Scenario

__all__ = ["DOCUMENT", "Cells", "documented", "documented_sites", "render"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "contract-matrix.md"

Cells = Mapping[str, str]
"""For one scenario: by site, why it does not apply; empty where it holds."""

_YES = "✓"
_UNKNOWN = "?"
_INTRODUCTION = """\
<!-- Written by: pytest tests/contract --write-matrix -->

# What holds on which site

Every chat site has to pass the same scenarios, on a replica of its page in a real Chromium, through the
whole relay. ✓ holds; a number is a reason why the scenario makes no sense there. A new site gets the table
by a line in `tests/sites/chats.py` that names its replica.
"""


@attrs.define
class _Reasons:
    """Numbers for reasons, in the order of their first use."""

    numbers: dict[str, int] = attrs.field(factory=dict)

    def mark(self, reason: str) -> str:
        return str(self.numbers.setdefault(reason, len(self.numbers) + 1)) if reason else _YES


def render(sites: Sequence[str], results: Mapping[str, Cells]) -> str:
    """The whole document.

    Args:
      results: the cells by the scenarios' names; a scenario that is missing has none.
    """
    reasons = _Reasons()
    lines = [_INTRODUCTION]
    for group in dict.fromkeys(scenario.group for scenario in SCENARIOS):
        lines += [f"## {group}", "", _line(["scenario", *sites]), _line(["---", *("---" for _ in sites)])]
        for scenario in SCENARIOS:
            if scenario.group == group:
                cells = results.get(scenario.name, {})
                marks = [reasons.mark(cells[site]) if site in cells else _UNKNOWN for site in sites]
                lines.append(_line([scenario.title, *marks]))
        lines.append("")
    if reasons.numbers:
        lines += ["## Reasons", ""]
        lines += [f"{number}. {reason}" for reason, number in reasons.numbers.items()]
        lines.append("")
    return "\n".join(lines)


def documented_sites(text: str) -> list[str]:
    """The sites that a document has columns for."""
    head = next(line for line in text.splitlines() if line.startswith("| scenario |"))
    return _cells(head)[1:]


def documented(text: str, scenario: Scenario) -> Cells | None:
    """What a document says of a scenario; None when it has no such row."""
    reasons = {
        number: reason
        for number, dot, reason in (line.partition(". ") for line in text.splitlines())
        if dot and number.isdigit()
    }
    for line in text.splitlines():
        if line.startswith(f"| {scenario.title} |"):
            marks = zip(documented_sites(text), _cells(line)[1:], strict=True)
            return {site: reasons.get(mark, "") for site, mark in marks if mark != _UNKNOWN}
    return None


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
