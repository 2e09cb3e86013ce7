"""What a request's head has to prove before a byte of its body is read.

Pure functions on the head, in this order: Host, Origin and Sec-Fetch-Site, key, content type,
declared length. The order matters: whoever fails a check learns nothing from the later ones.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence

import attrs

from cdp_relay.errors import (
    BodyTooLarge,
    ForbiddenHost,
    ForbiddenOrigin,
    InvalidKey,
    InvalidRequest,
    UnsupportedMediaType,
)

__all__ = ["Gate", "Head"]

_OPEN_PATHS = frozenset({("HEAD", "/"), ("GET", "/health"), ("HEAD", "/health")})
"""What needs no key: Claude Code asks HEAD / before anything else, and liveness probes know no key."""

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_UTF8_NAMES = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})


@attrs.frozen(kw_only=True)
class Head:
    """A request's line and headers, names in lower case."""

    method: str
    path: str
    http_version: str
    headers: Sequence[tuple[bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        """All values of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def text(self, name: bytes) -> str:
        """The first value of a header, or an empty string."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


@attrs.frozen(kw_only=True)
class Gate:
    """The rules of one service."""

    key: str = attrs.field(repr=False)
    port: int
    max_body_bytes: int

    def check(self, head: Head) -> None:
        """Let the request in, or raise.

        Raises:
          UserError: the first check that failed.
        """
        self._check_host(head)
        self._check_origin(head)
        if (head.method, head.path) not in _OPEN_PATHS:
            self._check_key(head)
        if head.http_version not in ("1.0", "1.1"):
            raise InvalidRequest(
                f"This service does not speak HTTP/{head.http_version}.", next_step="Use HTTP/1.1."
            )
        if head.method in _BODY_METHODS:
            self._check_media_type(head)
        self._check_length(head)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The Host headers that name this service."""
        names = ("127.0.0.1", "localhost", "[::1]")
        with_port = tuple(f"{name}:{self.port}" for name in names)
        return with_port + names if self.port == 80 else with_port

    def _check_host(self, head: Head) -> None:
        # A page on a name that was made to resolve to this machine sends its own name here, and
        # neither Origin nor Sec-Fetch-Site betray it (security.md 1.4).
        hosts = head.values(b"host")
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in self.hosts:
            raise ForbiddenHost(
                "The Host header is none of this service's own names.",
                next_step=f"Use http://127.0.0.1:{self.port}/v1 or http://localhost:{self.port}/v1 "
                "as the base URL.",
            )

    def _check_origin(self, head: Head) -> None:
        if head.values(b"origin") or any(
            site.decode("latin-1").strip().lower() in ("cross-site", "same-site")
            for site in head.values(b"sec-fetch-site")
        ):
            raise ForbiddenOrigin("A web page sent this request.")

    def _check_key(self, head: Head) -> None:
        wanted = self.key.encode()
        offered = list(_offered_keys(head))
        # Every one is compared, so that the time says nothing about which was near.
        if not any([hmac.compare_digest(one, wanted) for one in offered]):  # noqa: C419
            raise InvalidKey("The API key is wrong." if offered else "No API key came with the request.")

    def _check_media_type(self, head: Head) -> None:
        types = head.values(b"content-type")
        if len(types) != 1:
            raise UnsupportedMediaType("The body's type is not declared once.")
        media_type, _, parameters = types[0].decode("latin-1").partition(";")
        if media_type.strip().lower() != "application/json":
            raise UnsupportedMediaType("The body is not declared as JSON.")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip(' \t"').lower() not in _UTF8_NAMES:
                raise UnsupportedMediaType("The body's charset is not UTF-8.")
        encoding = head.text(b"content-encoding").strip().lower()
        if encoding not in ("", "identity"):
            raise UnsupportedMediaType(
                "The body is compressed.", next_step="Send the body without Content-Encoding."
            )

    def _check_length(self, head: Head) -> None:
        declared = head.text(b"content-length").strip()
        if declared.isdigit() and int(declared) > self.max_body_bytes:
            raise body_too_large(self.max_body_bytes)


def _offered_keys(head: Head) -> Iterable[bytes]:
    for value in head.values(b"authorization"):
        scheme, _, token = value.strip().partition(b" ")
        if scheme.lower() == b"bearer":
            yield token.strip()
    for name in (b"x-api-key", b"api-key"):
        yield from (value.strip() for value in head.values(name))


def body_too_large(limit: int) -> BodyTooLarge:
    """The error for a body over the limit, whether declared or found while reading."""
    return BodyTooLarge(f"The body is larger than {limit} bytes.")
