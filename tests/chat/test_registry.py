"""Providers: built in, mended by a user's file, brought by a user, and refused when wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import pytest

from cdp_relay.chat.registry import load_provider, load_registry
from cdp_relay.errors import SettingsError
from cdp_relay.settings import ChatSettings, Home, Settings, SiteSettings

NEW_DEFINITION = """
title = "My Chat"
order = 1
[pages]
new_chat = "https://chat.example/"
hosts = ["chat.example"]
[selectors]
composer = ["textarea"]
send = ["button"]
stop = ["button.stop"]
[insertion.ladder]
textarea = ["drop"]
[submission]
paths = ["/ask"]
"""

NEW_CODE = """
from cdp_relay.chat.contract import Provider

class SiteProvider(Provider):
    pass
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "providers").mkdir()
    return Home(config=tmp_path, state=tmp_path)


def write(home: Home, name: str, text: str) -> None:
    (home.providers / name).write_text(text)


def test_the_built_in_sites_load() -> None:
    registry = load_registry()
    assert {"chatgpt", "practice"} <= set(registry.providers)
    assert all(provider.site.name == name for name, provider in registry.providers.items())


def test_a_users_file_overrides_single_keys_and_leaves_the_rest(home: Home) -> None:
    original = load_provider("chatgpt").site
    write(home, "chatgpt.toml", '[selectors]\nsend = ["button.changed"]\n')
    registry = load_registry(home)
    mended = registry.providers["chatgpt"].site
    assert mended.selectors == attrs.evolve(original.selectors, send=("button.changed",))
    assert mended.pages == original.pages
    assert registry.sources["chatgpt"].override == home.providers / "chatgpt.toml"


def test_a_pair_of_files_is_a_new_site(home: Home) -> None:
    write(home, "mychat.toml", NEW_DEFINITION)
    write(home, "mychat.py", NEW_CODE)
    registry = load_registry(home)
    assert next(iter(registry.providers)) == "mychat", "its order is the lowest"
    assert registry.providers["mychat"].new_chat_url(None) == "https://chat.example/"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[selectors]\nsnd = ["x"]', "there is no key 'snd' @ selectors"),
        ('[selectors]\nsend = "x"', "must be a list of texts, not 'x' @ selectors.send"),
        ('order = "first"', "must be a whole number, not 'first' @ order"),
        ("[limits]\nidle_seconds = true", "must be a number, not True @ limits.idle_seconds"),
        ('[submission]\npaths = ["("]', "'(' is not a regular expression"),
        ('[[states]]\ncode = "sleepy"', "there is no error code 'sleepy'"),
        ('[insertion]\nattachment = "maybe"', "@ insertion.attachment"),
        ("order = ", "chatgpt.toml: Invalid value"),
    ],
)
def test_a_wrong_override_is_refused_with_file_and_key(home: Home, text: str, said: str) -> None:
    write(home, "chatgpt.toml", text)
    with pytest.raises(SettingsError) as refused:
        load_registry(home)
    assert said in refused.value.message
    assert str(home.providers / "chatgpt.toml") in refused.value.message


def test_a_missing_key_of_a_new_site_is_named(home: Home) -> None:
    write(home, "mychat.toml", NEW_DEFINITION.replace('composer = ["textarea"]', ""))
    write(home, "mychat.py", NEW_CODE)
    with pytest.raises(SettingsError, match="the key 'composer' is missing @ selectors"):
        load_registry(home)


@pytest.mark.parametrize(
    ("code", "said"),
    [("x = 1", "no class SiteProvider"), ("1/0", "ZeroDivisionError"), ("def", "SyntaxError")],
)
def test_broken_code_of_a_new_site_is_named(home: Home, code: str, said: str) -> None:
    write(home, "mychat.toml", NEW_DEFINITION)
    write(home, "mychat.py", code)
    with pytest.raises(SettingsError, match=said) as refused:
        load_registry(home)
    assert "mychat.py" in refused.value.message


def test_an_override_of_nothing_is_refused(home: Home) -> None:
    write(home, "chatgtp.toml", "order = 1")
    with pytest.raises(SettingsError, match=r"chatgtp\.toml overrides no provider"):
        load_registry(home)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(chat=ChatSettings(sites=("chatgpt", "nope"))), "'nope'"),
        (Settings(chat=ChatSettings(default_site="nope")), "'nope'"),
        (Settings(sites={"nope": SiteSettings()}), r"sites\.nope"),
        (
            Settings(chat=ChatSettings(sites=("practice",)), sites={"practice": SiteSettings(enabled=False)}),
            "off",
        ),
    ],
)
def test_settings_that_name_no_site_are_refused(settings: Settings, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_registry(settings=settings)


@pytest.fixture
def installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a provider, as pip would leave it, on the import path."""
    folder = tmp_path / "site-packages"
    info = folder / "acme_chat-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-chat\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cdp_relay.providers]\nacme = acme_chat_provider\n")
    (folder / "acme_chat_provider.py").write_text(NEW_CODE)
    (folder / "acme_chat_provider.toml").write_text(NEW_DEFINITION)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "acme_chat_provider", raising=False)
    return folder


def test_an_installed_package_brings_a_site(installed_package: Path, home: Home) -> None:
    write(home, "acme.toml", 'title = "Renamed by me"')
    registry = load_registry(home)
    assert registry.providers["acme"].site.title == "Renamed by me"
    assert registry.sources["acme"].origin == "package acme_chat_provider"


def test_an_installed_package_without_its_definition_is_named(installed_package: Path) -> None:
    (installed_package / "acme_chat_provider.toml").unlink()
    with pytest.raises(SettingsError, match=r"acme_chat_provider\.toml cannot be read"):
        load_registry()


def test_only_the_chosen_sites_are_offered() -> None:
    settings = Settings(chat=ChatSettings(sites=("practice",)))
    assert list(load_registry(settings=settings).providers) == ["practice"]
