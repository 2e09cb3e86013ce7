"""The service's log: structlog and the standard library's loggers, into one stream on stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

from cdp_relay.settings import LogSettings

__all__ = ["set_up_logs"]

_QUIET = ("hypercorn", "trio", "trio-websocket", "wsproto", "quart", "h2", "hpack")
"""Libraries whose every step is of interest to their own authors only."""


def set_up_logs(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send all log records, ours and the libraries', to stderr as text or as one JSON object a line.

    Values bound with ``structlog.contextvars`` (the request id) stand on every line of their task.
    """
    stream = sys.stderr if stream is None else stream
    level = getattr(logging, settings.level.upper())
    colours = settings.format == "text" and stream.isatty()
    stamp = (
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if settings.format == "json"
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        stamp,
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    rendering: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if settings.format == "json":
        rendering += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        rendering.append(
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
        )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
