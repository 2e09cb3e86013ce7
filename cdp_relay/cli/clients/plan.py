"""What connecting a client takes: values in its files, variables, and steps in its windows. Pure data.

A client's function makes a :class:`Plan` from an :class:`Endpoint` (where the relay is) and
:class:`Places` (where the client keeps its files). Nothing is read or written for that, so a plan for
another home folder, or another system, is made in the same way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

__all__ = [
    "CONTEXT_TOKENS",
    "KEY_REFERENCE",
    "KEY_VARIABLE",
    "OUTPUT_TOKENS",
    "Client",
    "Endpoint",
    "FileEdit",
    "Places",
    "Plan",
    "Values",
]

KEY_VARIABLE = "CDP_RELAY_API_KEY"
"""The variable that settings name in place of the key; Zed makes this very name of "cdp-relay"."""

KEY_REFERENCE = f"${KEY_VARIABLE}"
"""How a plan's environment refers to it; who prints it for a shell writes it as that shell does."""

CONTEXT_TOKENS = 100_000
"""What a client is told that fits into a chat. The pages state no number and differ by plan: this is
below what paid plans take, and large enough that an agent does not summarise all the time."""

OUTPUT_TOKENS = 32_000
"""What a client is told of an answer's length. Clients send it as max_tokens, where answers are cut."""

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class Endpoint:
    """The relay as a client sees it."""

    root: str
    """Scheme, host and port, without a path: Anthropic and Ollama clients want this one."""
    key: str | None = attrs.field(repr=False)
    """None: settings name the variable ``CDP_RELAY_API_KEY`` where the client can read one."""
    model: str

    @property
    def openai(self) -> str:
        """The base URL of OpenAI clients."""
        return f"{self.root}/v1"

    @property
    def has_key(self) -> bool:
        """Whether settings hold the key itself."""
        return self.key is not None

    def key_or(self, reference: str) -> str:
        """The key, or how this client's settings refer to a variable."""
        return reference if self.key is None else self.key


@attrs.frozen(kw_only=True)
class Places:
    """Where a client's files are."""

    home: Path
    folder: Path | None = None
    """The project whose own settings are meant; None for those of the user."""
    current: Path = attrs.field(factory=Path.cwd)
    """Where a file goes that its program is told of by name."""
    system: str = sys.platform
    environ: Mapping[str, str] = attrs.field(factory=dict)
    """Variables that move a client's folders, such as CODEX_HOME."""

    @classmethod
    def here(cls, folder: Path | None = None) -> Places:
        """Those of the user who runs this process."""
        return cls(home=Path.home(), folder=folder, environ=os.environ)

    def named(self, variable: str, default: Path) -> Path:
        """The folder that a variable names, if it is set."""
        value = self.environ.get(variable)
        return Path(value).expanduser() if value else default

    @property
    def xdg_config(self) -> Path:
        """The folder of settings by the freedesktop rule, which some programs keep on every system."""
        return self.named("XDG_CONFIG_HOME", self.home / ".config")

    @property
    def app_data(self) -> Path:
        """The folder of settings as this system has it."""
        if self.system == "win32":
            return self.named("APPDATA", self.home / "AppData" / "Roaming")
        if self.system == "darwin":
            return self.home / "Library" / "Application Support"
        return self.xdg_config


@attrs.frozen(kw_only=True)
class FileEdit:
    """Values to merge into one settings file; all else in it stays as it is, byte for byte."""

    path: Path
    kind: Literal["json", "toml", "yaml"]
    """``json`` may have comments and trailing commas."""
    values: Values
    """Mappings are merged. A mapping in a list is merged into that with the same first value, else added."""
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    """Values, merged in the same way, that are set only where the file has none."""
    secret: bool = False
    """Whether the key is in it."""


@attrs.frozen(kw_only=True)
class Plan:
    """All that has to be done to connect one client."""

    edits: tuple[FileEdit, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict)
    """Variables that the client needs beside its files."""
    steps: tuple[str, ...] = ()
    """What a person does in the client's own windows, or by another command."""
    run: str = ""
    """How the client is started then."""
    check: str
    """One line that shows whether it works."""
    notes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Client:
    """A client that can be connected."""

    name: str
    title: str
    about: str
    """What of it is set, for the list: one line."""
    plan: Callable[[Endpoint, Places], Plan]
    project: bool = False
    """Whether a project can have settings of its own."""
