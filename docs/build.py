"""Write the pages that follow from the code: settings.md, errors.md, cli.md and definition.md.

``python docs/build.py`` writes them; a test compares them with what this would write.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import click

from cdp_relay import errors
from cdp_relay.chat import contract
from cdp_relay.cli.app import COMMANDS, Command
from cdp_relay.cli.options import SHORT_FORMS, SettingsCommand
from cdp_relay.settings import SECTIONS, TABLES, SettingField, setting_fields

FOLDER = Path(__file__).parent


# --- settings.md ---------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting, by section."""
    parts = [
        """# Settings

Every setting can be given in three places; the later in this list wins:

1. the file `config.toml` (`cdp-relay config path` says where it goes), under its `[section]`;
2. the environment: `CDP_RELAY_SECTION_NAME`, where lists are split at white space as a shell does it;
3. a flag: `--section-name` (some have a shorter form as well), or `--set section.name=VALUE`.

`cdp-relay config` shows each value and where it came from. A name that does not exist or a wrong value stops
the command with exit code 2, and nothing is started. `CDP_RELAY_HOME` moves everything that the relay keeps
(the file, the key, the browser profiles) into one folder.

```toml
# config.toml
[server]
port = 3003

[chrome]
headless = false

[sites.chatgpt]
tabs = 2
```
"""
    ]
    for section, cls in SECTIONS.items():
        parts.append(f"## `[{section}]`\n\n{inspect.getdoc(cls)}\n")
        parts.append("| setting | flag | default | meaning |\n|---|---|---|---|")
        parts += [_setting_row(field) for field in setting_fields() if field.name.startswith(f"{section}.")]
        parts.append("")
    for table, cls in TABLES.items():
        parts.append(f"## `[{table}.NAME]`\n\n{inspect.cleandoc(cls.__doc__ or '')}\n\n{_TABLE_FLAG}\n")
        parts.append("| setting | default | meaning |\n|---|---|---|")
        parts += [
            f"| `{field.name}` | {_value(field.default)} | {field.metadata['doc']} |"
            for field in attrs.fields(cls)
        ]
        parts.append("")
    return "\n".join(parts) + "\n"


_TABLE_FLAG = "By flag: `--set sites.chatgpt.tabs=2`, and so on; these have no variable."


def _setting_row(field: SettingField) -> str:
    long = "--" + field.name.replace(".", "-").replace("_", "-")
    short = SHORT_FORMS.get(field.name)
    flags = [f"`--{short}`"] if short else []
    flags.append(f"`{long}`")
    name = field.name.partition(".")[2]
    return f"| `{name}` | {', '.join(flags)} | {_value(field.default)} | {field.doc} |"


def _value(default: Any) -> str:
    if default is None:
        return "not set"
    if default in ("", ()):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


# --- errors.md -----------------------------------------------------------------------------------

_BRANCHES = (
    (errors.UserError, "The caller can act", "Sending the same request again fails again."),
    (errors.SiteError, "The site, or the person signed in to it, can act", ""),
    (errors.BrowserError, "The browser", ""),
    (errors.ProtocolViolation, "A peer broke the rules", ""),
)

_ERROR_TABLE = "| code | status | again | what it means | next step |\n|---|---|---|---|---|"


def errors_page() -> str:
    """Every error code, by who can act."""
    parts = [
        """# Errors

An error is told before the answer begins wherever that is possible: as an HTTP status with

```json
{"error": {"message": "...", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded",
           "next_step": "...", "retryable": true, "request_id": "req_..."}}
```

`message` ends with what to do next. Where a wait helps, `Retry-After` says how many seconds. An error
after the answer began comes as one more event of the stream, `data: {"error": {...}}`, and no `[DONE]`
follows. On the command line it is two lines: what happened, and what to do next.

"Again" says whether the same request may simply be sent again. OpenAI's own clients do that by themselves
when they see such a status, and are told not to (`x-should-retry: false`) where it would not help.
"""
    ]
    seen: set[type[errors.RelayError]] = {errors.UserError}  # its code is InvalidRequest's
    for root, title, note in _BRANCHES:
        parts.append(f"## {title}\n" + (f"\n{note}\n" if note else ""))
        parts.append(_ERROR_TABLE)
        for cls in _family(root):
            if cls not in seen:
                seen.add(cls)
                parts.append(_error_row(cls))
        parts.append("")
    parts.append(
        "## Bugs of ours\n\n| code | status | again | what it means | next step |\n|---|---|---|---|---|"
    )
    parts.append(_error_row(errors.InternalError))
    return "\n".join(parts) + "\n"


def _family(root: type[errors.RelayError]) -> Iterator[type[errors.RelayError]]:
    for value in vars(errors).values():
        if inspect.isclass(value) and issubclass(value, root):
            yield value


