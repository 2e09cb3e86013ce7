"""A nursery that lets a single error through as it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

__all__ = ["open_nursery"]


@asynccontextmanager
async def open_nursery() -> AsyncGenerator[trio.Nursery, None]:
    """Open a nursery; a group that holds one exception only is raised as that exception."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        only: BaseException = group
        while isinstance(only, BaseExceptionGroup) and len(only.exceptions) == 1:
            only = only.exceptions[0]
        if only is group:
            raise
        # The group says nothing that the only exception in it does not.
        raise only from only.__cause__  # noqa: ASYNC123
