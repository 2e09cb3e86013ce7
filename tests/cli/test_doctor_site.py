"""``cdp-relay doctor --site`` as a person reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs
import pytest

from cdp_relay.chat.registry import load_provider
from cdp_relay.recording.folder import write_recording
from cdp_relay.recording.session import Look
from tests.cli.conftest import Run
from tests.recording.streams import recorded
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser


def test_a_drifted_page_is_explained_with_the_lines_that_mend_it(
    run_apart: Run, home: Path, chromium: ChromiumProcess, chatgpt_site: ChatGPTSite
) -> None:
    folder = _record_of_another_day(home)
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
    since = lines.index("Since it was recorded on 2026-10-01 (plain):")
    assert lines[since + 1].startswith("breaks ")
    assert "selectors.send" in lines[since + 1]
    assert any("prod-older" in line for line in lines[since + 2 : since + 4])
    shutil.rmtree(folder)
    mended = run_apart(*words)
    assert mended.code == 0, mended.out
    assert "The definition fits the page." in mended.out
    assert "recorded on" not in mended.out
    assert chatgpt_site.prompts == []


def _record_of_another_day(home: Path) -> Path:
    """A recording of another build, at which every alternative for the send control fitted."""
    send = load_provider("chatgpt").site.selectors.send
    session = recorded("chatgpt")
    about = attrs.evolve(session.about, recorded_on="2026-10-01", stamps={"build": "prod-older"})
    look = Look(step="filled", matches={"selectors.send": tuple((selector, 1) for selector in send)})
    folder = home / "recordings" / "chatgpt" / "plain"
    write_recording(folder, attrs.evolve(session, about=about, looks=(look,)))
    return folder
