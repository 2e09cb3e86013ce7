"""A small blocking client of the running service, for the commands that ask it something."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import attrs
import click

from cdp_relay.api.key import read_or_create_key
from cdp_relay.cli.output import print_json
from cdp_relay.cli.running import Running, read_running
from cdp_relay.errors import AnswerIncomplete, InternalError, RelayError
from cdp_relay.settings import Home
from cdp_relay.wire.sse import SSEDecoder

__all__ = ["ServiceClient", "failure_of", "find_service", "find_service_or_say"]

_ANSWER_SECONDS = 60.0
"""Longest silence on a streamed answer; the service fills silences far sooner."""
_HEADERS_SECONDS = 3700.0
"""A status line may wait in the queue and for the site; the service itself bounds that."""


@attrs.frozen(kw_only=True)
class ServiceClient:
    """The service that runs for this home."""

    running: Running
    key: str = attrs.field(repr=False)

    def get(self, path: str, *, timeout: float = 10.0) -> tuple[int, Any]:
        """Get a path of the service, from its root; returns the status and the parsed JSON."""
        connection = self._connect(timeout=timeout)
        with closing(connection):
            connection.request("GET", path, headers=self._headers())
            response = connection.getresponse()
            return response.status, _parse(response.read())

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post JSON to a path of the service, from its root, and return the JSON that it answers with.

        Raises:
          RelayError: as the service says.
        """
        connection = self._connect(timeout=_HEADERS_SECONDS)
        with closing(connection):
            headers = self._headers() | {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body).encode(), headers)
            response = connection.getresponse()
            parsed = _parse(response.read())
            if response.status != 200:
                raise failure_of(parsed)
            return parsed

    def stream(
        self, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Ask for a streamed chat completion and yield its chunks as they come.

        Args:
          headers: further ones.

        Closing the iterator closes the connection, which stops the answer on the page.

        Raises:
          RelayError: as the service says; ``AnswerIncomplete`` when the stream ends before its end.
        """
        connection = self._connect(timeout=_HEADERS_SECONDS)
        with closing(connection):
            connection.request(
                "POST",
                f"{urlsplit(self.running.base_url).path}/chat/completions",
                json.dumps({**body, "stream": True}).encode(),
                {**self._headers(), "Content-Type": "application/json", **(headers or {})},
            )
            response = connection.getresponse()
            if response.status != 200:
                raise failure_of(_parse(response.read()))
            if connection.sock is not None:
                connection.sock.settimeout(_ANSWER_SECONDS)
            decoder = SSEDecoder()
            while data := response.read1(65536):
                for event in decoder.feed(data):
                    if event.data == "[DONE]":
                        return
                    chunk = _parse(event.data.encode())
                    if "error" in chunk:
                        raise failure_of(chunk)
                    yield chunk
            raise AnswerIncomplete("The service ended the stream before the answer was whole.")

    def events(self, path: str) -> Iterator[tuple[str, Any]]:
        """Follow a path that pushes events, from the service's root; yields the name and the JSON of each.

        Raises:
          RelayError: as the service says.
        """
        connection = self._connect(timeout=_ANSWER_SECONDS)
        with closing(connection):
            connection.request("GET", path, headers=self._headers())
            response = connection.getresponse()
            if response.status != 200:
                raise failure_of(_parse(response.read()))
            decoder = SSEDecoder()
            while data := response.read1(65536):
                for event in decoder.feed(data):
                    yield event.event, _parse(event.data.encode())

    def _connect(self, *, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.running.base_url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "User-Agent": "cdp-relay-cli"}


def find_service(home: Home) -> ServiceClient | None:
    """The service that was started from this home and still lives, if there is one."""
    running = read_running(home)
    if running is None:
        return None
    key, _ = read_or_create_key(home)
    return ServiceClient(running=running, key=key)


def find_service_or_say(home: Home, *, as_json: bool) -> ServiceClient | None:
    """The same; where there is none, that is printed."""
    service = find_service(home)
    if service is None and as_json:
        print_json({"running": False})
    elif service is None:
        click.echo("The service does not run; 'cdp-relay up' starts it.")
    return service


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise InternalError("The service answered with something else than JSON.") from None


def failure_of(body: Any) -> RelayError:
    """The error that a refusal of the service tells of."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return InternalError("The service refused without saying why.")
    next_step = str(error.get("next_step", ""))
    message = str(error.get("message", "")).removesuffix(next_step).strip()
    seconds = error.get("retry_after_seconds")
    return RelayError(
        message,
        next_step=next_step or None,
        retry_after_seconds=seconds if isinstance(seconds, int | float) else None,
        details={"code": error.get("code")},
    )
