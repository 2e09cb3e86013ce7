"""The ``cdp-relay`` command: its table of commands, and what a failure looks like."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

from cdp_relay import __version__
from cdp_relay.errors import (
    AttachTargetRefused,
    ModelNotFound,
    ProfileRefused,
    RelayError,
    SettingsError,
)

__all__ = ["COMMANDS", "Command", "cli", "main", "program_name"]

_DEBUG = "cdp_relay.debug"

COMMANDS: dict[str, dict[str, str]] = {
    "Use": {
        "up": "Start Chrome and the service; the one command that most need.",
        "chat": "Ask one question and stream the answer to the terminal.",
        "models": "List the models that a client can name.",
        "results": "List what became of each request, show its timeline and answer, or remove it.",
        "status": "Say how the running service, its browser and its sites are.",
        "top": "Watch the running service: sites, tabs, queue and turns as they go.",
    },
    "Set up": {
        "sign-in": "Open Chrome without a debugging port, to sign in to a site by hand.",
        "connect": "Print, or write, what a coding agent needs to use the relay.",
        "key": "Print the API key, or replace it.",
        "config": "Show every setting: its value, its default and where it came from.",
        "doctor": "Check everything the relay rests on; each failed check says how to mend it.",
        "provider": "List, show, check or start the files that describe a site.",
    },
    "Run in parts": {
        "launch": "Start only the dedicated Chrome, on a debugging port.",
        "serve": "Start only the service, on a Chrome that already runs.",
        "decode": "Print what a site's decoder makes of a saved answer stream.",
    },
    "Record and replay": {
        "record": "Record what a site really does; check, compare, bend and pack recordings.",
        "replay": "Serve a recording at its true address; its page runs as it did.",
    },
}
"""Commands by section, with their line in the help; the module's name is the command's."""


class Command(click.Command):
    """A command of the relay: understands ``--debug`` and keeps the line breaks of its examples."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_note_debug,
                help="Show the traceback of a failure.",
            )
        )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        write_examples(formatter, self.examples)


class _Commands(click.Group):
    """Imports a command's module when the command is asked for, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"cdp_relay.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section, from the table alone."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(section.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first steps below the commands."""
        write_examples(
            formatter,
            """
            cdp-relay up                      # Chrome and the service; prints the base URL
            cdp-relay chat 'Hello!'           # asks whichever site is signed in, or the practice page
            cdp-relay sign-in chatgpt         # once, by hand, in the relay's own Chrome profile
            """,
        )
        formatter.write_paragraph()
        formatter.write_text("'cdp-relay COMMAND --help' says more, with examples.")


def write_examples(formatter: click.HelpFormatter, examples: str) -> None:
    """Write examples line by line, under a heading."""
    lines = [line.strip() for line in examples.strip().splitlines()]
    if lines:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in lines))


def program_name() -> str:
    """How this program is called from a shell: its name, or its path where the name finds another."""
    here = sys.argv[0]
    found = shutil.which("cdp-relay")
    if found is not None and os.path.exists(here) and os.path.samefile(found, here):
        return "cdp-relay"
    return here if os.path.basename(here).startswith("cdp-relay") else "cdp-relay"


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_DEBUG] = True


@click.command(
    cls=_Commands,
    name="cdp-relay",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, "-V", "--version", prog_name="cdp-relay", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, callback=_note_debug, help="Show tracebacks.")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Use the AI chat pages that you are signed in to as models for coding agents.

    A dedicated Chrome types your agent's requests into ChatGPT (or the practice page, which needs
    no account) and an OpenAI-compatible service on this machine streams the answers back.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


# --- running, and failing ------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        code = cli.main(given, prog_name="cdp-relay", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        context = error.ctx.command_path if error.ctx is not None else "cdp-relay"
        _print_failure(error.format_message(), f"'{context} --help' lists what it takes.")
        code = 2
    except click.ClickException as error:
        _print_failure(error.format_message(), "Check the file and its permissions.")
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter would complain about it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except (Exception, BaseExceptionGroup) as error:
        if debug:
            import traceback

            traceback.print_exception(error)
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: BaseException) -> int:
    found = next((leaf for leaf in _leaves(error) if isinstance(leaf, RelayError)), None)
    if found is not None:
        wait = found.retry_after_seconds
        _print_failure(found.message, found.next_step + (f" ({wait:.0f} s)" if wait else ""))
        return (
            2
            if isinstance(found, SettingsError | ProfileRefused | AttachTargetRefused | ModelNotFound)
            else 1
        )
    leaf = next(_leaves(error))
    if isinstance(leaf, KeyboardInterrupt):
        return 130
    if isinstance(leaf, OSError):
        _print_failure(f"The system said: {leaf}.", "Check the file or address that is named.")
        return 1
    _print_failure(
        f"This is a bug in CDP Relay: {type(leaf).__name__}: {leaf}",
        "Run the command again with --debug and report what it prints.",
    )
    return 1


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _print_failure(message: str, next_step: str) -> None:
    # One line each, whatever a message quotes: programs and eyes look for the second one.
    click.echo(f"{click.style('error:', fg='red', bold=True)} {' '.join(message.split())}", err=True)
    click.echo(f"{click.style(' next:', bold=True)} {' '.join(next_step.split())}", err=True)
