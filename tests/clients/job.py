"""One small piece of work for a coding agent, in a git repository of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs

__all__ = ["Job", "make_job"]

_NAME = "greet.py"
_OLD = '    return f"Hello, {name}!"\n'
# What is hard to bring through JSON, Markdown, a shell and an editor alike.
_NEW = (
    '    # Not "hello": a `tab` is "\\t", a <b>&amp; stays, $HOME too, and\n'
    "    # ```fences``` of '''any''' kind are only 漢字.\n"
    '    return f"Good evening, {name}! 🌙"\n'
)
_BEFORE = f'''\
"""Greets who is named."""


def greet(name: str) -> str:
    """One line for *name*."""
{_OLD}

if __name__ == "__main__":
    print(greet("Ada"))
'''


@attrs.frozen(kw_only=True)
class Job:
    """What is to be done to one file, and how one sees that it is done."""

    folder: Path
    file: Path
    request: str
    """What the agent is asked."""
    old: str
    """The lines that go; they stand in the file once."""
    new: str
    """The lines that come."""
    check: str
    """A command that shows that the file works."""
    proof: str
    """What the command prints when it does."""

    @property
    def done(self) -> bool:
        """Whether the file is as it was wanted, to the byte."""
        return self.file.read_bytes() == _BEFORE.replace(self.old, self.new).encode()


def make_job(folder: Path) -> Job:
    """Make the repository, with its first commit, and the job in it."""
    folder.mkdir()
    (folder / _NAME).write_text(_BEFORE, "utf-8")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Test"),
        ("config", "user.email", "test@example.invalid"),
        ("add", _NAME),
        ("commit", "--quiet", "--message=Greet"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return Job(
        folder=folder,
        file=folder / _NAME,
        request=f'In {_NAME}, greet with "Good evening" instead of "Hello". Look at it first, then run it.',
        old=_OLD,
        new=_NEW,
        check=f"{sys.executable} {_NAME}",
        proof="Good evening, Ada! 🌙",
    )
