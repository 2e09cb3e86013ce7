"""Every setting: its name, type, default and meaning, and where its value came from.

Sources, the later wins: the default, ``config.toml`` in the configuration folder, the environment
(``CDP_RELAY_<SECTION>_<NAME>``, lists split at white space as a shell does), the command line.
A wrong value anywhere is one clear error, and nothing is changed by it.

``CDP_RELAY_HOME`` moves everything that the relay keeps into one folder.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, ge, in_, le, optional

from cdp_relay.errors import SettingsError

__all__ = [
    "ChainSettings",
    "ChatSettings",
    "ChromeSettings",
    "Home",
    "JournalSettings",
    "LimitSettings",
    "LoadedSettings",
    "LogSettings",
    "ProfileSettings",
    "ServerSettings",
    "SettingField",
    "Settings",
    "SiteSettings",
    "load_settings",
    "setting_fields",
]


def _setting(default: Any, doc: str, *, validator: Callable[..., Any] | None = None) -> Any:
    return attrs.field(default=default, validator=validator, metadata={"doc": doc})


def _expressions(_: Any, __: Any, value: tuple[str, ...]) -> None:
    for one in value:
        try:
            re.compile(one)
        except re.error as error:
            raise ValueError(f"{one!r} is no regular expression ({error})") from None


_PORT = and_(ge(0), le(65535))
_POSITIVE = ge(0.05)


@attrs.frozen(kw_only=True)
class ServerSettings:
    """The HTTP service."""

    host: str = _setting(
        "localhost",
        "Loopback name or address to listen on; 'localhost' means both 127.0.0.1 and ::1.",
        validator=in_(("localhost", "127.0.0.1", "::1")),
    )
    port: int = _setting(3003, "TCP port; 0 takes a free one and prints it.", validator=_PORT)
    max_body_bytes: int = _setting(
        32 * 1024 * 1024, "Largest request body that is read.", validator=and_(ge(1024), le(1 << 30))
    )
    hold_headers_seconds: float = _setting(
        100.0,
        "How long a streamed answer's status line may wait for the site to accept the prompt, "
        "so that failures before that get a status of their own.",
        validator=ge(0.0),
    )
    keepalive_seconds: float = _setting(
        15.0, "Longest silence on a streamed answer; an empty delta fills it.", validator=_POSITIVE
    )
    shutdown_seconds: float = _setting(
        10.0, "How long running answers may go on once the service is told to stop.", validator=ge(0.0)
    )
    stored_responses: int = _setting(
        500,
        "Answers of /v1/responses that are kept in memory for previous_response_id and for fetching; "
        "the oldest go first, and 0 keeps none.",
        validator=and_(ge(0), le(100_000)),
    )
    stored_bytes: int = _setting(
        128 * 1024 * 1024,
        "How many bytes the kept answers may hold, the conversations before them included.",
        validator=ge(0),
    )


@attrs.frozen(kw_only=True)
class ChromeSettings:
    """The browser."""

    executable: str = _setting("", "Path or command of the browser; empty finds one.")
    profile: str = _setting("default", "Name of the dedicated profile, or the absolute path of its folder.")
    attach: str = _setting(
        "", "Address of an open debugging port (http://127.0.0.1:9222) to use instead of starting a browser."
    )
    headless: bool | None = _setting(
        None, "Run without a window; when not set, only where there is no display, with a warning."
    )
    args: tuple[str, ...] = _setting((), "Further command line flags for the browser.")
    start_seconds: float = _setting(30.0, "How long the browser may take to start.", validator=_POSITIVE)
    restart: bool = _setting(True, "Start the browser again when it died.")
    keep_running: bool = _setting(
        False,
        "Leave the browser running when the service stops; the next start takes it over.",
    )


@attrs.frozen(kw_only=True)
class ChatSettings:
    """Routing and queueing."""

    default_site: str = _setting(
        "auto",
        "Site for model labels that name none, in a profile (SITE@PROFILE) or not, or a chain; 'auto' takes "
        "the first enabled site that is signed in, and the practice site while there is none.",
    )
    sites: tuple[str, ...] = _setting((), "Sites to offer; empty offers all that are installed.")
    tabs: int = _setting(1, "Tabs per site that may answer at once.", validator=and_(ge(1), le(16)))
    queue: int = _setting(
        32, "Requests per site that may wait for a tab; more are refused with 429.", validator=ge(0)
    )
    when_full: str = _setting(
        "refuse",
        "What happens to a request that finds the queue full: 'refuse' it with 429, or 'drop' the one that "
        "has waited longest of the client that has most of them waiting.",
        validator=in_(("refuse", "drop")),
    )
    conversations: str = _setting(
        "auto",
        "'auto' goes on in the chat that holds a request's conversation so far, and sends only what is new; "
        "'new' opens a new chat with the whole conversation for each request.",
        validator=in_(("auto", "new")),
    )
    after_disconnect: str = _setting(
        "stop",
        "What becomes of an answer whose client has gone: 'stop' it on the page, or let it 'finish' and keep "
        "it to be fetched. Requests with an Idempotency-Key always finish.",
        validator=in_(("stop", "finish")),
    )
    retry_seconds: float = _setting(
        120.0,
        "How long after its end an answer is given once more to a client that says that it repeats its "
        "request; 0 sends each to the page again.",
        validator=ge(0.0),
    )
    idle_tab_seconds: float = _setting(
        900.0, "How long a tab may stand unused before it is closed; 0 closes none.", validator=ge(0.0)
    )
    tab_memory_mb: int = _setting(
        1024,
        "A tab whose page holds more than so many megabytes is opened anew after its turn; 0 never.",
        validator=ge(0),
    )
    tidy: str = _setting(
        "keep",
        "What becomes of the chats that the relay itself began, once they are out of use: 'keep' leaves them "
        "on the site, 'archive' and 'delete' do that on the site's page.",
        validator=in_(("keep", "archive", "delete")),
    )
    tidy_hours: float = _setting(
        24.0, "How long a chat is unused before it is out of use; 0 is at once.", validator=ge(0.0)
    )
    max_file_bytes: int = _setting(
        32 * 1024 * 1024,
        "Largest file of an answer (an image, a document) that is fetched; larger ones are left in the chat.",
        validator=and_(ge(0), le(1 << 30)),
    )
    temporary: bool = _setting(
        False, "Ask in temporary chats, which the site does not keep, where a site has them."
    )
    person_seconds: float = _setting(
        0.0,
        "How long a request may wait for the person where a site asks for one (a check, a sign-in, terms); "
        "0 refuses at once with 503.",
        validator=ge(0.0),
    )


@attrs.frozen(kw_only=True)
class LimitSettings:
    """Time limits in seconds. Those named like a site's own limits override them for every site."""

    queue_seconds: float = _setting(
        300.0, "Longest wait for a tab, and longest wait for the site's pace.", validator=_POSITIVE
    )
    open_seconds: float | None = _setting(None, "Opening the chat page.", validator=optional(_POSITIVE))
    ready_seconds: float | None = _setting(
        None, "From the opened page to a usable composer.", validator=optional(_POSITIVE)
    )
    controls_seconds: float | None = _setting(
        None, "Setting the page's controls (model, effort, ...).", validator=optional(_POSITIVE)
    )
    compose_seconds: float | None = _setting(
        None, "Putting the prompt into the composer.", validator=optional(_POSITIVE)
    )
    submit_seconds: float | None = _setting(
        None, "From pressing send to the prompt's leaving the page.", validator=optional(_POSITIVE)
    )
    first_byte_seconds: float | None = _setting(
        None, "From the prompt's leaving to the first byte of the response.", validator=optional(_POSITIVE)
    )
    idle_seconds: float | None = _setting(
        None, "Longest silence within an answer.", validator=optional(_POSITIVE)
    )
    recover_seconds: float | None = _setting(
        None, "How long the page may take to resume a broken stream.", validator=optional(_POSITIVE)
    )
    stop_seconds: float | None = _setting(
        None, "How long stopping an answer on the page may take.", validator=optional(_POSITIVE)
    )
    total_seconds: float | None = _setting(None, "A whole turn.", validator=optional(_POSITIVE))
    fresh_seconds: float | None = _setting(
        None,
        "How long a new chat that is opened ahead of its turn may stand unused; 0 opens none ahead, so that "
        "a site is asked for no page that no request needs.",
        validator=optional(ge(0.0)),
    )


