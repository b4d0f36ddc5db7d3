"""Logs: one JSON object a line on standard error, each with the request's id."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog


def configure_logs(level: str = "INFO", form: str = "json") -> None:
    """Set up the logs of this process; `form` is `json` or `console`."""
    last: list[Any] = (
        [
            structlog.processors.ExceptionRenderer(_WITHOUT_LOCALS),
            structlog.processors.JSONRenderer(serializer=_text),
        ]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(exception_formatter=_plain)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


_WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(
    show_locals=False, max_frames=30
)
"""Locals hold tokens and what clients have sent."""
_plain = structlog.dev.plain_traceback


def _text(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr).decode()
