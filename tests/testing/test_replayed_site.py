"""A recording, served to a page, to a browser and to the relay."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from cdp_relay.errors import InvalidRequest, RecordingInvalid, SiteOverloaded
from cdp_relay.testing import ReplayRecording
from tests.contract.scenarios import ANSWER
from tests.recordings.shelf import code_of, folder_of
from tests.sites.claude import ClaudeSite

PLAIN = folder_of("claude", "plain_answer")
CODE = code_of(ClaudeSite)


@pytest.mark.browser
async def test_the_recorded_page_answers_the_relay_as_it_did(replayed_site: ReplayRecording) -> None:
    site = replayed_site(PLAIN, code=CODE)
    assert (site.name, site.origin) == ("claude", "https://claude.ai")
    async with site.open_relay() as relay:
        for _ in range(2):  # a page that is loaded again begins the recording anew
            reply = await site.ask("hello", relay=relay)
            assert reply.text == ANSWER
    assert [one.method for one in site.asked if one.url.endswith("/completion")] == ["POST", "POST"]
    assert not site.unmatched


@pytest.mark.browser
def test_a_bent_recording_fails_as_the_site_would(replayed_site: ReplayRecording) -> None:
    site = replayed_site(PLAIN, code=CODE, bend=lambda it: it.at("POST */completion").status(529))
    with pytest.raises(SiteOverloaded):
        trio.run(site.ask, "hello")


@pytest.mark.browser
def test_another_answer_is_swapped_in(replayed_site: ReplayRecording) -> None:
    site = replayed_site(PLAIN, code=CODE, bend=lambda it: it.swap("Quite another answer."))
    assert trio.run(site.ask, "hello").text == "Quite another answer."


async def test_a_recording_that_is_none_or_cannot_be_bent_so_is_an_error(
    replayed_site: ReplayRecording, tmp_path: Path
) -> None:
    with pytest.raises(RecordingInvalid, match="is no folder"):
        replayed_site(tmp_path / "nothing")
    (tmp_path / "broken.har").write_text("{")
    with pytest.raises(RecordingInvalid, match=r"broken\.har"):
        replayed_site(tmp_path / "broken.har")
    with pytest.raises(InvalidRequest, match="No request of the recording matches"):
        replayed_site(PLAIN, bend=lambda it: it.at("POST /nothing").cut(at=1))
