"""Logs: one JSON object a line on standard error, each with the request's id."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

_VALUES: Final = re.compile(
    r"(?:\n|\\n)(?:\[parameters:[^\n]*|DETAIL:.*?(?=(?:\n|\\n)\[SQL:|\n\n|\Z))",
    re.DOTALL,
)
"""Where the text of a database error quotes values: what clients have sent, or rows."""


def configure_logs(level: str = "INFO", form: str = "json") -> None:
    """Set up the logs of this process; `form` is `json` or `console`."""
    first: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [
            structlog.processors.ExceptionRenderer(_WITHOUT_LOCALS),
            _without_values,
            structlog.processors.JSONRenderer(serializer=_text),
        ]
        if form == "json"
        else [
            _without_values,
            structlog.dev.ConsoleRenderer(exception_formatter=_plain),
        ]
    )
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if form == "json":
        _take_in_libraries(first, last)


def _take_in_libraries(first: list[Any], last: list[Any]) -> None:
    """Write warnings of libraries, which log by `logging`, as lines of the same form."""
    handler = logging.StreamHandler(sys.stderr)
    tidy = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first, processors=[tidy, *last]
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


_WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(
    show_locals=False, max_frames=30
)
"""Locals hold tokens and what clients have sent."""


def _without_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take the values that database errors quote out of `error` and `exception`."""
    if isinstance(event.get("error"), str):
        event["error"] = _VALUES.sub("", event["error"])
    exceptions = event.get("exception")
    for shown in exceptions if isinstance(exceptions, list) else ():
        shown["exc_value"] = _VALUES.sub("", shown["exc_value"])
    return event


def _plain(out: TextIO, error: Any) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    out.write(_VALUES.sub("", text.getvalue()))


def _text(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr).decode()
