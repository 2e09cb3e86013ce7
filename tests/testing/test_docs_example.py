"""The example of docs/testing.md, as it stands there, in a project of its own with a browser of its own."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from cdp_relay.recording.folder import read_recording, write_recording
from cdp_relay.recording.session import Body, Session
from tests.recordings.shelf import code_of, folder_of
from tests.sites.claude import ClaudeSite

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
_FILE = re.compile(r"^`(\w+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.browser
def test_the_example_of_the_docs_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    files = dict(_FILE.findall(PAGE.read_text("utf-8")))
    assert set(files) == {"conftest.py", "test_chat.py"}
    for name, text in files.items():
        (pytester.path / name).write_text(text, "utf-8")
    write_recording(pytester.path / "recordings" / "claude" / "plain", _with_code())
    pytester.makeini("[pytest]\ntrio_mode = true\n")
    result = pytester.runpytest_inprocess("-p", "no:anyio")
    result.assert_outcomes(passed=3)


def _with_code() -> Session:
    """A recording with the replica's scripts in it, as one that a person made for himself has the site's."""
    supply = code_of(ClaudeSite)
    session = read_recording(folder_of("claude", "plain_answer"))
    exchanges = []
    for one in session.exchanges:
        if one.response is not None and one.response.digest and (data := supply(one)) is not None:
            whole = attrs.evolve(
                one.response, body=Body.of(data), chunks=(), digest="", left_out="", size=None
            )
            one = attrs.evolve(one, response=whole)
        exchanges.append(one)
    return attrs.evolve(session, exchanges=exchanges, about=attrs.evolve(session.about, lean=False))
