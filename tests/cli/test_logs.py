"""The service's log, as text and as JSON, in a process of its own: it is global by nature."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import logging, sys, structlog
from cdp_relay.cli.logs import set_up_logs
from cdp_relay.settings import LogSettings
set_up_logs(LogSettings(level=sys.argv[1], format=sys.argv[2]))
log = structlog.stdlib.get_logger("cdp_relay.turn")
with structlog.contextvars.bound_contextvars(request="req_1"):
    log.info("turn_failed", code="signed_out")
logging.getLogger("cdp_relay.practice").warning("from %s", "hypercorn")
logging.getLogger("hypercorn.error").info("Running on somewhere")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("bug")
"""


def log(level: str, form: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", CODE, level, form], capture_output=True, text=True, check=True
    )
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_json_is_one_object_a_line_with_the_request_s_id() -> None:
    first, second, third = map(json.loads, log("info", "json"))
    assert first["event"] == "turn_failed"
    assert (first["code"], first["request"], first["level"]) == ("signed_out", "req_1", "info")
    assert first["logger"] == "cdp_relay.turn"
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["level"]) == ("from hypercorn", "warning")
    assert "ZeroDivisionError" in third["exception"]


def test_text_has_no_colours_where_nobody_sees_them() -> None:
    lines = log("info", "text")
    assert "turn_failed" in lines[0]
    assert "request=req_1" in lines[0]
    assert "\x1b" not in "".join(lines)
    assert any("ZeroDivisionError: division by zero" in line for line in lines)


def test_the_level_leaves_out_what_is_below() -> None:
    assert [line for line in log("error", "text") if "turn_failed" in line or "hypercorn" in line] == []
