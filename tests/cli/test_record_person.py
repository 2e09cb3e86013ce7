"""The person at the terminal who drives a page that is recorded."""

from __future__ import annotations

import io
import os
import sys

import pytest
import trio

from cdp_relay.cli.record_person import TerminalPerson


@pytest.mark.parametrize(
    ("typed", "done"), [("\n", True), ("ready\n", True), ("q\n", False), (" Quit\n", False), ("", False)]
)
async def test_enter_goes_on_and_q_or_the_end_of_the_input_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, done: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert await TerminalPerson(trio.Event()).asked_for("filled", "Put the prompt in.") is done
    told = capsys.readouterr()
    assert told.out == ""
    assert "filled  Put the prompt in." in told.err


async def test_an_interruption_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as nothing_typed:
        monkeypatch.setattr(sys, "stdin", nothing_typed)
        interrupted = trio.Event()
        interrupted.set()
        assert await TerminalPerson(interrupted).asked_for("done", "Wait.") is False
        os.close(writing)  # ends the read that was left behind
