"""A flag for every setting, made from the settings themselves, and ``--set`` for the rest."""

from __future__ import annotations

from typing import Any

import click

from cdp_relay.cli.app import Command
from cdp_relay.settings import Home, LoadedSettings, SettingField, load_settings, setting_fields

__all__ = ["SHORT_FORMS", "SettingsCommand", "given_settings"]

_GIVEN = "cdp_relay.settings"

SHORT_FORMS = {
    "server.host": "host",
    "server.port": "port",
    "chrome.executable": "executable",
    "chrome.profile": "profile",
    "chrome.attach": "attach",
    "chrome.headless": "headless",
    "chat.default_site": "default-site",
    "chat.tabs": "tabs",
}
"""Settings that people give by hand, and the shorter flag for each."""

_TITLES = {
    "server": "Service settings",
    "chrome": "Chrome settings",
    "chat": "Chat settings",
    "limits": "Time limits in seconds",
    "journal": "Journal settings",
    "log": "Log settings",
}


class SettingsCommand(Command):
    """A command that takes every setting as a flag."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {option for param in self.params for option in param.opts}
        self._sections: dict[str, list[click.Option]] = {}
        for field in setting_fields():
            option = _option(field, taken)
            self.params.append(option)
            self._sections.setdefault(field.name.partition(".")[0], []).append(option)
        self.params.append(
            click.Option(
                ["--set"],
                metavar="NAME=VALUE",
                multiple=True,
                expose_value=False,
                callback=_note_pairs,
                help="Any setting by name, such as sites.chatgpt.tabs=2; may be given several times.",
            )
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options first, then the settings by section."""
        settings = {option for options in self._sections.values() for option in options}
        own = [p for p in self.get_params(ctx) if isinstance(p, click.Option) and p not in settings]
        _write_options(ctx, formatter, "Options", own)
        for section, options in self._sections.items():
            _write_options(ctx, formatter, _TITLES[section], options)


def given_settings() -> tuple[Home, LoadedSettings]:
    """Load the settings for the command that is running, its flags on top.

    Raises:
      SettingsError: a name is unknown or a value is wrong.
    """
    home = Home.locate()
    flags = click.get_current_context().meta.get(_GIVEN, {})
    return home, load_settings(home, flags=flags)


def _write_options(ctx: click.Context, formatter: click.HelpFormatter, title: str, params: list[Any]) -> None:
    rows = [row for param in params if (row := param.get_help_record(ctx)) is not None]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows, col_max=36)


def _option(field: SettingField, taken: set[str]) -> click.Option:
    names = [field.name.replace(".", "-").replace("_", "-")]
    short = SHORT_FORMS.get(field.name)
    if short is not None and f"--{short}" not in taken:
        names.insert(0, short)
    switch = "true or false" in field.type_name
    flags = [f"--{name}/--no-{name}" if switch else f"--{name}" for name in names]
    return click.Option(
        [*flags, field.name.replace(".", "_")],
        default=None,
        expose_value=False,
        metavar=None if switch else _metavar(field),
        callback=_note(field.name),
        help=f"{field.doc} [{_shown(field.default)}]",
    )


def _metavar(field: SettingField) -> str:
    kind = field.type_name
    if "list" in kind:
        return "WORDS"
    return "NUMBER" if "number" in kind else "TEXT"


def _shown(default: Any) -> str:
    if default is None:
        return "not set"
    if default in ("", ()):
        return "empty"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _note(name: str) -> Any:
    def note(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.meta.setdefault(_GIVEN, {})[name] = value

    return note


def _note_pairs(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> None:
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE.", ctx, param)
        ctx.meta.setdefault(_GIVEN, {})[name.strip()] = value