@attrs.frozen(kw_only=True)
class LogSettings:
    """What the service says of itself."""

    level: str = _setting(
        "info", "debug, info, warning or error.", validator=in_(("debug", "info", "warning", "error"))
    )
    format: str = _setting("text", "text or json.", validator=in_(("text", "json")))


@attrs.frozen(kw_only=True)
class JournalSettings:
    """What is kept of requests and answers, in a database that only its owner can read."""

    enabled: bool = _setting(True, "Keep a journal; without it nothing outlives the service.")
    content: bool = _setting(
        True,
        "Keep prompts and answers as well; without them the journal knows when, where and how each request "
        "ended, and no answer can be fetched later.",
    )
    deltas: bool = _setting(False, "Keep each piece of an answer with its time, and not only the whole.")
    redact: tuple[str, ...] = _setting(
        (),
        "Regular expressions of what is blotted out, only their first group where they have one, besides "
        "keys and tokens, which always are.",
        validator=_expressions,
    )
    days: float = _setting(30.0, "How long a request is kept.", validator=_POSITIVE)
    max_bytes: int = _setting(
        512 * 1024 * 1024,
        "How large the database may get; the oldest requests go first.",
        validator=ge(1 << 20),
    )
    recover: bool = _setting(
        True,
        "After a start, fetch the answers of requests that the last run left on the way, from their chats' "
        "pages.",
    )


