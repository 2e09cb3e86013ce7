"""The table of what can be recorded, and the words and selectors of a site that go with it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from cdp_relay.chat.registry import load_provider
from cdp_relay.errors import SettingsError
from cdp_relay.recording.driving._literals import known_words
from cdp_relay.recording.driving.looking import definition_selectors
from cdp_relay.recording.driving.scenarios import SCENARIOS, STEPS, find_scenario
from cdp_relay.settings import Home
from tests.recording.streams import SITES


def test_every_scenario_is_found_by_its_name_and_can_be_told_to_a_person() -> None:
    for name, scenario in SCENARIOS.items():
        assert find_scenario(name) is scenario
        assert scenario.title
        assert all(scenario.prompts)
        assert set(scenario.by_hand) <= set(STEPS)


def test_an_unknown_scenario_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(SettingsError, match=r"'plian'.*plain, code"):
        find_scenario("plian")


@pytest.mark.parametrize("site", SITES)
def test_the_words_that_a_decoder_compares_with_are_the_site_s_own(site: str) -> None:
    words = known_words(load_provider(site))
    expected = {
        "chatgpt": {"message_stream_complete", "finished_successfully", "conversation_id"},
        "claude": {"content_block_delta", "text_delta"},
        "gemini": {"wrb.fr"},
        "aistudio": {"textarea"},
    }
    assert expected[site] <= words
    assert not any(len(word) > 64 for word in words)


def test_docstrings_are_no_words_of_a_site_and_a_user_s_provider_is_read_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "providers"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        'name = "mine"\ntitle = "Mine"\n[pages]\nnew_chat = "https://mine.example/"\n'
        '[selectors]\ncomposer = ["#c"]\nsend = ["#s"]\nstop = ["#t"]\n'
        '[insertion.ladder]\ntextarea = ["insert-text"]\n[submission]\npaths = ["/ask"]\n'
    )
    (folder / "mine.py").write_text(
        '"""Mine."""\nfrom cdp_relay.chat.contract import Provider\n\n'
        'class SiteProvider(Provider):\n    """A class."""\n    kinds = ("frob", "nib")\n'
        "    def new_decoder(self):\n        raise NotImplementedError\n"
    )
    words = known_words(load_provider("mine", Home(config=tmp_path, state=tmp_path)))
    assert {"frob", "nib", "insert-text", "#c"} <= words
    assert not {"Mine.", "A class."} & words


@pytest.mark.parametrize("site", SITES)
def test_all_keys_of_a_definition_that_look_for_something_are_looked_at(site: str) -> None:
    definition = load_provider(site).site
    keys = definition_selectors(definition)
    assert keys["selectors.composer"] == definition.selectors.composer
    assert keys["answer.turn"] == definition.answer.turn
    for name, rule in definition.controls.items():
        assert keys[f"controls.{name}.control"] == rule.control
    assert all(keys.values())
    every = set(itertools.chain.from_iterable(keys.values()))
    assert set(definition.answer.done) | set(definition.attachments.input) <= every
