"""Read a HAR: our own as it was written, and other programs' as far as they tell."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias, get_args
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording import session as recorded
from cdp_relay.recording._json import from_json
from cdp_relay.recording._packing import read_file
from cdp_relay.recording.har import _form as form
from cdp_relay.recording.har._clock import from_ms, midnight, of_stamp, seconds, stamp
from cdp_relay.recording.session import About, Body, Chunk, Exchange, Headers, Mark, Message, Session, Source

__all__ = ["read_har"]

_BOM = b"\xef\xbb\xbf"
"""Some programs on Windows write one."""

_NO_BODY = frozenset({204, 205, 304})

_Raw: TypeAlias = msgspec.Raw | Any
"""An entry that is not decoded yet; or is, where only the tolerant decoder could read the file."""


class _Log(form.Head):
    entries: list[msgspec.Raw]


class _File(msgspec.Struct):
    log: _Log


_file_decoder = msgspec.json.Decoder(_File)
_entry_decoder = msgspec.json.Decoder(form.Entry)


def read_har(path: Path) -> Session:
    """Read a file, packed (``.zst``) or plain, written by us or by another program.

    What ``write_har`` wrote comes back as it was. An export of DevTools, Playwright or others has no chunks
    and no steps: its answers are whole, its times count from its first request, and what it is of is
    guessed from its first document.

    Raises:
      RecordingInvalid: it is no HAR 1.x, or is damaged; the message names the file, the entry and the field.
    """
    head, raw = _parsed(read_file(path), path)
    if head.version.partition(".")[0] != "1":
        raise RecordingInvalid(f"{path} is HAR {head.version}; 1.2 is what can be read.")
    try:
        about = None if head.about is UNSET else msgspec.convert(head.about, About)
        begin = None if about is None else midnight(about.recorded_on)
        marks = () if begin is None else tuple(_marks(head.pages or [], begin))
    except (msgspec.ValidationError, ValueError) as error:
        raise RecordingInvalid(f"{path} is damaged before its entries: {error}.") from error
    if begin is None:
        begin = _earliest(raw, path)
    reader = _EntryReader(begin, None if about else path.parent)
    exchanges: list[Exchange] = []
    for number, one in enumerate(raw):
        try:
            exchanges.append(reader.read(_decoded(one), number))
        except (msgspec.MsgspecError, _Damaged, ValueError, OverflowError, RecursionError) as error:
            raise RecordingInvalid(f"{path} is damaged in entry {number + 1}: {error}.") from error
    if about is None:
        exchanges.sort(key=lambda exchange: exchange.at)
        about = _guess(head, exchanges, begin)
    return Session(about=about, exchanges=tuple(exchanges), marks=marks)


class _Damaged(Exception):
    """What an entry says cannot be."""


def _parsed(data: bytes, path: Path) -> tuple[form.Head, Sequence[_Raw]]:
    data = data.removeprefix(_BOM)
    try:
        log = _file_decoder.decode(data).log
    except msgspec.ValidationError as error:
        raise RecordingInvalid(f"{path} is no HAR: {error}.") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        # Half of a surrogate pair, as scripts can hold one, is no error to the standard library.
        try:
            document = from_json(data)["log"]
            return msgspec.convert(document, form.Head), list(document["entries"])
        except (ValueError, LookupError, TypeError):
            raise RecordingInvalid(f"{path} is no HAR: {error}.") from error
    except RecursionError as error:
        raise RecordingInvalid(f"{path} is no HAR: its JSON is nested too deeply.") from error
    return log, log.entries


def _decoded(raw: _Raw) -> form.Entry:
    if isinstance(raw, msgspec.Raw):
        return _entry_decoder.decode(raw)
    return msgspec.convert(raw, form.Entry)


class _Started(msgspec.Struct, rename="camel"):
    started_date_time: str


def _earliest(raw: Sequence[_Raw], path: Path) -> int:
    starts = []
    for number, one in enumerate(raw, start=1):
        try:
            if isinstance(one, msgspec.Raw):
                entry = msgspec.json.decode(one, type=_Started)
            else:
                entry = msgspec.convert(one, _Started)
            starts.append(of_stamp(entry.started_date_time))
        except (msgspec.MsgspecError, ValueError) as error:
            raise RecordingInvalid(f"{path} is damaged in entry {number}: {error}.") from error
    return min(starts, default=0)


def _marks(pages: Sequence[form.Page], begin: int) -> list[Mark]:
    return [
        Mark(name=page.mark, at=seconds(of_stamp(page.started_date_time) - begin))
        for page in pages
        if page.mark is not UNSET
    ]


def _guess(head: form.Head, exchanges: Sequence[Exchange], begin: int) -> About:
    """What a file is of that does not say it."""
    documents = (one for one in exchanges if one.resource_type == "document" or _is_page(one))
    first = next(documents, exchanges[0] if exchanges else None)
    parts = _address(first.request.url if first else "")
    program = head.browser or head.creator or form.Program()
    return About(
        site=parts.hostname or "",
        scenario="har",
        recorded_on=stamp(begin)[:10],
        relay_version="",
        browser=f"{program.name}/{program.version}",
        driven_by="person",
        origin=f"{parts.scheme}://{parts.netloc}" if parts.netloc else "",
    )


def _address(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # "http://[" and the like
        return urlsplit("")


def _is_page(exchange: Exchange) -> bool:
    response = exchange.response
    return response is not None and response.status == 200 and response.mime_type.startswith("text/html")


class _EntryReader:
    """Turns entries into exchanges."""

    def __init__(self, begin: int, folder: Path | None) -> None:
        self._begin = begin
        self._folder = folder
        """Of another program's file, where bodies can lie beside it."""

    def read(self, entry: form.Entry, number: int) -> Exchange:
        at = of_stamp(entry.started_date_time) - self._begin
        response = self._response(entry.response, at) if entry.response.status > 0 else None
        return Exchange(
            id=str(number + 1) if entry.id is UNSET else entry.id,
            at=seconds(at),
            ended_at=self._ended_at(entry, at),
            request=_request(entry.request),
            response=response,
            error=entry.response.error or "",
            timings=_timings(entry.timings or form.Timings()),
            source=_source(entry),
            resource_type=_resource_type(entry),
            from_cache=bool(entry.from_cache),
            from_service_worker=bool(entry.response.from_service_worker),
            messages=tuple(self._message(one) for one in entry.messages or ()),
        )

    def _ended_at(self, entry: form.Entry, at: int) -> float | None:
        if isinstance(entry.ended_after, (int, float)):
            return seconds(at + from_ms(entry.ended_after))
        # Ours would say so.
        return None if self._folder is None else seconds(at + from_ms(max(entry.time or 0, 0)))

    def _response(self, response: form.Response, at: int) -> recorded.Response:
        content = response.content or form.Content()
        body = self._body(content, response.status)
        foreign_gap = self._folder is not None and body is None and _may_have_body(response.status)
        chunks = _chunks(content, at)
        if body is not None and chunks and sum(chunk.size for chunk in chunks) != body.size:
            raise _Damaged(f"`_chunks` are not the {body.size} bytes of the body")
        return recorded.Response(
            status=response.status,
            status_text=response.status_text or "",
            http_version=response.http_version or "",
            headers=_headers(response.headers),
            mime_type=content.mime_type or "",
            body=body,
            chunks=chunks,
            transferred=_bytes(response.transfer_size),
            left_out=content.left_out or ("the file does not hold it" if foreign_gap else ""),
            digest=content.digest or "",
            size=_left_out_size(content, foreign_gap),
        )

    def _body(self, content: form.Content, status: int) -> Body | None:
        if isinstance(content.text, str):
            return Body.of(_unwritten(content.text, content.encoding or None))
        if self._folder is None:
            return None
        if isinstance(content.file, str):
            # A name from a stranger's file must not lead out of its folder.
            if content.file in ("", "..") or Path(content.file).name != content.file:
                raise _Damaged("`_file` leads out of the file's folder")
            return Body.of(read_file(self._folder / content.file))
        # Exporters leave out the text of an empty body as well.
        return Body.of(b"") if (content.size or 0) <= 0 and _may_have_body(status) else None

    def _message(self, message: form.SocketMessage) -> Message:
        data: str | bytes = message.data
        if message.opcode == 2:
            data = _unwritten(message.data, "base64")
        at = round(message.time * 1e6) - self._begin
        return Message(at=seconds(at), sent=message.type == "send", data=data)


