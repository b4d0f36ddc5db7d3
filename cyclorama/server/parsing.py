"""From an HTTP request to an operation, with a limit on everything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request

from cyclorama.execution.engine import Operation
from cyclorama.server.problems import Problem

LONGEST_NAME: Final = 255
JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
PREFLIGHT: Final = ("apollo-require-preflight", "x-cyclorama-preflight")
"""Headers that a page of another origin can't send without asking first."""
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([^\s"';]*)""")


async def read_operation(request: Request, most_bytes: int) -> Operation:
    """The operation of a POST or a GET; `Problem` says what is wrong with the request."""
    if request.method == "GET":
        return _of_get(request)
    _check_content_type(request.headers.get("content-type", ""))
    return _operation(_decoded(await _body(request, most_bytes)), read_only=False)


def _check_content_type(given: str) -> None:
    kind, _, parameters = given.lower().partition(";")
    if kind.strip() not in (JSON, GRAPHQL_JSON):
        message = f"Send the operation as {JSON}, not {kind.strip()[:80]!r}."
        raise Problem(415, "BAD_REQUEST", message)
    charset = _CHARSET.search(parameters)
    if charset is not None and charset[1] not in ("utf-8", "utf8"):
        message = f"Send the operation in utf-8, not {charset[1][:80]!r}."
        raise Problem(415, "BAD_REQUEST", message)


async def _body(request: Request, most: int) -> bytes:
    """The body, cut off as soon as it is known to be too long."""
    problem = Problem(
        413, "BAD_REQUEST", f"The body is longer than {most} bytes; ask for less."
    )
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise problem
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise problem
        parts.append(part)
    return b"".join(parts)


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "BAD_REQUEST", f"The body is no JSON: {error}.") from None


def _of_get(request: Request) -> Operation:
    if not any(name in request.headers for name in PREFLIGHT):
        raise Problem(
            400,
            "BAD_REQUEST",
            "Send a GET with the header X-Cyclorama-Preflight: true, or use POST.",
        )
    given = request.query_params
    for name in ("query", "operationName", "variables"):
        if len(given.getlist(name)) > 1:
            raise Problem(400, "BAD_REQUEST", f"`{name}` is given twice; give it once.")
    members: dict[str, Any] = dict(given)
    if "variables" in members:
        try:
            members["variables"] = orjson.loads(members["variables"])
        except orjson.JSONDecodeError as error:
            message = f"`variables` is no JSON: {error}."
            raise Problem(400, "BAD_REQUEST", message) from None
    return _operation(members, read_only=True)


def _operation(members: Any, *, read_only: bool) -> Operation:
    if isinstance(members, list):
        raise Problem(
            400, "BAD_REQUEST", "Send one operation as an object; batches are refused."
        )
    if not isinstance(members, Mapping):
        raise Problem(400, "BAD_REQUEST", "The body must be a JSON object.")
    query = members.get("query")
    if not isinstance(query, str) or not query.strip():
        raise Problem(400, "BAD_REQUEST", "`query` must be the text of an operation.")
    name = members.get("operationName")
    if name is not None and (not isinstance(name, str) or len(name) > LONGEST_NAME):
        message = f"`operationName` must be a text of up to {LONGEST_NAME} characters."
        raise Problem(400, "BAD_REQUEST", message)
    variables = members.get("variables")
    if variables is not None and not isinstance(variables, Mapping):
        raise Problem(400, "BAD_REQUEST", "`variables` must be an object.")
    return Operation(
        query=query,
        variables=variables,
        operation_name=name or None,
        read_only=read_only,
    )


def answer_type(request: Request) -> str:
    """The media type that the client prefers of the two that we speak."""
    accepted = request.headers.get("accept", "")
    return GRAPHQL_JSON if GRAPHQL_JSON in accepted else JSON


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header; None where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
