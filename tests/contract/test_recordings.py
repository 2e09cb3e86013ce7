"""The contract's scenarios on recordings of the replicas: what a client hears is what was recorded.

``test_contract`` compares what it hears of the live replicas with the same recordings.
"""

from __future__ import annotations

import traceback

import attrs
import pytest
import trio

from cdp_relay.recording.folder import read_recording
from cdp_relay.recording.session import Session
from tests.conftest import Sites
from tests.contract.conftest import OpenStages
from tests.contract.scenarios import RECORDED, SCENARIOS, Scenario
from tests.contract.stage import Stage
from tests.recordings.shelf import RECORDED_SITES, folder_of
from tests.recordings.stages import ReplayedStage, replay
from tests.recordings.told import differences

_SECONDS = 45.0
_SLOWLY = ("plain_answer", "client_stops", "stream_cut")
"""Where it matters that a stream is still open when it is listened to; all other chunks come at once."""
_ENDING_LATER = ("client_stops", "stream_cut")
_LATER_SECONDS = 1.0
"""How much longer the answer goes on: one that its site ended because it was stopped would be over before
that, and of one that breaks a busy page has not read what it needs to go on."""
_AT_LEISURE = ("/CountTokens", "/__replica")
"""What a page asks, or reports of itself, only when it is left the time for it."""


@pytest.mark.browser
@pytest.mark.timeout(300)
async def test_every_recording_plays_its_part(open_stages: OpenStages, sites: Sites) -> None:
    kinds = {kind.name: kind for kind in RECORDED_SITES}
    failures: list[str] = []

    async def play(live: Stage) -> None:
        for scenario in (one for one in SCENARIOS if one.name in RECORDED):
            live.next()
            session = read_recording(folder_of(live.name, scenario.name))
            if scenario.name in _ENDING_LATER:
                session = _with_later_end(session, live)
            speed = 0.5 if scenario.name in _SLOWLY else 0.0
            site = replay(session, kinds[live.name], speed=speed)
            stage = ReplayedStage(
                name=live.name,
                site=live.site,
                relay=live.relay,
                connection=live.connection,
                context=live.context,
                replayed=site,
            )
            with sites.server.serve(site):
                trouble = await _trouble(stage, scenario)
            if trouble:
                asked = "\n".join(map(str, site.asked))
                failures.append(f"--- {live.name} --- {scenario.name}\n{asked}\n{trouble}")

    async with open_stages() as stages, trio.open_nursery() as nursery:
        for stage in stages:
            if stage.name in kinds:
                nursery.start_soon(play, stage)
    assert not failures, "\n".join(failures)


def _with_later_end(session: Session, stage: Stage) -> Session:
    """Let the first answer go on for a while."""
    is_submission = stage.relay.providers[stage.name].is_submission
    exchanges = list(session.exchanges)
    place = next(
        place for place, one in enumerate(exchanges) if is_submission(one.request.method, one.request.url)
    )
    if (ended := exchanges[place].ended_at) is not None:
        exchanges[place] = attrs.evolve(exchanges[place], ended_at=ended + _LATER_SECONDS)
    return attrs.evolve(session, exchanges=exchanges)


async def _trouble(stage: ReplayedStage, scenario: Scenario) -> str:
    """Play a scenario, and say what was otherwise than recorded."""
    try:
        with trio.fail_after(_SECONDS):
            await scenario.act(stage)
    except (Exception, pytest.fail.Exception) as error:
        return "".join(traceback.format_exception(error))
    unmatched = [one for one in stage.replayed.unmatched if not one.url.endswith(_AT_LEISURE)]
    if unmatched:
        return "unmatched:\n" + "\n".join(map(str, unmatched))
    return differences(stage.told, [dict(one.event) for one in stage.replayed.session.heard])
