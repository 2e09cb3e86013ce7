"""Walks through a whole recording: each place where something of a person can stand, in its own way.

One body is unpacked at a time. What a visitor changes is as long as what stood there, so that whatever counts
characters or bytes (frames, chunks) still counts right; only a packed request body may become longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import attrs

from cdp_relay.recording.redaction import bodies
from cdp_relay.recording.redaction.leaves import Family, Leaf, Setting, Visitor, Walk
from cdp_relay.recording.redaction.writing import PERCENT
from cdp_relay.recording.session import (
    Body,
    Exchange,
    Headers,
    Heard,
    Message,
    Request,
    Response,
    Session,
    Snapshot,
    header,
)

__all__ = ["SessionVisitor", "SessionWalk", "endpoint"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHANGING = re.compile(r"[0-9]{2,}|[0-9A-Fa-f]{8,}|[A-Za-z0-9_-]{20,}|[^\x00-\x7f%]|%")
_HANDS_OVER = re.compile(r"\s*(?:/\*.*?\*/\s*)?[A-Za-z_$][\w$.]*\(\s*[\[{\"]", re.DOTALL)
"""A script that is but a call with data."""
_RUN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{4,}")
_BOUNDARY = re.compile(r"boundary=\"?([^\";,\s]+)")
_DISPOSITION_NAME = re.compile(r"\bname=\"([^\"]*)\"")
_PART_TYPE = re.compile(r"content-type:\s*([^\r\n;]+)", re.IGNORECASE)
_FILE_NAME = re.compile(r"(filename\*?=(?:UTF-8'[^']*')?\"?)([^\";\r\n]+)", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?:Bearer|Basic|Digest|Negotiate|SAPISIDHASH|SAPISID1PHASH|SAPISID3PHASH)\s+", re.IGNORECASE
)
_ADDRESSES = frozenset(("referer", "location", "origin", "content-location", ":path", "sourcemap"))
_OWN_HEADERS = _words(
    ":method :scheme :status accept accept-encoding accept-ranges access-control-allow-credentials"
    " access-control-allow-headers access-control-allow-methods access-control-expose-headers"
    " access-control-max-age access-control-request-headers access-control-request-method age alt-svc"
    " cache-control connection content-encoding content-length content-type cross-origin-embedder-policy"
    " cross-origin-opener-policy cross-origin-resource-policy dnt feature-policy keep-alive"
    " origin-agent-cluster permissions-policy pragma priority referrer-policy sec-ch-ua sec-ch-ua-mobile"
    " sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user"
    " sec-websocket-extensions sec-websocket-protocol sec-websocket-version server"
    " strict-transport-security te transfer-encoding upgrade upgrade-insecure-requests user-agent vary"
    " x-content-type-options x-frame-options x-xss-protection"
)
"""What they say is of the protocol, and of nobody."""


class SessionVisitor(Visitor, Protocol):
    """Looks at values, and at each text when all its values were seen."""

    def finish(self, text: str, setting: Setting) -> str:
        """What is to stand instead of a whole text, as long; its values were visited already."""
        ...

    def take_code(self, text: str, setting: Setting) -> str:
        """The site's own code: as :meth:`finish`, but no value of it was visited."""
        ...

    def take_blob(self, data: bytes, media: str, setting: Setting) -> bytes:
        """A file of somebody's; what is to stand in its place, of the same size."""
        ...


def endpoint(method: str, url: str) -> str:
    """An address without what changes in it: requests to it are alike."""
    parts = urlsplit(url)
    steps = ["*" if _CHANGING.search(step) else step for step in parts.path.split("/")]
    return f"{method} {parts.hostname or ''}{'/'.join(steps)}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@attrs.define(eq=False)
