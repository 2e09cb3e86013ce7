from __future__ import annotations

import mmap
from pathlib import Path

import pytest
import structlog.testing

from cdp_relay.chrome import browser_arguments, check_arguments, find_browser
from cdp_relay.chrome.flags import FLAGS, REFUSED
from cdp_relay.errors import SettingsError

PROFILE = Path("/profiles/one")


def value_of(arguments: list[str], name: str) -> str:
    [found] = [one.partition("=")[2] for one in arguments if one.startswith(f"--{name}=")]
    return found


def test_a_controlled_start_has_its_profile_its_port_and_an_empty_page() -> None:
    arguments = browser_arguments(profile=PROFILE, port=9555)
    assert f"--user-data-dir={PROFILE}" in arguments
    assert "--remote-debugging-port=9555" in arguments
    assert arguments[-1] == "about:blank"
    assert not any(one.startswith("--headless") for one in arguments)


def test_headless_is_the_new_mode() -> None:
    assert "--headless=new" in browser_arguments(profile=PROFILE, port=9555, headless=True)


def test_a_plain_start_has_nothing_of_automation() -> None:
    arguments = browser_arguments(profile=PROFILE, port=None, url="https://example.com/")
    assert not any("remote-debugging" in one for one in arguments)
    assert "--deny-permission-prompts" not in arguments
    assert "--disable-extensions" not in arguments
    assert arguments[-1] == "https://example.com/"


def test_both_kinds_of_start_use_the_same_store_of_passwords() -> None:
    # Another store would lose the sign-in.
    for port in (None, 9555):
        assert value_of(browser_arguments(profile=PROFILE, port=port), "password-store") == "basic"


def test_no_start_weakens_the_browser() -> None:
    for platform in ("linux", "darwin", "win32"):
        names = {
            one[2:].partition("=")[0]
            for one in browser_arguments(profile=PROFILE, port=9555, platform=platform)[:-1]
        }
        own = {"user-data-dir", "remote-debugging-port", "headless"}
        assert not (names - own) & set(REFUSED)
        assert "no-sandbox" not in names


def test_every_flag_has_a_reason() -> None:
    assert all(flag.why.endswith(".") for flag in FLAGS)


def test_windows_adds_to_the_list_of_disabled_features() -> None:
    here = value_of(browser_arguments(profile=PROFILE, port=1, platform="linux"), "disable-features")
    there = value_of(browser_arguments(profile=PROFILE, port=1, platform="win32"), "disable-features")
    assert there == f"{here},CalculateNativeWinOcclusion"


def test_lists_of_features_are_joined_and_other_flags_replaced() -> None:
    extra = ("--disable-features=Mine,Translate", "--lang=de", "--mute-audio")
    arguments = browser_arguments(profile=PROFILE, port=1, extra=extra)
    features = value_of(arguments, "disable-features").split(",")
    assert "Mine" in features
    assert features.count("Translate") == 1
    assert value_of(arguments, "lang") == "de"
    assert "--mute-audio" in arguments


@pytest.mark.parametrize(
    "argument",
    [
        "--remote-allow-origins=*",
        "--remote-allow-origins=https://example.com",
        "--disable-web-security",
        "--DISABLE-WEB-SECURITY",
        "--disable-web-security=true",
        "--remote-debugging-address=0.0.0.0",
        "--remote-debugging-port=9222",
        "--remote-debugging-pipe",
        "--user-data-dir=/somewhere",
        "--disable-site-isolation-trials",
        "--ignore-certificate-errors",
        "--single-process",
        "--enable-automation",
        "--headless=old",
        "--load-extension=/x",
    ],
)
def test_dangerous_flags_are_refused_by_name_with_the_reason(argument: str) -> None:
    name = argument[2:].partition("=")[0].lower()
    with pytest.raises(SettingsError, match=f"must not hold --{name}: ") as caught:
        check_arguments([argument])
    assert REFUSED[name] in caught.value.message


@pytest.mark.parametrize("argument", ["-remote-debugging-port=1", "https://example.com", "--", "", "/flag"])
def test_what_is_no_flag_is_refused(argument: str) -> None:
    with pytest.raises(SettingsError, match="is not a flag"):
        check_arguments([argument])


def test_a_sandbox_that_is_switched_off_is_warned_about() -> None:
    with structlog.testing.capture_logs() as logs:
        check_arguments(["--no-sandbox"])
    assert [entry["event"] for entry in logs] == ["chrome.no_sandbox"]
    assert logs[0]["log_level"] == "warning"


@pytest.mark.browser
def test_the_installed_browser_knows_every_flag() -> None:
    library = Path("/usr/lib/chromium/chromium")
    binary = library if library.exists() else find_browser().path
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        missing = [
            flag.name
            for flag in FLAGS
            if flag.platform is None and content.find(b"\0" + flag.name.encode() + b"\0") < 0
        ]
    assert missing == []
