"""The browser's command line: every flag as data, with its reason.

Nothing here hides that the browser is automated, and nothing weakens its sandbox or its rules
about origins; such flags are refused when a setting asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import structlog

from cdp_relay.errors import SettingsError

__all__ = ["FLAGS", "REFUSED", "Flag", "browser_arguments", "check_arguments"]

_log = structlog.stdlib.get_logger("cdp_relay.chrome")


@attrs.frozen
class Flag:
    """One flag that the relay gives."""

    name: str
    value: str | None
    why: str
    plain: bool = False
    """Whether a sign-in by hand gets it too; the rest belongs to a controlled browser only."""
    platform: str | None = None
    """The only platform that it is for."""

    @property
    def text(self) -> str:
        """The flag as it stands on the command line."""
        return f"--{self.name}" if self.value is None else f"--{self.name}={self.value}"


FLAGS: tuple[Flag, ...] = (
    Flag("no-first-run", None, "No welcome pages in a new profile.", plain=True),
    Flag("no-default-browser-check", None, "No question about the default browser.", plain=True),
    Flag("disable-default-apps", None, "A new profile installs nothing.", plain=True),
    Flag("disable-search-engine-choice-screen", None, "No blocking choice at the first start.", plain=True),
    Flag("hide-crash-restore-bubble", None, "After a crash, no bubble over the page.", plain=True),
    Flag(
        "password-store",
        "basic",
        "No keyring prompt. Every start of a profile has to agree: another store loses the cookies.",
        plain=True,
    ),
    Flag("lang", "en-US", "Sites and their labels come in one known language.", plain=True),
    Flag("window-size", "1280,900", "A stable layout, wide enough for the sites' desktop form.", plain=True),
    Flag(
        "edge-skip-compat-layer-relaunch",
        None,
        "Edge would start itself again as another process.",
        plain=True,
        platform="win32",
    ),
    Flag("deny-permission-prompts", None, "A prompt would hang the page's call, with no event for it."),
    Flag("disable-extensions", None, "Nobody else's code in the pages."),
    Flag("disable-background-networking", None, "No traffic of the browser's own."),
    Flag("disable-component-update", None, "No traffic of the browser's own."),
    Flag("disable-sync", None, "The profile stays on this machine."),
    Flag("disable-breakpad", None, "No crash uploads: a dump holds page contents."),
    Flag("disable-domain-reliability", None, "No reports about what pages did."),
    Flag(
        "disable-features",
        "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
        "Less UI, less traffic.",
    ),
    Flag(
        "disable-features",
        "WebUIOmniboxPopup,WebUIOmniboxAimPopup",
        "Two hidden pages less: 75 MB, and 30 MB for each further window (measured on Chromium 156).",
    ),
    Flag(
        "disable-features",
        "CalculateNativeWinOcclusion",
        "A covered window goes on painting.",
        platform="win32",
    ),
    Flag("disable-background-timer-throttling", None, "Timers of tabs in the background keep time."),
    Flag("disable-renderer-backgrounding", None, "Tabs in the background keep their priority."),
    Flag("disable-backgrounding-occluded-windows", None, "A covered window counts as visible."),
)

_OURS = "the relay chooses it itself"
_ORIGINS = "any web page could then drive the browser"

REFUSED: dict[str, str] = {
    "remote-allow-origins": _ORIGINS,
    "remote-debugging-address": "the debugging port stays on loopback",
    "remote-debugging-port": f"{_OURS} ('cdp-relay launch --port' names one)",
    "remote-debugging-pipe": _OURS,
    "remote-debugging-io-pipes": _OURS,
    "user-data-dir": "chrome.profile names the profile",
    "headless": "chrome.headless decides that",
    "disable-web-security": "it lets every page read the sites you are signed in to",
    "disable-site-isolation-trials": "it puts pages of different sites into one process",
    "disable-site-isolation-for-policy": "it puts pages of different sites into one process",
    "ignore-certificate-errors": "anybody on the network could then be the site",
    "allow-running-insecure-content": "it lets insecure scripts into secure pages",
    "single-process": "one page's crash would end the browser, and there is no sandbox",
    "enable-automation": "the relay needs none of it, and it changes what pages see",
    "use-mock-keychain": "a profile that stays must keep its real key store",
    "load-extension": "no code but the sites' own runs in the relay's profile",
    "disable-extensions-except": "no code but the sites' own runs in the relay's profile",
}
"""Flags that ``chrome.args`` must not hold, with the reason. Names in lower case."""

_LISTS = ("disable-features", "enable-features", "disable-blink-features", "enable-blink-features")


def check_arguments(arguments: Sequence[str]) -> None:
    """Look through the flags of ``chrome.args``.

    ``--no-sandbox`` is let through with a warning: a container's CI may need it, a person's profile
    must not.

    Raises:
      SettingsError: one is not a flag, or is one that the relay refuses; the message says why.
    """
    for argument in arguments:
        name, _ = _parts(argument)
        if not argument.startswith("--") or not name:
            raise SettingsError(
                f"chrome.args holds {argument!r}, which is not a flag: flags begin with '--'."
            )
        if name in REFUSED:
            raise SettingsError(f"chrome.args must not hold --{name}: {REFUSED[name]}.")
        if name == "no-sandbox":
            _log.warning(
                "chrome.no_sandbox",
                consequence="a page that breaks the renderer has this account's rights; "
                "only for machines without a person's profile, such as CI",
            )


def browser_arguments(
    *,
    profile: Path,
    port: int | None,
    headless: bool = False,
    extra: Sequence[str] = (),
    url: str | None = "about:blank",
    platform: str = "linux",
) -> list[str]:
    """Compose the arguments of one start, the program itself not included.

    A flag in *extra* takes the place of ours of the same name; lists of features are joined.

    Args:
      port: the debugging port; None starts the browser plain, for a person.

    Raises:
      SettingsError: *extra* holds something that is refused.
    """
    check_arguments(extra)
    values: dict[str, str | None] = {"user-data-dir": str(profile)}
    if port is not None:
        values["remote-debugging-port"] = str(port)
    if headless:
        # The old headless mode is a different browser; pages and sign-ins differ in it.
        values["headless"] = "new"
    for flag in FLAGS:
        if (flag.plain or port is not None) and flag.platform in (None, platform):
            _put(values, flag.name, flag.value)
    for argument in extra:
        _put(values, *_parts(argument))
    arguments = [f"--{name}" if value is None else f"--{name}={value}" for name, value in values.items()]
    return arguments if url is None else [*arguments, url]


def _parts(argument: str) -> tuple[str, str | None]:
    # Windows takes switches in any case, so they are compared in lower case.
    name, equals, value = argument.lstrip("-").partition("=")
    return name.strip().lower(), value if equals else None


def _put(values: dict[str, str | None], name: str, value: str | None) -> None:
    # The browser heeds only the last flag of a name, so lists have to be joined.
    before = values.get(name)
    if name in _LISTS and before and value:
        value = ",".join(dict.fromkeys([*before.split(","), *value.split(",")]))
    values[name] = value
