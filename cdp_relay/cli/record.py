"""``cdp-relay record``: record what a site does, and work with recordings."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from cdp_relay.cli.app import Command
from cdp_relay.cli.options import SettingsCommand, given_settings

__all__ = ["SUBCOMMANDS", "record"]

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "check": ("record_folder", "Say what a recording would tell of a person; nothing is what it should."),
    "show": ("record_folder", "Say what is in a recording."),
    "diff": ("record_compare", "Say what changed between two recordings of a site."),
    "bend": ("record_bend", "Bend a recording for tests: cut it, delay it, refuse, swap the answer."),
    "pack": ("record_folder", "Pack a recording's files (zstd), for sharing."),
    "unpack": ("record_folder", "Make a packed recording's files plain again."),
}
"""Words after ``record`` that are no site: the module of each, and its line in the help."""


class _Record(SettingsCommand):
    """Records a site, unless the first word names something that is done with recordings."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Hand over to the command that the first word names, if there is one."""
        if args and args[0] in SUBCOMMANDS:
            name = args[0]
            return _subcommand(name).make_context(f"{info_name} {name}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    @property
    def subcommands(self) -> dict[str, Command]:
        """All of them, by name."""
        return {name: _subcommand(name) for name in SUBCOMMANDS}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands before the options."""
        with formatter.section("With recordings (cdp-relay record COMMAND --help says more)"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])
        super().format_options(ctx, formatter)


def _subcommand(name: str) -> Command:
    """Import the module of one of the commands."""
    command = getattr(importlib.import_module(f"cdp_relay.cli.{SUBCOMMANDS[name][0]}"), name)
    assert isinstance(command, Command)
    return command


@click.command(
    cls=_Record,
    examples="""
    cdp-relay record chatgpt                              # the scenario 'plain'
    cdp-relay record chatgpt --scenario code --keep answer
    cdp-relay record claude@work --scenario stop -o claude-stop
    cdp-relay record gemini --by-hand --scenario cap      # you drive, in a window
    cdp-relay record check FOLDER                         # what would it tell of me?
    """,
)
@click.argument("site")
@click.option(
    "--scenario",
    default="plain",
    metavar="NAME",
    help="What to record: plain, code, thinking, stop, attach, long, continue, image or cap.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where to write it; recordings/SITE/SCENARIO in the relay's state folder when left out.",
)
@click.option(
    "--keep",
    type=click.Choice(["prompt", "answer", "files"]),
    multiple=True,
    metavar="WHAT",
    help="Leave this unmasked: prompt, answer or files; repeatable.",
)
@click.option("--prompt", metavar="TEXT", help="Ask this in place of the scenario's first question.")
@click.option("--by-hand", is_flag=True, help="Drive the page yourself; the terminal tells you each step.")
@click.option("--lean", is_flag=True, help="Leave out the site's own code and art, for sharing.")
@click.option("--replace", is_flag=True, help="Replace a recording that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object in the end.")
def record(
    site: str,
    scenario: str,
    output: Path | None,
    keep: tuple[str, ...],
    prompt: str | None,
    by_hand: bool,
    lean: bool,
    replace: bool,
    as_json: bool,
) -> int:
    """Record what SITE does in one scenario: its network with the time of every chunk, its pages, and what
    the relay made of them.

    Cookies, tokens, names, ids, other chats, prompts and answers are replaced before anything is written;
    what is written is checked, and not kept where the check finds something. SITE may name a profile
    (SITE@PROFILE). The service must not run on the profile meanwhile.
    """
    home, loaded = given_settings()
    from cdp_relay.cli.record_site import RecordWishes, record_site

    wishes = RecordWishes(
        site=site,
        scenario=scenario,
        output=output,
        keep=keep,
        prompt=prompt,
        by_hand=by_hand,
        lean=lean,
        replace=replace,
        as_json=as_json,
    )
    return record_site(home, loaded.settings, wishes)