def _error_row(cls: type[errors.RelayError]) -> str:
    meaning = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split()).replace("``", "`")
    again = "yes" if cls.retryable else "no"
    return f"| `{cls.code}` | {cls.status} | {again} | {meaning} | {cls.next_step} |"


# --- cli.md --------------------------------------------------------------------------------------


def cli_page() -> str:
    """Every command with its own options."""
    parts = [
        """# The command line

Exit codes: 0 done, 1 failed, 2 wrong usage or a wrong setting, 130 interrupted. A failure is two lines on
stderr: `error:` what happened, `next:` what to do; `--debug` adds the traceback. What `--json` prints on
stdout is JSON and nothing else. Commands marked with * take every setting as a flag as well (see
[settings.md](settings.md)), and `--set NAME=VALUE` for any setting by name.
"""
    ]
    for title, section in COMMANDS.items():
        parts.append(f"## {title}\n")
        for name in section:
            module = name.replace("-", "_")
            command = getattr(importlib.import_module(f"cdp_relay.cli.{module}"), module)
            parts.append(_command(command, name))
            # Of a command whose first word may name another one.
            below = getattr(command, "subcommands", {})
            parts += [_command(one, f"{name} {word}") for word, one in below.items()]
    return "\n".join(parts)


def _command(command: Command, name: str) -> str:
    star = " \\*" if isinstance(command, SettingsCommand) else ""
    words = [_argument(param) for param in command.params if isinstance(param, click.Argument)]
    lines = [f"### `{' '.join(['cdp-relay', name, *words])}`{star}\n"]
    lines.append(f"{inspect.cleandoc(command.help or '')}\n")
    own = [
        param
        for param in command.params
        if isinstance(param, click.Option)
        and not (param.help or "").endswith("]")  # a setting: its help ends with the default
        and not {"--debug", "--set"} & set(param.opts)
    ]
    for option in own:
        names = ", ".join(f"`{name}`" for name in option.opts)
        value = "" if option.is_flag else f" `{option.metavar or 'TEXT'}`"
        lines.append(f"- {names}{value}: {option.help}")
    lines.append("\n```sh")
    lines += [line.strip() for line in command.examples.strip().splitlines()]
    lines.append("```\n")
    return "\n".join(lines)


def _argument(param: click.Argument) -> str:
    shown = param.metavar or (param.name or "").upper()
    if isinstance(param.type, click.Choice):
        shown = "|".join(param.type.choices)
    return shown if param.required or shown.startswith("[") else f"[{shown}]"


# --- definition.md -------------------------------------------------------------------------------


def definition_page() -> str:
    """Every key of a site's TOML file, from the classes that it is read into."""
    parts = [
        """# The keys of a site's definition

`providers/NAME.toml` describes a site. A file of that name in your `providers` folder overrides single keys
of it: tables are merged key by key, everything else is replaced, and `"..."` in a list stands for what it
replaces. [new-provider.md](new-provider.md) builds one from nothing; `cdp-relay provider check NAME` names a
wrong key, and `cdp-relay doctor --site NAME` says what fits the page.
"""
    ]
    told = _attribute_docs()
    for title, cls in _tables(contract.SiteDefinition):
        parts.append(f"## {title}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n")
        parts += ["| key | type | default | meaning |", "|---|---|---|---|"]
        for field in attrs.fields(cls):
            kind, words = told[cls.__name__, field.name]
            row = (f"`{field.name}`", kind.replace("|", "or"), _default(field), words)
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
        parts.append("")
    return "\n".join(parts)


def _tables(root: type[Any]) -> Iterator[tuple[str, type[Any]]]:
    yield "The top of the file", root
    for field in attrs.fields(root):
        for name, cls in vars(contract).items():
            if attrs.has(cls) and re.search(rf"\b{name}\b", str(field.type)):
                many = "tuple" in str(field.type)
                by_name = ".NAME" if "Mapping" in str(field.type) else ""
                yield f"`[[{field.name}]]`" if many else f"`[{field.name}{by_name}]`", cls


def _attribute_docs() -> dict[tuple[str, str], tuple[str, str]]:
    """The types of the attributes of the contract's classes, and the texts that stand below them."""
    told = {}
    tree = ast.parse(inspect.getsource(contract)).body
    for cls in (node for node in tree if isinstance(node, ast.ClassDef)):
        for field, text in itertools.pairwise([*cls.body, ast.Pass()]):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                words = ""
                if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                    words = " ".join(str(text.value.value).split())
                told[cls.name, field.target.id] = (ast.unparse(field.annotation), words)
    return told


def _default(field: attrs.Attribute[Any]) -> str:
    if field.default is attrs.NOTHING:
        return "required"
    if not isinstance(field.default, str | int | float | bool):
        return "-"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "cli.md": cli_page,
    "definition.md": definition_page,
}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (FOLDER / page).write_text(write(), encoding="utf-8")
