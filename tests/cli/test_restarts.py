"""The service is killed or stopped while a site answers: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import trio

from cdp_relay.cli.service import LAST_SECONDS
from tests.cli.conftest import Run, Service, Start
from tests.conftest import Sites
from tests.sites.chatgpt import Answer, ChatGPTSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HALF, REST = "This half came at once, ", "and this after the restart."
UP = ("up", "--json", "--headless", "--port", "0")


@pytest.fixture(autouse=True)
def on_the_replica(
    sites: Sites, start: Start, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[None]:
    """Have every browser that a command starts find the replica in the site's place, and none outlive
    its test."""
    flags = [*shlex.split(os.environ.get("CDP_RELAY_CHROME_ARGS", "")), *sites.server.chromium_flags]
    monkeypatch.setenv("CDP_RELAY_CHROME_ARGS", shlex.join(flags))
    monkeypatch.setenv("CDP_RELAY_CHAT_SITES", "chatgpt")
    # So long it looks at a chat that it has opened anew.
    monkeypatch.setenv("CDP_RELAY_LIMITS_RECOVER_SECONDS", "2")
    yield
    with suppress(OSError, ValueError, KeyError, psutil.Error):
        psutil.Process(chrome_facts(home)["pid"]).terminate()


def connect(service: Service, body: dict[str, Any], **headers: str) -> http.client.HTTPConnection:
    """Ask, and leave the answer to be read."""
    url = urlsplit(service.ready["base_url"])
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    given = {"authorization": f"Bearer {service.ready['key']}", "content-type": "application/json"}
    connection.request("POST", f"{url.path}/chat/completions", json.dumps(body), {**given, **headers})
    return connection


def question(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "chatgpt", "messages": [{"role": "user", "content": text}], **more}


def chrome_facts(home: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((home / "profiles" / "default.lock").read_bytes())["browser"]
    return facts


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait to be noticed by its parent."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def site_tabs(home: Path) -> list[str]:
    """The addresses of the tabs that show the site."""
    with urllib.request.urlopen(f"http://127.0.0.1:{chrome_facts(home)['port']}/json/list") as reply:
        pages = json.load(reply)
    return [page["url"] for page in pages if page["type"] == "page" and "chatgpt.com" in page["url"]]


def read_until(response: http.client.HTTPResponse, words: str) -> None:
    text = ""
    while words not in text:
        line = response.readline().decode()
        assert line, text
        if line.startswith("data: {"):
            choices = json.loads(line[6:])["choices"]
            text += (choices[0]["delta"].get("content") or "") if choices else ""


async def begun(service: Service, site: ChatGPTSite, words: str) -> str:
    """Have an answer half way; returns the request's id."""
    site.say(Answer(text=HALF + REST, pieces=(HALF, REST), hold={"middle"}))
    client = connect(service, question(words, stream=True), **{"idempotency-key": words})
    with closing(client), client.getresponse() as response:
        assert response.status == 200, (response.read(), service.errors)
        read_until(response, HALF.strip())
        id_ = response.headers["x-request-id"]
        await site.gates.held("middle", count=len(site.prompts))
    assert id_ is not None
    return id_


def kept(run: Run, id_: str) -> tuple[str, str]:
    """What one command says of a request: its state, and its answer, or why there is none."""
    shown = run("results", "show", id_, "--json").json
    error = shown.get("error") or {}
    return shown["state"], error.get("message") or shown["answer"]["text"]


async def test_an_answer_outlives_a_killed_service_and_its_browser(
    start: Start, run: Run, home: Path, chatgpt_site: ChatGPTSite
) -> None:
    service = start(*UP)
    id_ = await begun(service, chatgpt_site, "One")
    chrome = chrome_facts(home)["pid"]
    service.process.kill()
    service.process.wait(10)

    # The page goes on by itself, and the next service finds it there.
    service = start(*UP)
    assert chrome_facts(home)["pid"] == chrome
    again = connect(service, question("One"), **{"idempotency-key": "One"})
    chatgpt_site.gates.open("middle")
    with closing(again), again.getresponse() as reply:
        answer = json.load(reply)
    assert answer["choices"][0]["message"]["content"] == HALF + REST
    assert answer["cdp_relay"]["capture"] == "page"
    assert reply.headers["x-cdp-relay-shared"] == "running"
    assert kept(run, id_) == ("finished", HALF + REST)
    with trio.fail_after(20):
        while site_tabs(home):  # noqa: ASYNC110  # the browser tells nobody here
            await trio.sleep(0.1)

    # Without the page, the chat that the site keeps has it.
    id_ = await begun(service, chatgpt_site, "Two")
    with trio.fail_after(10):
        while run("results", "show", id_, "--json").json["conversation_url"] is None:  # noqa: ASYNC110
            await trio.sleep(0.1)
    service.process.kill()
    browser = psutil.Process(chrome)
    family = [browser, *browser.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)
    service.process.wait(10)
    chatgpt_site.gates.open("middle")
    service = start(*UP)
    with trio.fail_after(50):
        while kept(run, id_)[0] == "running":  # noqa: ASYNC110
            await trio.sleep(0.3)
    assert kept(run, id_) == ("finished", HALF + REST)
    assert chatgpt_site.prompts == ["One", "Two"]
    assert service.stop() == 0
    assert not lives(chrome_facts(home)["pid"])


async def test_a_client_that_reads_nothing_cannot_hold_up_the_end_and_chrome_stays_where_it_is_to(
    start: Start, home: Path, chatgpt_site: ChatGPTSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_RELAY_CHROME_KEEP_RUNNING", "true")
    monkeypatch.setenv("CDP_RELAY_SERVER_SHUTDOWN_SECONDS", "1")
    first = start(*UP)
    chatgpt_site.say(Answer(text="word " * 200_000, piece_chars=50_000, hold={"end"}))
    client = connect(first, question("Tell me.", stream=True))
    assert client.sock is not None
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await chatgpt_site.gates.held("end", timeout=30)
    chrome = chrome_facts(home)["pid"]
    told = time.monotonic()
    assert first.stop(signal.SIGTERM) == 0
    assert time.monotonic() - told < 1 + LAST_SECONDS
    client.close()
    assert lives(chrome)
    assert site_tabs(home) == []
    await chatgpt_site.journal.wait("stop")

    monkeypatch.setenv("CDP_RELAY_CHROME_KEEP_RUNNING", "false")
    second = start(*UP)
    assert chrome_facts(home)["pid"] == chrome
    assert second.stop() == 0
    assert not lives(chrome)


def test_an_end_that_does_not_come_is_brought_about() -> None:
    program = (
        "import time; from cdp_relay.cli.service import _Ending;"
        "_Ending(patience=0.05, patient=True, last_seconds=0.05).ask(); time.sleep(60)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=50, check=False)
    assert ended.returncode == 130
    assert b"did not stop within 0.1 s" in ended.stderr
