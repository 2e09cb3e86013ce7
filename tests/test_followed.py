"""One request followed through the log: every line of its way names it, from the door to the browser."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, MutableMapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from structlog.contextvars import get_contextvars, merge_contextvars
from structlog.testing import capture_logs

from cdp_relay.api import Server, serve
from cdp_relay.chat.relay import open_relay
from cdp_relay.settings import Home, ServerSettings
from tests.api.kit import KEY, Reply, ask
from tests.chat.conftest import relay_settings
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser

Line = MutableMapping[str, Any]


@attrs.define(eq=False)
class _Gathering(logging.Handler):
    """Gathers the lines of rooms that log by the standard library, as the service's own log shows them."""

    lines: list[Line]

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append({"event": record.getMessage(), "logger": record.name, **get_contextvars()})


@pytest.fixture
def lines() -> Generator[list[Line]]:
    """All that is logged meanwhile, at debug."""
    ours = logging.getLogger("cdp_relay")
    with capture_logs(processors=[merge_contextvars]) as gathered:
        handler, before = _Gathering(gathered), ours.level
        ours.addHandler(handler)
        ours.setLevel(logging.DEBUG)
        yield gathered
        ours.removeHandler(handler)
        ours.setLevel(before)


async def test_each_line_on_a_request_s_way_names_it(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path, lines: list[Line]
) -> None:
    settings = relay_settings(chromium, "practice")
    home = Home(config=tmp_path, state=tmp_path)
    replies: dict[str, Reply] = {}

    async def say(server: Server, text: str) -> None:
        replies[text] = await ask(server, messages=[{"role": "user", "content": text}])

    async with (
        open_relay(settings, home, browser_context_id=browser_context) as relay,
        serve(relay, ServerSettings(port=0, shutdown_seconds=1), KEY) as server,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(say, server, "one")
            nursery.start_soon(say, server, "two")
        await say(server, "/error rate-limit")

    ids = {text: reply.headers["x-request-id"] for text, reply in replies.items()}
    assert {line["request"] for line in lines if "request" in line} == set(ids.values())
    for text in ("one", "two"):
        way = [line for line in lines if line.get("request") == ids[text]]
        steps = [line["step"] for line in way if line["event"] == "turn_step"]
        assert [step for step in steps if step != "queued"] == [
            "leased", "opened", "ready", "composed", "submitted", "streaming", "finished",
        ]  # fmt: skip
        assert any(line.get("logger") == "cdp_relay.page" for line in way)
        assert any(line["event"].startswith("Input.") for line in way), "down to the browser"
        [turn] = [line for line in way if line["event"] == "turn"]
        assert (turn["state"], turn["characters"]) == ("finished", len(text))
        [over] = [line for line in way if line["event"] == "request"]
        assert over["status"] == 200
    [failed] = [
        line for line in lines if line["event"] == "turn" and line["request"] == ids["/error rate-limit"]
    ]
    assert (failed["state"], failed["code"]) == ("failed", replies["/error rate-limit"].error["code"])

    # Whose line it is does not depend on who opened the tab: what a turn does on a page is in its own name.
    nameless = {line["event"].split()[0] for line in lines if "request" not in line}
    assert not {event for event in nameless if event.startswith(("Input.", "turn", "request"))}
    assert not any(word in json.dumps(lines, default=str) for word in ("two\\n", "sk-relay"))