def _may_have_body(status: int) -> bool:
    return status >= 200 and status not in _NO_BODY and status // 100 != 3


def _left_out_size(content: form.Content, foreign_gap: bool) -> int | None:
    if isinstance(content.left_out_size, int):
        return content.left_out_size
    return _bytes(content.size) if foreign_gap else None


def _bytes(number: float | UnsetType | None) -> int | None:
    return int(number) if isinstance(number, (int, float)) and number >= 0 else None


def _request(request: form.Request) -> recorded.Request:
    body = None
    if request.post_data:
        encoding = request.post_data.encoding or None
        body = Body.of(_unwritten(request.post_data.text or "", encoding))
    return recorded.Request(
        method=request.method,
        url=request.url,
        http_version=request.http_version or "",
        headers=_headers(request.headers),
        body=body,
    )


def _headers(pairs: Sequence[form.Pair] | None) -> Headers:
    # DevTools writes the pseudo headers of HTTP/2, such as ":authority", among the others.
    return tuple((pair.name, pair.value or "") for pair in pairs or () if not pair.name.startswith(":"))


def _unwritten(text: str, encoding: str | None) -> bytes:
    if encoding is None:
        return text.encode("utf-8", "surrogatepass")
    if encoding != "base64":
        raise _Damaged(f"a body is encoded as {encoding!r}; only base64 is known")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Damaged(f"a body is no base64 ({error})") from error


def _chunks(content: form.Content, at: int) -> tuple[Chunk, ...]:
    table = content.chunks or ()
    if any(size < 0 for _, size in table):
        raise _Damaged("`_chunks` holds a negative size")
    return tuple(Chunk(seconds(at + from_ms(ms)), size) for ms, size in table)


def _timings(timings: form.Timings) -> recorded.Timings:
    def phase(ms: float | None) -> float | None:
        return None if ms is None or ms < 0 else seconds(from_ms(ms))

    return recorded.Timings(
        blocked=phase(timings.blocked),
        dns=phase(timings.dns),
        connect=phase(timings.connect),
        ssl=phase(timings.ssl),
        send=phase(timings.send) or 0.0,
        wait=phase(timings.wait) or 0.0,
        receive=phase(timings.receive) or 0.0,
    )


def _source(entry: form.Entry) -> Source:
    for known in get_args(Source):
        if entry.source == known:
            source: Source = known
            return source
    return "page"


def _resource_type(entry: form.Entry) -> str:
    if isinstance(entry.resource_type, str):
        return entry.resource_type
    if entry.messages or _address(entry.request.url).scheme in ("ws", "wss"):
        return "websocket"
    return ""
