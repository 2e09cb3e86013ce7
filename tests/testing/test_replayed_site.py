"""A recording, served to a page, to a browser and to the relay."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from openai import APIConnectionError, OpenAI

from cdp_relay.errors import InvalidRequest, RecordingInvalid, SettingsError, SiteOverloaded
from cdp_relay.settings import ChatSettings, Settings
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


@pytest.mark.browser
def test_a_client_asks_the_recorded_page_over_http(replayed_site: ReplayRecording) -> None:
    site = replayed_site(PLAIN, code=CODE)
    with site.open_service() as service, OpenAI(base_url=service.base_url, api_key=service.key) as client:
        done = client.chat.completions.create(
            model="claude", messages=[{"role": "user", "content": "hello"}], timeout=30
        )
    assert done.choices[0].message.content == ANSWER
    with pytest.raises(APIConnectionError):
        OpenAI(base_url=service.base_url, api_key=service.key, max_retries=0).models.list()


def test_a_service_that_cannot_begin_says_why(replayed_site: ReplayRecording) -> None:
    site = replayed_site(PLAIN)
    settings = Settings(chat=ChatSettings(sites=("nowhere",)))
    with pytest.raises(SettingsError, match="nowhere"), site.open_service(settings=settings):
        pass


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
