"""The ASGI application: routes, sign-in, deadlines, one log line a request."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cyclorama.config import Settings
from cyclorama.errors import ConfigError, UnauthenticatedError
from cyclorama.execution.engine import Answer
from cyclorama.server.parsing import (
    JSON,
    answer_type,
    bearer_token,
    read_operation,
)
from cyclorama.server.problems import Problem, problem_of, problem_response
from cyclorama.storage.accounts import SignedIn, sign_in
from cyclorama.storage.engine import Reading

log = structlog.get_logger(__name__)
METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


def create_server(app: Any, settings: Settings) -> Starlette:
    """The ASGI application of an `App`; closes its database when it ends."""
    endpoints = Endpoints(app, settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        log.info("started", sections=list(app.graph.sections))
        yield
        await app.database.close()
        log.info("stopped")

    return Starlette(
        routes=[
            Route("/healthz", endpoints.alive, methods=["GET"]),
            Route("/readyz", endpoints.ready, methods=["GET"]),
            Route("/graphql", endpoints.graphql, methods=METHODS),
            Route("/{path:path}", endpoints.nothing, methods=METHODS),
        ],
        middleware=[Middleware(Requests)],
        lifespan=lifespan,
    )


class Endpoints:
    """What the routes answer."""

    def __init__(self, app: Any, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def alive(self, request: Request) -> Response:
        """The process runs."""
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """The database answers and is up to date."""
        try:
            async with asyncio.timeout(5):
                await self.app.check()
        except (ConfigError, TimeoutError) as error:
            log.warning("not_ready", error=str(error))
            return _json({"status": "not ready"}, 503)
        return _json({"status": "ready"})

    async def graphql(self, request: Request) -> Response:
        """One operation."""
        media_type = answer_type(request)
        try:
            async with asyncio.timeout(self.settings.request_timeout_seconds):
                answer = await self._answer(request)
        except Exception as error:
            problem = problem_of(error, request.scope["cy_request_id"])
            return problem_response(problem, media_type)
        return Response(answer.body, answer.status, media_type=media_type)

    async def nothing(self, request: Request) -> Response:
        """A path that leads nowhere: the same 401 as anywhere without a token."""
        try:
            async with self._signed_in(request):
                raise Problem(
                    404, "BAD_REQUEST", "There is nothing here; see /graphql."
                )
        except Exception as error:
            problem = problem_of(error, request.scope["cy_request_id"])
            return problem_response(problem, JSON)

    async def _answer(self, request: Request) -> Answer:
        operation: Any = None
        refused: Problem | None = None
        try:
            if request.method not in ("GET", "POST"):
                raise Problem(405, "BAD_REQUEST", "Use POST, or GET for queries.")
            if bearer_token(request) is not None:
                operation = await read_operation(request, self.settings.max_body_bytes)
        except Problem as problem:
            refused = problem
        async with self._signed_in(request) as context:
            if refused is not None:
                raise refused
            request.scope["cy_operation"] = operation.operation_name
            answer: Answer = await self.app.answer(operation, context)
            return answer

    @asynccontextmanager
    async def _signed_in(self, request: Request) -> AsyncIterator[Any]:
        token = bearer_token(request)
        if token is None:
            raise UnauthenticatedError("Sign in with a bearer token.")
        now = self.app.now()

        async def sign(reading: Reading) -> SignedIn | None:
            return await sign_in(reading, token, now)

        request_id = request.scope["cy_request_id"]
        async with self.app.context(sign, now=now, request_id=request_id) as context:
            request.scope["cy_viewer"] = context.viewer.id
            yield context


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type=JSON)


class Requests:
    """Gives each request an id and a log line, and keeps exceptions inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection of any kind."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["cy_request_id"] = request_id
        started = time.perf_counter()
        seen = {"status": 0, "bytes": 0}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                extra = (*_HEADERS, (b"x-request-id", request_id.encode()))
                message = {**message, "headers": [*message["headers"], *extra]}
            else:
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, sending)
            except Exception as error:
                if seen["status"]:
                    raise
                problem = problem_of(error, request_id)
                await problem_response(problem, JSON)(scope, receive, sending)
            finally:
                _log(scope, seen, started)


def _request_id(scope: Scope) -> str:
    """The id that the client sent, if it is a plain one, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return given
    return secrets.token_hex(8)


def _log(scope: Scope, seen: dict[str, int], started: float) -> None:
    health = scope["path"] in ("/healthz", "/readyz") and seen["status"] == 200
    write = log.debug if health else log.info
    write(
        "request",
        method=scope["method"],
        path=scope["path"][:200],
        status=seen["status"],
        bytes=seen["bytes"],
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
        viewer=scope.get("cy_viewer"),
        operation=scope.get("cy_operation"),
    )
