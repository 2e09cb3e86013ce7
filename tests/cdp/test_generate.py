"""The generator, and what it generates."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mycdp
import pytest
from mycdp import input_

from cdp_relay.cdp import Event, RawEvent, generate, protocol

JSON = dict[str, Any]

SMALL: JSON = {
    "version": {"major": "1", "minor": "3"},
    "domains": [
        {
            "domain": "Page",
            "types": [
                {"id": "FrameId", "type": "string"},
                {"id": "Frame", "type": "object", "properties": [{"name": "id", "$ref": "FrameId"}]},
            ],
            "commands": [
                {
                    "name": "navigate",
                    "parameters": [
                        {"name": "url", "type": "string"},
                        {"name": "frameId", "$ref": "FrameId", "optional": True},
                        {"name": "from", "type": "array", "items": {"type": "number"}, "optional": True},
                    ],
                    "returns": [
                        {"name": "frameId", "$ref": "FrameId"},
                        {"name": "errorText", "type": "string", "optional": True},
                    ],
                }
            ],
            "events": [{"name": "frameNavigated", "parameters": [{"name": "frame", "$ref": "Frame"}]}],
        }
    ],
}


def load(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated", "exec"), namespace)
    return namespace


def test_what_is_written_is_python_and_depends_on_its_input_only() -> None:
    text = generate.render(SMALL)
    assert text == generate.render(json.loads(json.dumps(SMALL)))
    page = load(text)["Page"]
    command = page.navigate("https://x", frame_id="F", from_=[1.5])
    assert next(command) == {
        "method": "Page.navigate",
        "params": {"url": "https://x", "frameId": "F", "from": [1.5]},
    }
    with pytest.raises(StopIteration) as done:
        command.send({"frameId": "F", "newField": 1})
    answer = done.value.value
    assert (answer.frame_id, answer.error_text, answer.raw) == ("F", None, {"frameId": "F", "newField": 1})
    event = load(text)["parse_event"]("Page.frameNavigated", {"frame": {"id": "F"}})
    assert event.frame.id == "F"


def test_what_a_browser_lacks_is_named() -> None:
    missing = generate.missing_in(SMALL)
    assert "Page.navigate (command)" not in missing
    assert "Page.frameNavigated (event)" not in missing
    assert {"Network.streamResourceContent (command)", "Inspector.targetCrashed (event)"} <= set(missing)
    assert "Target.TargetInfo (type)" in missing


def test_check_writes_nothing_and_fails_when_something_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "protocol.json"
    saved.write_text(json.dumps(SMALL))
    before = Path(protocol.__file__).read_bytes()
    assert generate.main(["--from", str(saved), "--check"]) == 1
    printed = capsys.readouterr().out
    assert "missing: Page.enable (command)" in printed
    assert "protocol.py is not what" in printed
    assert Path(protocol.__file__).read_bytes() == before


@pytest.mark.browser
def test_the_committed_file_is_what_a_browser_gives(tmp_path: Path) -> None:
    from cdp_relay.testing.chromium import find_chromium

    command = [sys.executable, "-m", "cdp_relay.cdp.generate", "--check", "--browser", find_chromium()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("method", sorted(protocol.EVENTS))
@pytest.mark.parametrize("oddity", ["empty", "nulls", "strings", "lists", "unknown"])
def test_every_event_is_read_whatever_it_holds(method: str, oddity: str) -> None:
    known = protocol.EVENTS[method]
    names = {"".join(part.capitalize() for part in name.split("_")) for name in known.__struct_fields__}
    keys = {name[:1].lower() + name[1:] for name in names}
    value: Any = {"nulls": None, "strings": "new-value", "lists": [1, None, {}], "unknown": {"new": 1}}.get(
        oddity
    )
    params = {} if oddity == "empty" else dict.fromkeys(keys, value)
    event = protocol.parse_event(method, params)
    assert type(event) is known
    assert event.raw is params
    assert method == known.METHOD


def test_an_unknown_event_is_raw() -> None:
    assert protocol.parse_event("New.event", {"a": 1}) == RawEvent(method="New.event", raw={"a": 1})
    assert issubclass(RawEvent, Event)


def test_our_commands_say_the_same_as_those_of_mycdp() -> None:
    pairs = [
        (
            protocol.Page.navigate("u", transition_type="link"),
            mycdp.page.navigate("u", None, mycdp.page.TransitionType.LINK),
        ),
        (
            protocol.Input.dispatch_mouse_event("mousePressed", 1, 2, button="left", click_count=2),
            input_.dispatch_mouse_event("mousePressed", 1, 2, button=input_.MouseButton.LEFT, click_count=2),
        ),
        (
            protocol.Target.set_auto_attach(True, True, flatten=True),
            mycdp.target.set_auto_attach(True, True, flatten=True),
        ),
        (
            protocol.Network.enable(max_post_data_size=65536),
            mycdp.network.enable(max_post_data_size=65536),
        ),
        (protocol.Browser.get_version(), mycdp.browser.get_version()),
        (
            protocol.Runtime.evaluate("1", await_promise=True, return_by_value=False),
            mycdp.runtime.evaluate("1", await_promise=True, return_by_value=False),
        ),
    ]
    for ours, theirs in pairs:
        request = next(theirs)
        request.setdefault("params", {})
        assert next(ours) == request
        ours.close()
        theirs.close()
