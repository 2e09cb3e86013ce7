"""The provider that docs/new-provider.md builds, taken from that page."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["write_documented_provider"]

_PAGE = Path(__file__).parents[2] / "docs" / "new-provider.md"
_FILE = re.compile(r"^`(deepseek\.\w+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_documented_provider(folder: Path) -> None:
    """Write the page's files into a user's providers folder."""
    found = dict(_FILE.findall(_PAGE.read_text("utf-8")))
    assert set(found) == {"deepseek.toml", "deepseek.py"}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (folder / name).write_text(text, "utf-8")
