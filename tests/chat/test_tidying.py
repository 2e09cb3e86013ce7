"""Chats that the relay began are put away on the site's own page, and none of the person's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.begun import BegunChat, BegunChats
from cdp_relay.chat.relay import open_relay
from cdp_relay.chat.vocabulary import ChatChoice
from cdp_relay.settings import Home, Settings
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChatSite, ChromiumProcess

A, B = BegunChat("chatgpt", "a"), BegunChat("claude@work", "b")


def test_a_chat_is_out_of_use_so_long_after_its_last_use(tmp_path: Path) -> None:
    chats = BegunChats(tmp_path / "begun.json", rest_seconds=100)
    assert chats.next_at() is None
    assert chats.used(A, 1000, begun=True)
    assert chats.used(B, 1010, begun=True)
    assert chats.used(A, 1050, begun=False)
    assert chats.next_at() == 1110
    assert chats.take(1109) is None
    assert chats.take(1110) == B
    assert chats.next_at() == 1150


def test_a_chat_that_the_relay_did_not_begin_is_never_known(tmp_path: Path) -> None:
    chats = BegunChats(tmp_path / "begun.json", rest_seconds=0)
    assert not chats.used(A, 1000, begun=False)
    assert chats.take(9999) is None


def test_what_was_begun_outlives_a_restart_and_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "state" / "begun.json"
    chats = BegunChats(path, rest_seconds=100)
    chats.used(B, 1010, begun=True)
    chats.used(A, 1000, begun=True)
    chats.write(chats.document())
    assert path.stat().st_mode & 0o777 == 0o600
    again = BegunChats(path, rest_seconds=100)
    again.load()
    assert [again.take(9999), again.take(9999), again.take(9999)] == [A, B, None]
    path.write_text('[["chatgpt", "a"]]')
    broken = BegunChats(path, rest_seconds=100)
    broken.load()
    assert broken.next_at() is None


@pytest.mark.parametrize(
    ("name", "how", "done"),
    [("chatgpt", "archive", "archived"), ("claude", "delete", "deleted"), ("gemini", "delete", "deleted")],
)
async def test_a_chat_out_of_use_is_put_away_on_its_page(
    name: str,
    how: str,
    done: str,
    chromium: ChromiumProcess,
    browser_context: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    site: ChatSite[Any] = request.getfixturevalue(f"{name}_site")
    async with open_relay(
        tidying(relay_settings(chromium, name), how),
        Home(config=tmp_path, state=tmp_path),
        browser_context_id=browser_context,
    ) as relay:
        begun = (await ask(relay, question("in passing", model=name))).finished.conversation_id
        put_away = await site.journal.wait("put_away", timeout=20)
    assert begun is not None
    assert put_away["how"] == done
    assert str(put_away["chat"]).removeprefix("c_") == begun.removeprefix("c_")


async def test_a_chat_of_the_persons_own_stays(
    chromium: ChromiumProcess, browser_context: str, chatgpt_site: ChatGPTSite, tmp_path: Path
) -> None:
    home = Home(config=tmp_path, state=tmp_path)
    keeping = relay_settings(chromium, "chatgpt")
    async with open_relay(keeping, home, browser_context_id=browser_context) as relay:
        own = (await ask(relay, question("the person's own chat"))).finished.conversation_id
    settings = tidying(keeping, "delete")
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        named = attrs.evolve(question("and on"), chat=ChatChoice(conversation_id=own))
        assert (await ask(relay, named)).finished.conversation_id == own
        begun = (await ask(relay, question("in passing"))).finished.conversation_id
        put_away = await chatgpt_site.journal.wait("put_away", timeout=20)
    assert [put_away["chat"], put_away["how"]] == [begun, "deleted"]
    assert chatgpt_site.journal.count("put_away") == 1


def tidying(settings: Settings, how: str) -> Settings:
    return attrs.evolve(settings, chat=attrs.evolve(settings.chat, tidy=how, tidy_hours=0.0))