@attrs.frozen(kw_only=True)
class ProfileSettings:
    """A further browser with a profile of its own, under ``[profiles.NAME]``; a label names it as
    ``SITE@NAME``. What is not set here is as in ``[chrome]``."""

    profile: str = _setting("", "Name of its profile, or the absolute path of its folder; NAME when not set.")
    executable: str | None = _setting(None, "Path or command of the browser; chrome.executable when not set.")
    attach: str = _setting("", "Address of an open debugging port to use instead of starting a browser.")
    headless: bool | None = _setting(None, "Run without a window; chrome.headless when not set.")
    args: tuple[str, ...] | None = _setting(
        None, "Further command line flags for the browser; chrome.args when not set."
    )
    sites: tuple[str, ...] = _setting(
        (), "Sites to offer in it; empty offers all that are offered otherwise."
    )


@attrs.frozen(kw_only=True)
class ChainSettings:
    """A label that stands for several, under ``[chains.NAME]``."""

    models: tuple[str, ...] = _setting((), "The labels to try, in this order; one at least.")
    pick: str = _setting(
        "first",
        "'first' takes the first that can take work now, 'least_busy' the one with the fewest requests.",
        validator=in_(("first", "least_busy")),
    )


@attrs.frozen(kw_only=True)
class SiteSettings:
    """What can be set for one site, under ``[sites.NAME]``."""

    enabled: bool = _setting(True, "Offer this site.")
    tabs: int | None = _setting(
        None, "Tabs of this site; chat.tabs when not set.", validator=optional(and_(ge(1), le(16)))
    )
    temporary: bool | None = _setting(None, "Temporary chats on this site; chat.temporary when not set.")
    gap_seconds: float | None = _setting(
        None,
        "Least time from one prompt or answer to the next prompt; the site's own when not set, 0 for none.",
        validator=optional(ge(0.0)),
    )
    per_hour: int | None = _setting(
        None,
        "Most prompts within any hour; the site's own when not set, 0 for no limit.",
        validator=optional(ge(0)),
    )


@attrs.frozen(kw_only=True)
class Settings:
    """All settings, valid."""

    server: ServerSettings = attrs.field(factory=ServerSettings)
    chrome: ChromeSettings = attrs.field(factory=ChromeSettings)
    chat: ChatSettings = attrs.field(factory=ChatSettings)
    limits: LimitSettings = attrs.field(factory=LimitSettings)
    journal: JournalSettings = attrs.field(factory=JournalSettings)
    log: LogSettings = attrs.field(factory=LogSettings)
    sites: Mapping[str, SiteSettings] = attrs.field(factory=dict)
    profiles: Mapping[str, ProfileSettings] = attrs.field(factory=dict)
    chains: Mapping[str, ChainSettings] = attrs.field(factory=dict)

    def site(self, name: str) -> SiteSettings:
        """The settings of one site, defaults when it has none."""
        return self.sites.get(name, SiteSettings())


SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "chrome": ChromeSettings,
    "chat": ChatSettings,
    "limits": LimitSettings,
    "journal": JournalSettings,
    "log": LogSettings,
}

TABLES: Mapping[str, type[Any]] = {
    "sites": SiteSettings,
    "profiles": ProfileSettings,
    "chains": ChainSettings,
}
"""Sections of which there is one for each name: ``[sites.NAME]``."""


# --- folders -------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Home:
    """Where the relay keeps its things. Folders are made, mode 0700, when first written to."""

    config: Path
    """``config.toml``, and ``providers/`` with a user's own or overriding site files."""
    state: Path
    """The key, profiles, locks and what is known of the sites."""

    @classmethod
    def locate(cls, environ: Mapping[str, str] | None = None) -> Home:
        """Find the folders: all under ``CDP_RELAY_HOME``, else where the system keeps such things."""
        environ = os.environ if environ is None else environ
        home = environ.get("CDP_RELAY_HOME", "")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(config=root, state=root)
        import platformdirs

        return cls(
            config=Path(platformdirs.user_config_dir("cdp-relay", appauthor=False)),
            state=Path(platformdirs.user_data_dir("cdp-relay", appauthor=False)),
        )

    @property
    def config_file(self) -> Path:
        """The settings file; it need not exist."""
        return self.config / "config.toml"

    @property
    def providers(self) -> Path:
        """The folder of a user's own site files and of overrides."""
        return self.config / "providers"

    @property
    def profiles(self) -> Path:
        """The folder of the dedicated browser profiles."""
        return self.state / "profiles"

    @property
    def key_file(self) -> Path:
        """The file that holds the API key."""
        return self.state / "key"

    @property
    def journal_file(self) -> Path:
        """The database of requests, answers and chats."""
        return self.state / "journal.db"

    @property
    def recordings(self) -> Path:
        """The folder of recordings of sites, by site and scenario."""
        return self.state / "recordings"

    @property
    def begun_chats_file(self) -> Path:
        """The chats that the relay has begun, where the user wants those out of use put away."""
        return self.state / "begun-chats.json"

    @property
    def tabs(self) -> Path:
        """The folder of the names of open tabs, by which those of a killed service are known."""
        return self.state / "tabs"

    @property
    def sites_file(self) -> Path:
        """What is known of each site: signed in or not, cooling down until when, when it was asked."""
        return self.state / "sites.json"


# --- loading -------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class SettingField:
    """One setting as documentation: for ``config``, ``--help`` and the docs."""

    name: str
    """``section.field``."""
    type: Any
    default: Any
    doc: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CDP_RELAY_" + self.name.replace(".", "_").upper()

    @property
    def type_name(self) -> str:
        """The type in a reader's words."""
        return _type_name(self.type)


def setting_fields() -> tuple[SettingField, ...]:
    """All settings but the per-site ones, in the order of the documentation."""
    return tuple(
        SettingField(
            name=f"{section}.{field.name}",
            type=typing.get_type_hints(cls)[field.name],
            default=field.default,
            doc=field.metadata["doc"],
        )
        for section, cls in SECTIONS.items()
        for field in attrs.fields(cls)
    )


@attrs.frozen(kw_only=True)
class LoadedSettings:
    """Settings, with where each value came from."""

    settings: Settings
    origins: Mapping[str, str]
    """``section.field`` to ``default``, ``file PATH``, ``environment VARIABLE`` or ``command line``."""


