"""Answers that a service worker passed on without reading them: the page has their bytes."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cdp_relay.recording.session import Exchange

__all__ = ["WENT_BY", "with_passed_on"]

WENT_BY = "whoever asked did not read it himself"
"""Why an answer has no body, of which bytes came over the wire."""


def with_passed_on(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The same, where a worker's answer that went by it has the bytes that the page got for its request.

    The browser tells a worker's own request and the page's apart, and of the former only its size. Whoever
    serves the recording is asked by the worker.
    """
    return [_filled(one, exchanges) if _went_by(one) else one for one in exchanges]


def _went_by(one: Exchange) -> bool:
    return one.source == "service_worker" and one.response is not None and one.response.left_out == WENT_BY


def _filled(passed_on: Exchange, exchanges: Sequence[Exchange]) -> Exchange:
    """With the body of the page's newest request that this one may be the worker's part of."""
    asked = None
    for one in exchanges:
        if one.at > passed_on.at:
            break
        if _is_asked(one, passed_on):
            asked = one
    if asked is None or asked.response is None or passed_on.response is None:
        return passed_on
    response = attrs.evolve(
        passed_on.response, body=asked.response.body, chunks=asked.response.chunks, left_out=""
    )
    return attrs.evolve(passed_on, response=response)


def _is_asked(one: Exchange, passed_on: Exchange) -> bool:
    return (
        one.from_service_worker
        and (one.request.method, one.request.url) == (passed_on.request.method, passed_on.request.url)
        and (one.ended_at is None or one.ended_at >= passed_on.at)
        and one.response is not None
        and one.response.body is not None
        and one.response.status == (passed_on.response.status if passed_on.response is not None else 0)
    )
