"""What a client sees where a request was not answered: a status, a code, a message."""

from __future__ import annotations

from typing import Final

import orjson
import structlog
from sqlalchemy import exc
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from cyclorama.errors import RequestError, UnauthenticatedError
from cyclorama.storage.outages import MESSAGE, is_unavailable

log = structlog.get_logger(__name__)
_STATUSES: Final = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "SERVICE_UNAVAILABLE": 503,
    "TIMEOUT": 504,
}


class Problem(Exception):
    """A request that can't be answered; its message is shown."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def problem_of(error: BaseException, request_id: str) -> Problem:
    """What a client may know of an error; the log has the rest."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestError):
        status = _STATUSES.get(error.code, 400)
        return Problem(status, error.code, str(error))
    if isinstance(error, ClientDisconnect):
        return Problem(400, "BAD_REQUEST", "The body did not come to its end.")
    if isinstance(error, exc.TimeoutError):
        log.error("pool_exhausted", error=repr(error))
        message = "All database connections are taken; try again in a moment."
        return Problem(503, "SERVICE_UNAVAILABLE", message)
    if is_unavailable(error):
        log.error("database_unavailable", error=repr(error))
        return Problem(503, "SERVICE_UNAVAILABLE", MESSAGE)
    log.error("request_failed", exc_info=error)
    message = f"Something went wrong here; the log says more (request {request_id})."
    return Problem(500, "INTERNAL_SERVER_ERROR", message)


def problem_response(problem: Problem, media_type: str) -> Response:
    """The problem as a GraphQL answer without data."""
    error = {"message": problem.message, "extensions": {"code": problem.code}}
    headers = {}
    if problem.code == UnauthenticatedError.code:
        headers["www-authenticate"] = 'Bearer realm="cyclorama"'
    if problem.status == 503:
        headers["retry-after"] = "2"
    if problem.status == 405:
        headers["allow"] = "GET, POST"
    return Response(
        orjson.dumps({"errors": [error]}),
        status_code=problem.status,
        media_type=media_type,
        headers=headers,
    )