def load_settings(
    home: Home,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> LoadedSettings:
    """Read all sources and return valid settings.

    Args:
      flags: ``section.field`` (or ``sites.NAME.field``) to a value, either of the right type or a
        string as the environment would have it.

    Raises:
      SettingsError: a name is unknown or a value is wrong; nothing was applied.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    types_by_name = {field.name: field.type for field in setting_fields()}

    def take(name: str, value: Any, origin: str, *, text: bool) -> None:
        kind = types_by_name.get(name) or _named_field_type(name)
        if kind is None:
            raise SettingsError(f"{origin}: there is no setting {name!r}.{_nearest(name, types_by_name)}")
        values[name] = _parse(value, kind, name, origin) if text else _check(value, kind, name, origin)
        origins[name] = origin

    for name, value in _flatten_file(home.config_file):
        take(name, value, f"file {home.config_file}", text=False)
    for name in types_by_name:
        variable = "CDP_RELAY_" + name.replace(".", "_").upper()
        if variable in environ:
            take(name, environ[variable], f"environment {variable}", text=True)
    for name, value in (flags or {}).items():
        take(name, value, "command line", text=isinstance(value, str))

    sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in TABLES}
    for name, value in values.items():
        section, _, field = name.partition(".")
        if section in TABLES:
            named, _, field = field.rpartition(".")
            tables[section].setdefault(named, {})[field] = value
        else:
            sections[section][field] = value
    built = {s: _build(SECTIONS[s], s, fields, origins) for s, fields in sections.items()}
    built_tables: dict[str, Any] = {
        table: {
            name: _build(TABLES[table], f"{table}.{name}", fields, origins) for name, fields in of.items()
        }
        for table, of in tables.items()
    }
    for name in types_by_name:
        origins.setdefault(name, "default")
    return LoadedSettings(settings=Settings(**built, **built_tables), origins=origins)


def _flatten_file(path: Path) -> list[tuple[str, Any]]:
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except FileNotFoundError:
        return []
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    pairs: list[tuple[str, Any]] = []
    for section, fields in document.items():
        if not isinstance(fields, dict):
            raise SettingsError(f"file {path}: {section!r} stands outside of a [section].")
        if section in TABLES:
            for name, named in fields.items():
                if not isinstance(named, dict):
                    raise SettingsError(
                        f"file {path}: [{section}] holds one table for each name, not {name!r}."
                    )
                pairs += [(f"{section}.{name}.{field}", value) for field, value in named.items()]
        else:
            pairs += [(f"{section}.{field}", value) for field, value in fields.items()]
    return pairs


def _named_field_type(name: str) -> Any:
    section, _, rest = name.partition(".")
    _, _, field = rest.rpartition(".")
    return typing.get_type_hints(TABLES[section]).get(field) if section in TABLES and "." in rest else None


def _build(cls: type[Any], section: str, fields: Mapping[str, Any], origins: Mapping[str, str]) -> Any:
    for name, value in fields.items():
        try:
            attribute = attrs.fields_dict(cls)[name]
            if attribute.validator is not None:
                attribute.validator(None, attribute, value)
        except ValueError as error:
            full = f"{section}.{name}"
            reason = str(error.args[0]) if error.args else "out of range"
            raise SettingsError(f"{origins[full]}: {full} cannot be {value!r}: {reason}.") from None
    return cls(**fields)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return typing.get_args(kind)
    return (kind,)


def _type_name(kind: Any) -> str:
    names = {bool: "true or false", int: "whole number", float: "number", str: "text", type(None): "not set"}
    return " or ".join(names.get(one, "list of texts") for one in _alternatives(kind))


def _check(value: Any, kind: Any, name: str, origin: str) -> Any:
    for one in _alternatives(kind):
        if one is type(None):
            if value is None:
                return None
        elif one is bool or one is str:
            if isinstance(value, one):
                return value
        elif one is int:
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        elif one is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    raise SettingsError(f"{origin}: {name} is {_type_name(kind)}, not {value!r}.")


_BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def _parse(text: str, kind: Any, name: str, origin: str) -> Any:
    alternatives = _alternatives(kind)
    stripped = text.strip()
    if type(None) in alternatives and stripped.lower() in ("", "auto", "none"):
        return None
    value: Any = text
    try:
        if bool in alternatives:
            value = _BOOLEANS[stripped.lower()]
        elif int in alternatives:
            value = int(stripped)
        elif float in alternatives:
            value = float(stripped)
        elif str not in alternatives:
            value = tuple(shlex.split(text))
    except (ValueError, KeyError):
        raise SettingsError(f"{origin}: {name} is {_type_name(kind)}, not {text!r}.") from None
    return _check(value, kind, name, origin)


def _nearest(name: str, names: Mapping[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
