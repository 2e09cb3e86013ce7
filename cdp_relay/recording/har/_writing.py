"""Write a session as HAR 1.2, one entry on a line, one body in memory at a time."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import IO, Any

import attrs
from msgspec import UNSET, UnsetType

from cdp_relay.errors import InternalError
from cdp_relay.recording import session as recorded
from cdp_relay.recording._json import to_json
from cdp_relay.recording.har import _form as form
from cdp_relay.recording.har._clock import midnight, stamp, to_ms, to_us
from cdp_relay.recording.har._derived import query_parameters, request_cookies, response_cookies
from cdp_relay.recording.session import Body, Exchange, Headers, Mark, Message, Session, header

__all__ = ["write_har"]

_UNANSWERED = -1
"""What Playwright writes where no answer came. DevTools writes 0, of which Playwright would make a 200."""


def write_har(session: Session, file: IO[bytes]) -> None:
    """Write what was recorded on the network, and what it is of.

    Pages, looks and what the relay heard are not in it: they have files of their own in the folder of a
    recording. ``read_har`` gives back the rest, as it was; times to the microsecond.

    Raises:
      InternalError: the chunks of a body are not the body.
    """
    begin = midnight(session.about.recorded_on)
    pages = list(_pages(session, begin))
    browser, _, version = session.about.browser.partition("/")
    head: list[tuple[str, Any]] = [
        ("version", "1.2"),
        ("creator", form.Program(name="CDP Relay", version=session.about.relay_version)),
        ("browser", form.Program(name=browser, version=version)),
        ("_about", attrs.asdict(session.about, recurse=False)),
        ("pages", pages),
    ]
    file.write(b'{"log":{')
    for name, value in head:
        file.write(b'"%s":%s,\n' % (name.encode(), to_json(value)))
    file.write(b'"entries":[')
    for number, exchange in enumerate(session.exchanges):
        file.write(b",\n" if number else b"\n")
        file.write(to_json(_entry(exchange, begin, session.marks)))
    file.write(b"\n]}}\n")


def _pages(session: Session, begin: int) -> Iterator[form.Page]:
    title = session.about.title or session.about.origin
    timings = {"onContentLoad": -1, "onLoad": -1}
    yield form.Page(started_date_time=stamp(begin), id="page_0", title=title, page_timings=timings)
    for number, mark in enumerate(session.marks, start=1):
        yield form.Page(
            started_date_time=stamp(begin + to_us(mark.at)),
            id=f"page_{number}",
            title=mark.name,
            page_timings=timings,
            mark=mark.name,
        )


def _page_of(at: float, marks: Sequence[Mark]) -> str:
    """The last step that had begun."""
    begun = [(mark.at, number) for number, mark in enumerate(marks, start=1) if mark.at <= at]
    return f"page_{max(begun)[1] if begun else 0}"


def _entry(exchange: Exchange, begin: int, marks: Sequence[Mark]) -> form.Entry:
    at = to_us(exchange.at)
    timings = exchange.timings
    phases = (timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive)
    messages: list[form.SocketMessage] | UnsetType = [_message(one, begin) for one in exchange.messages]
    return form.Entry(
        pageref=_page_of(exchange.at, marks),
        started_date_time=stamp(begin + at),
        # All that applies but TLS, which stands in ``connect`` already.
        time=to_ms(sum(to_us(phase) for phase in phases if phase is not None)),
        request=_request(exchange.request),
        response=_response(exchange, at),
        timings=_timings(timings),
        id=exchange.id,
        source=exchange.source,
        resource_type=exchange.resource_type,
        from_cache=exchange.from_cache or UNSET,
        ended_after=UNSET if exchange.ended_at is None else to_ms(to_us(exchange.ended_at) - at),
        messages=messages or UNSET,
    )


def _timings(timings: recorded.Timings) -> form.Timings:
    return form.Timings(
        **{
            name: -1 if phase is None else to_ms(to_us(phase))
            for name, phase in attrs.asdict(timings, recurse=False).items()
        }
    )


def _pairs(headers: Headers) -> list[form.Pair]:
    return [form.Pair(name=name, value=value) for name, value in headers]


def _request(request: recorded.Request) -> form.Request:
    posted: form.PostData | UnsetType = UNSET
    if request.body is not None:
        text, encoding = _text(request.body)
        posted = form.PostData(
            mime_type=header(request.headers, "content-type") or "", text=text, encoding=encoding
        )
    return form.Request(
        method=request.method,
        url=request.url,
        http_version=request.http_version,
        cookies=request_cookies(request.headers),
        headers=_pairs(request.headers),
        query_string=query_parameters(request.url),
        post_data=posted,
        body_size=request.body.size if request.body else 0,
    )


def _response(exchange: Exchange, at: int) -> form.Response:
    response = exchange.response
    error = exchange.error or UNSET
    by_worker = exchange.from_service_worker or UNSET
    if response is None:
        return form.Response(
            status=_UNANSWERED,
            cookies=[],
            headers=[],
            content=form.Content(mime_type="x-unknown"),
            error=error,
            from_service_worker=by_worker,
        )
    return form.Response(
        status=response.status,
        status_text=response.status_text,
        http_version=response.http_version,
        cookies=response_cookies(response.headers),
        headers=_pairs(response.headers),
        content=_content(exchange, response, at),
        redirect_url=header(response.headers, "location") or "",
        body_size=0 if exchange.from_cache else -1,
        transfer_size=UNSET if response.transferred is None else response.transferred,
        error=error,
        from_service_worker=by_worker,
    )


def _content(exchange: Exchange, response: recorded.Response, at: int) -> form.Content:
    body = response.body
    text, encoding = (UNSET, UNSET) if body is None else _text(body)
    if body is not None and response.chunks and sum(chunk.size for chunk in response.chunks) != body.size:
        raise InternalError(f"The chunks of {exchange.request.url} are not its {body.size} bytes.")
    return form.Content(
        size=body.size if body else response.size or 0,
        mime_type=response.mime_type,
        text=text,
        encoding=encoding,
        chunks=[(to_ms(to_us(chunk.at) - at), chunk.size) for chunk in response.chunks] or UNSET,
        left_out=response.left_out or UNSET,
        digest=response.digest or UNSET,
        left_out_size=UNSET if response.size is None else response.size,
    )


def _text(body: Body) -> tuple[str, str | UnsetType]:
    """As it is where that is UTF-8 byte for byte, otherwise as base64."""
    data = body.read()
    try:
        return data.decode("utf-8"), UNSET
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii"), "base64"


def _message(message: Message, begin: int) -> form.SocketMessage:
    binary = isinstance(message.data, bytes)
    data = base64.b64encode(message.data).decode("ascii") if isinstance(message.data, bytes) else message.data
    return form.SocketMessage(
        type="send" if message.sent else "receive",
        time=(begin + to_us(message.at)) / 1e6,
        opcode=2 if binary else 1,
        data=data,
    )
