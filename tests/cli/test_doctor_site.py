"""``cdp-relay doctor --site`` as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser


def test_a_drifted_page_is_explained_with_the_lines_that_mend_it(
    run_apart: Run, home: Path, chromium: ChromiumProcess, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("renamed_send")
    words = ("doctor", "--site", "chatgpt", "--attach", chromium.http_url, "--limits-ready-seconds", "5")

    outcome = run_apart(*words)

    assert outcome.code == 1, outcome.err
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "build build = prod-replica-20261001" in lines
    assert any(line.startswith(("ok selectors.composer", "fallback selectors.composer")) for line in lines)
    assert "missing selectors.send none of 4 alternatives matches" in lines
    assert f"mend: one of these may be it; put it first in {home / 'providers' / 'chatgpt.toml'}:" in lines
    start = lines.index("[selectors]")
    assert lines[start + 1].startswith("send = ['''")
    override = home / "providers" / "chatgpt.toml"
    override.parent.mkdir(parents=True)
    override.write_text("\n".join(lines[start : start + 2]) + "\n")
    mended = run_apart(*words)
    assert mended.code == 0, mended.out
    assert "The definition fits the page." in mended.out
    assert chatgpt_site.prompts == []
