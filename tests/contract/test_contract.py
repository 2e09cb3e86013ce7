"""Every chat site does what the table says, through the real relay, on a replica of its page.

Where there is a recording of a scenario, what is heard has to be what was recorded.
The sites play a scenario side by side: most of its time is waiting, for one of them as for all.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio

from cdp_relay.recording.folder import read_recording
from tests.contract.conftest import OpenStages
from tests.contract.matrix import DOCUMENT, documented, documented_sites
from tests.contract.scenarios import RECORDED, SCENARIOS, Scenario
from tests.contract.stage import NotApplicable, Stage
from tests.recordings.shelf import RECORDED_SITES, folder_of
from tests.recordings.told import differences

_TOGETHER = 10
"""So many scenarios share a relay: a new tab costs as much as what they do in it."""
_SECONDS = 45.0
"""A scenario takes a second or two; a machine that is full of other work may take many times that."""


def _batches() -> Iterator[Any]:
    """Scenarios that share a relay and its tabs, and those that have one of their own."""
    shared: dict[tuple[tuple[str, float], ...], list[Scenario]] = {}
    for scenario in SCENARIOS:
        if scenario.alone:
            yield pytest.param([scenario], id=scenario.name)
        else:
            shared.setdefault(tuple(scenario.limits.items()), []).append(scenario)
    for alike in shared.values():
        for at in range(0, len(alike), _TOGETHER):
            batch = alike[at : at + _TOGETHER]
            yield pytest.param(batch, id=" ".join(scenario.name for scenario in batch))


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenarios", [*_batches()])
async def test_every_site_plays_its_part(
    scenarios: list[Scenario],
    open_stages: OpenStages,
    site_names: list[str],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    reasons = {scenario.name: dict.fromkeys(site_names, "") for scenario in scenarios}
    failures: list[str] = []
    recorded_sites = {kind.name for kind in RECORDED_SITES}

    async def play(stage: Stage) -> None:
        for number, scenario in enumerate(scenarios):
            if number:
                stage.next()
            try:
                scenario.check_plays_on(stage.name)
                with trio.fail_after(_SECONDS):
                    await scenario.act(stage)
                if scenario.name in RECORDED and stage.name in recorded_sites:
                    recorded = read_recording(folder_of(stage.name, scenario.name)).heard
                    assert not differences(stage.told, (one.event for one in recorded))
            except NotApplicable as reason:
                reasons[scenario.name][stage.name] = str(reason)
            except (Exception, pytest.fail.Exception) as error:
                happened = ", ".join(entry.kind for entry in stage.site.journal.entries())
                trace = "".join(traceback.format_exception(error))
                failures.append(f"--- {stage.name} --- {scenario.name}\nthere was: {happened}\n{trace}")

    async with open_stages(**scenarios[0].limits) as stages, trio.open_nursery() as nursery:
        for stage in stages:
            nursery.start_soon(play, stage)
    assert not failures, "\n".join(failures)
    record_property("contract", reasons)
    if not request.config.getoption("--write-matrix", default=False):
        text = DOCUMENT.read_text("utf-8")
        for scenario in scenarios:
            said = documented(text, scenario)
            assert said is not None, "no such row: run 'pytest tests/contract --write-matrix'"
            assert {name: said.get(name) for name in site_names} == reasons[scenario.name]


def test_the_documented_matrix_has_a_row_for_every_scenario_and_a_column_for_every_site() -> None:
    from tests.sites.chats import CHAT_SITES

    text = DOCUMENT.read_text("utf-8")
    assert documented_sites(text) == [kind.name for kind in CHAT_SITES]
    for scenario in SCENARIOS:
        cells = documented(text, scenario)
        assert cells is not None
        assert list(cells) == [kind.name for kind in CHAT_SITES]


def test_the_rows_have_names_and_titles_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS)