class SessionWalk:
    """Walks through recordings."""

    visitor: SessionVisitor
    walk: Walk = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.walk = Walk(self.visitor)

    def session(self, session: Session) -> Session:
        """The whole of it; code first, since it tells which words are the site's own."""
        order = sorted(
            range(len(session.exchanges)),
            key=lambda number: bodies.kind_of_answer(session.exchanges[number]) not in ("code", "script"),
        )
        walked: dict[int, Exchange] = {}
        for number in order:
            walked[number] = self.exchange(session.exchanges[number], number)
        about = session.about
        told = Setting(spot="about", family=("about",))
        return attrs.evolve(
            session,
            about=attrs.evolve(
                about,
                title=self.visitor.finish(about.title, told),
                notes=tuple(self.visitor.finish(note, told) for note in about.notes),
            ),
            exchanges=tuple(walked[number] for number in range(len(session.exchanges))),
            marks=tuple(attrs.evolve(one, name=self.visitor.finish(one.name, told)) for one in session.marks),
            snapshots=tuple(self.snapshot(one) for one in session.snapshots),
            heard=tuple(self.heard(one, number) for number, one in enumerate(session.heard)),
        )

    # --- requests -------------------------------------------------------------------------------------

    def exchange(self, exchange: Exchange, number: int) -> Exchange:
        """One request with its answer."""
        request = exchange.request
        name = endpoint(request.method, request.url)
        spot = f"entry {number} ({name})"
        setting = Setting(spot=spot, family=(name,))
        response = exchange.response
        return attrs.evolve(
            exchange,
            request=self._request(exchange, setting),
            response=None if response is None else self._response(exchange, response, setting),
            error=self.visitor.finish(exchange.error, attrs.evolve(setting, spot=f"{spot}, error")),
            messages=tuple(self._message(one, at, setting) for at, one in enumerate(exchange.messages)),
        )

    def _request(self, exchange: Exchange, setting: Setting) -> Request:
        request = exchange.request
        spot = f"{setting.spot}, request"
        headers = self._headers(request.headers, attrs.evolve(setting, spot=spot))
        body = request.body
        if body is not None:
            asked = Setting(spot=f"{spot} body", family=(*setting.family, "asked"), is_person=True)
            old = body.read()
            plain, coding = bodies.unpacked(old, request.headers)
            media = header(request.headers, "content-type") or ""
            new = self._body(plain, bodies.kind_of_question(exchange), media, asked)
            if new != plain:
                packed = bodies.pack_like(new, coding)
                headers = _with_length(headers, len(old), len(packed))
                body = Body.of(packed)
        return attrs.evolve(
            request,
            url=self._address(request.url, attrs.evolve(setting, spot=f"{spot} address")),
            headers=headers,
            body=body,
        )

    def _response(self, exchange: Exchange, response: Response, setting: Setting) -> Response:
        spot = f"{setting.spot}, response"
        headers = self._headers(response.headers, attrs.evolve(setting, spot=spot))
        body = response.body
        if body is not None and body.size:
            told = attrs.evolve(setting, spot=f"{spot} body", is_error=response.status >= 400)
            old = body.read()
            new = self._body(old, bodies.kind_of_answer(exchange), response.mime_type, told)
            if new != old:
                body = Body.of(new)
        return attrs.evolve(
            response,
            headers=headers,
            body=body,
            status_text=self.visitor.finish(response.status_text, setting),
            left_out=self.visitor.finish(response.left_out, setting),
        )

    def _address(self, url: str, setting: Setting) -> str:
        return self.visitor.finish(self.walk.address(url, setting), setting)

    def _headers(self, headers: Headers, setting: Setting) -> Headers:
        return tuple((name, self._header(name.lower(), value, setting)) for name, value in headers)

    def _header(self, name: str, value: str, setting: Setting) -> str:
        if name in _OWN_HEADERS or not value:
            return value
        setting = attrs.evolve(setting, spot=f"{setting.spot} header", family=())
        if name == "cookie":
            new = self.walk.cookies(value, setting)
        elif name == "set-cookie":
            cookie, semicolon, rest = value.partition(";")
            new = self.walk.cookies(cookie, setting) + semicolon + rest
        elif name in _ADDRESSES:
            new = self.walk.address(value, setting)
        elif name == "content-disposition":
            new = _FILE_NAME.sub(
                lambda found: found[1] + self.walk.named("field", "filename", found[2], setting), value
            )
        else:
            scheme = _SCHEME.match(value)
            start = scheme.end() if scheme else 0
            new = value[:start] + PERCENT.rewrite(
                value[start:], lambda said: self.walk.named("header", name, said, setting)
            )
        return self.visitor.finish(new, attrs.evolve(setting, spot=f"{setting.spot} {name}"))

    def _message(self, message: Message, number: int, setting: Setting) -> Message:
        setting = attrs.evolve(
            setting,
            spot=f"{setting.spot}, message {number}",
            family=(*setting.family, "sent" if message.sent else "received"),
            is_person=message.sent,
        )
        data = message.data
        if isinstance(data, str):
            new: str | bytes = self._whole(data, setting, self.walk.text)
        else:
            new = self._binary(data, setting)
        return message if new == data else attrs.evolve(message, data=new)

    # --- bodies ---------------------------------------------------------------------------------------

    def _body(self, data: bytes, kind: bodies.BodyKind, media: str, setting: Setting) -> bytes:
        if kind == "art" or not data:
            return data
        if kind == "blob":
            return self.visitor.take_blob(data, media, setting)
        if kind == "binary":
            return self._binary(data, setting)
        if kind == "multipart":
            return self._multipart(data, media, setting)
        text = _text(data)
        if kind == "script" and _HANDS_OVER.match(text) and text.rstrip().endswith((")", ");")):
            return _bytes(self._whole(text, setting, self.walk.json))
        if kind in ("code", "script"):
            return _bytes(self.visitor.take_code(text, setting))
        if kind == "data" and _is_binary(text):
            return self._binary(data, setting)
        ways: Mapping[str, Callable[[str, Setting], str]] = {
            "page": self.walk.html,
            "form": self.walk.form,
            "words": self._words,
        }
        return _bytes(self._whole(text, setting, ways.get(kind, self.walk.text)))

    def _whole(self, text: str, setting: Setting, way: Callable[[str, Setting], str]) -> str:
        return self.visitor.finish(way(text, setting), setting)

    def _words(self, text: str, setting: Setting) -> str:
        return self.walk.value(Leaf(where="text", name="file", value=text, setting=setting))

    def _binary(self, data: bytes, setting: Setting) -> bytes:
        """What can be read in what is no text; all of it when it can be read."""
        text = _text(data)
        if not _is_binary(text):
            return _bytes(self._whole(text, setting, self.walk.text))
        new = _RUN.sub(
            lambda run: self.walk.value(
                Leaf(where="text", name="", value=run[0], setting=setting, family=(*setting.family, "run"))
            ),
            text,
        )
        return _bytes(self.visitor.finish(new, setting))

    def _multipart(self, data: bytes, media: str, setting: Setting) -> bytes:
        found = _BOUNDARY.search(media)
        if found is None:
            return self._binary(data, setting)
        boundary = b"--" + found[1].encode()
        parts = data.split(boundary)
        return boundary.join(self._part(part, setting) for part in parts)

    def _part(self, part: bytes, setting: Setting) -> bytes:
        head, blank, body = part.partition(b"\r\n\r\n")
        if not blank:
            return part
        told = _text(head)
        named = _DISPOSITION_NAME.search(told)
        kind = _PART_TYPE.search(told)
        media = kind[1].strip().lower() if kind else ""
        setting = attrs.evolve(setting, spot=f"{setting.spot}, part {named[1] if named else ''}".rstrip())
        body, end = (body[:-2], b"\r\n") if body.endswith(b"\r\n") else (body, b"")
        is_file = "filename" in told.lower()
        if is_file and not media.startswith("text/") and "json" not in media:
            body = self.visitor.take_blob(body, media, setting)
        elif is_file:
            body = _bytes(self._whole(_text(body), setting, self._words))
        else:
            name = named[1] if named else ""
            said = self.walk.named("field", name, _text(body), setting)
            body = _bytes(self.visitor.finish(said, setting))
        told = _FILE_NAME.sub(
            lambda one: one[1] + self.walk.named("field", "filename", one[2], setting), told
        )
        return _bytes(self.visitor.finish(told, setting)) + blank + body + end

    # --- pages and events -------------------------------------------------------------------------------

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        """The page at a step."""
        setting = Setting(spot=f"page at {snapshot.step}", family=("page",))
        html = snapshot.html.read()
        new = _bytes(self._whole(_text(html), setting, self.walk.html))
        title = Leaf(where="markup", name="title", value=snapshot.title, setting=setting, family=("title",))
        stored = attrs.evolve(setting, spot=f"{setting.spot}, storage")
        return attrs.evolve(
            snapshot,
            url=self._address(snapshot.url, attrs.evolve(setting, spot=f"{setting.spot}, address")),
            title=self.visitor.finish(self.walk.value(title), setting) if snapshot.title else "",
            html=snapshot.html if new == html else Body.of(new),
            storage={
                self.visitor.finish(key, stored): self.visitor.finish(
                    self.walk.named("storage", key, value, stored), stored
                )
                for key, value in snapshot.storage.items()
            },
        )

    def heard(self, heard: Heard, number: int) -> Heard:
        """What the relay said."""
        setting = Setting(spot=f"event {number}", family=("heard", str(heard.event.get("event", ""))))
        event = self._heard_value(dict(heard.event), setting, ("heard",), "")
        return heard if event == heard.event else attrs.evolve(heard, event=event)

    def _heard_value(self, value: Any, setting: Setting, family: Family, name: str) -> Any:
        if isinstance(value, str):
            leaf = Leaf(
                where="json", name=name, value=value, setting=setting, family=(*setting.family, *family, name)
            )
            new = self.walk.value(leaf) if value else value
            return self.visitor.finish(new, setting)
        if isinstance(value, Mapping):
            return {key: self._heard_value(one, setting, family, str(key)) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._heard_value(one, setting, family, name) for one in value]
        return value


def _is_binary(text: str) -> bool:
    start = text[:4096]
    odd = sum((one < " " and one not in "\t\r\n\f") or "\udc80" <= one <= "\udcff" for one in start)
    return odd * 50 > len(start)


def _with_length(headers: Headers, old: int, new: int) -> Headers:
    return tuple(
        (name, str(new) if name.lower() == "content-length" and value == str(old) else value)
        for name, value in headers
    )
