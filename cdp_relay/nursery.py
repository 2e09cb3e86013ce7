"""Nurseries that raise the one error that matters, and not a group of all that failed with it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from cdp_relay.errors import RelayError

__all__ = ["open_nursery", "sole_error"]


@asynccontextmanager
async def open_nursery() -> AsyncGenerator[trio.Nursery, None]:
    """Open a nursery that raises :func:`sole_error` of what went wrong in it."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        only = sole_error(group)
        if only is group:
            raise
        # The group says nothing that the error in it does not.
        raise only from only.__cause__  # noqa: ASYNC123


def sole_error(error: BaseException) -> BaseException:
    """The one error that matters in a group from a nursery: the relay's own before any other.

    Nurseries hold one worker and some watchers; when both fail in the same moment, the relay's typed
    error says more than what it brought about. A group of several others stays a group.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [sole_error(one) for one in error.exceptions]
    ours = [one for one in leaves if isinstance(one, RelayError)]
    if ours:
        return ours[0]
    others = [one for one in leaves if not isinstance(one, trio.Cancelled)]
    return others[0] if len(others) == 1 else error
