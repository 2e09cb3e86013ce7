"""Settings: four sources, one clear error, and nothing applied by a wrong value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.errors import SettingsError
from cdp_relay.settings import SECTIONS, Home, Settings, load_settings, setting_fields


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.locate({"CDP_RELAY_HOME": str(tmp_path)})


def write(home: Home, text: str) -> None:
    home.config_file.write_text(text, "utf-8")


# --- sources ---------------------------------------------------------------------------------------


def test_without_any_source_all_is_default(home: Home) -> None:
    loaded = load_settings(home, environ={})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == {field.name for field in setting_fields()}


def test_file_then_environment_then_command_line_and_the_later_wins(home: Home) -> None:
    write(home, "[server]\nport = 1001\nkeepalive_seconds = 5\n[chat]\ntabs = 2\n")
    environ = {"CDP_RELAY_SERVER_PORT": "1002", "CDP_RELAY_CHAT_QUEUE": "7"}
    loaded = load_settings(home, environ=environ, flags={"server.port": "1003"})
    assert loaded.settings.server.port == 1003
    assert loaded.settings.server.keepalive_seconds == 5.0
    assert (loaded.settings.chat.tabs, loaded.settings.chat.queue) == (2, 7)
    assert loaded.origins["server.port"] == "command line"
    assert loaded.origins["chat.queue"] == "environment CDP_RELAY_CHAT_QUEUE"
    assert loaded.origins["chat.tabs"] == f"file {home.config_file}"
    assert loaded.origins["chrome.profile"] == "default"


def test_what_belongs_to_one_site_stands_under_its_name(home: Home) -> None:
    write(home, "[sites.chatgpt]\nenabled = false\n")
    loaded = load_settings(home, environ={}, flags={"sites.claude.tabs": "3"})
    assert loaded.settings.site("chatgpt").enabled is False
    assert loaded.settings.site("claude").tabs == 3
    assert loaded.settings.site("gemini").enabled is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ()),
        ("--no-sandbox", ("--no-sandbox",)),
        ("--a --b='x y'", ("--a", "--b=x y")),
    ],
)
def test_lists_in_the_environment_are_split_as_a_shell_does(
    home: Home, text: str, value: tuple[str, ...]
) -> None:
    assert load_settings(home, environ={"CDP_RELAY_CHROME_ARGS": text}).settings.chrome.args == value


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("0", False), ("Yes", True), ("auto", None), ("", None)]
)
def test_a_switch_may_also_be_left_to_the_relay(home: Home, text: str, value: bool | None) -> None:
    loaded = load_settings(home, environ={"CDP_RELAY_CHROME_HEADLESS": text})
    assert loaded.settings.chrome.headless is value


@pytest.mark.parametrize("field", setting_fields(), ids=lambda field: field.name)
def test_every_setting_can_be_given_by_file_environment_and_flag(home: Home, field: Any) -> None:
    section, _, name = field.name.partition(".")
    texts = {"host": "127.0.0.1", "level": "debug", "format": "json"}
    texts |= {"when_full": "drop", "conversations": "new", "after_disconnect": "finish", "tidy": "delete"}
    numbers = {"max_body_bytes": "2048", "max_bytes": str(1 << 20)}
    if name in texts:
        text, in_file = texts[name], f'"{texts[name]}"'
    elif "list" in field.type_name:
        text, in_file = "practice", '["practice"]'
    elif "true" in field.type_name:
        text = in_file = "true" if field.default is False else "false"
    elif "number" in field.type_name:
        text = in_file = numbers.get(name, "3")
    else:
        text, in_file = "practice", '"practice"'
    by_environment = load_settings(home, environ={field.variable: text}).settings
    by_flag = load_settings(home, environ={}, flags={field.name: text}).settings
    write(home, f"[{section}]\n{name} = {in_file}\n")
    by_file = load_settings(home, environ={}).settings
    assert by_environment == by_flag == by_file
    assert getattr(getattr(by_file, section), name) != field.default


# --- wrong values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"server.port": "many"}, "server.port is whole number, not 'many'"),
        ({"server.port": 70000}, "server.port cannot be 70000"),
        ({"server.port": True}, "server.port is whole number, not True"),
        ({"server.host": "0.0.0.0"}, "server.host cannot be '0.0.0.0'"),
        ({"chrome.headless": "maybe"}, "chrome.headless is true or false or not set, not 'maybe'"),
        ({"limits.idle_seconds": 0}, "limits.idle_seconds cannot be 0.0"),
        ({"server.prt": "1"}, "there is no setting 'server.prt'. Did you mean 'server.port'?"),
        ({"sites.chatgpt.tab": "1"}, "there is no setting 'sites.chatgpt.tab'"),
        ({"sites.chatgpt.tabs": "99"}, "sites.chatgpt.tabs cannot be 99"),
        ({"profiles.work.atach": "1"}, "there is no setting 'profiles.work.atach'"),
        ({"chains.best.pick": "any"}, "chains.best.pick cannot be 'any'"),
        ({"nonsense": "1"}, "there is no setting 'nonsense'"),
    ],
)
def test_a_wrong_flag_is_one_error_that_names_it(home: Home, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(home, environ={}, flags=flags)
    assert str(caught.value).startswith("command line: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = 3\n", "'port' stands outside of a [section]"),
        ("[server\n", "cannot be read"),
        ("[server]\nport = '3'\n", "server.port is whole number, not '3'"),
        ("[chrome]\nargs = [1]\n", "chrome.args is list of texts, not [1]"),
        ("[sites]\nchatgpt = 1\n", "[sites] holds one table for each name"),
        ("[serve]\nport = 1\n", "there is no setting 'serve.port'. Did you mean 'server.port'?"),
    ],
)
def test_a_wrong_file_is_one_error_that_names_the_file(home: Home, text: str, words: str) -> None:
    write(home, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(home, environ={})
    assert str(home.config_file) in str(caught.value)
    assert words in str(caught.value)


def test_a_wrong_variable_is_named_with_its_variable(home: Home) -> None:
    with pytest.raises(SettingsError, match=r"^environment CDP_RELAY_CHAT_TABS: chat\.tabs"):
        load_settings(home, environ={"CDP_RELAY_CHAT_TABS": "-1"})


# --- folders and documentation ---------------------------------------------------------------------


def test_one_variable_moves_everything_into_one_folder(tmp_path: Path) -> None:
    home = Home.locate({"CDP_RELAY_HOME": str(tmp_path / "relay")})
    for path in (home.config_file, home.providers, home.profiles, home.key_file, home.sites_file):
        assert path.is_relative_to(tmp_path / "relay")
    assert not (tmp_path / "relay").exists()


def test_without_it_the_system_says_where_things_belong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home = Home.locate({})
    assert home.config.name == home.state.name == "cdp-relay"
    assert home.config != home.state


def test_every_setting_says_what_it_is() -> None:
    fields = setting_fields()
    assert len(fields) == sum(len(attrs.fields(section)) for section in SECTIONS.values())
    for field in fields:
        assert field.doc.endswith("."), field.name
        assert field.variable == "CDP_RELAY_" + field.name.upper().replace(".", "_")
