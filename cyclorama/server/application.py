"""The ASGI application: routes, sign-in, deadlines, one log line a request."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cyclorama.config import Settings
from cyclorama.errors import CycloramaError, UnauthenticatedError
from cyclorama.execution.engine import Answer, Operation
from cyclorama.server.metrics import MEDIA_TYPE, Metrics
from cyclorama.server.parsing import (
    JSON,
    answer_type,
    bearer_token,
    read_operation,
)
from cyclorama.server.problems import Problem, problem_of, problem_response
from cyclorama.storage.accounts import SignedIn, credential_of, sign_in
from cyclorama.storage.engine import Reading
from cyclorama.storage.events import waiting
from cyclorama.storage.migration import pending

log = structlog.get_logger(__name__)
T = TypeVar("T")
READY_SECONDS: Final = 5
GRACE_SECONDS: Final = 5
"""How long a stopping worker waits for the statements of requests that ran out of time."""
COMPRESSED_BYTES: Final = 1024
"""From how many an answer is compressed for who accepts it."""
COMPRESSION: Final = 1
"""Gzip's level: 0.5 ms for 50 KB, where level 6 takes 1.3 ms for a fifth fewer bytes."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEALTH: Final = ("/healthz", "/readyz")
_HEADERS: Final = (
    (b"cache-control", b"no-store, private"),
    (b"x-content-type-options", b"nosniff"),
)


def create_server(app: Any, settings: Settings) -> Starlette:
    """The ASGI application of an `App`; closes its database when it ends."""
    metrics = Metrics()
    endpoints = Endpoints(app, settings, metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        log.info("started", sections=list(app.graph.sections))
        worker = app.worker()
        metrics.jobs, metrics.events = worker.done, worker.events
        working = asyncio.create_task(worker.run()) if settings.worker else None
        yield
        worker.stop()
        if working is not None:
            await working
        if endpoints.late:
            await asyncio.wait(endpoints.late, timeout=GRACE_SECONDS)
        await app.close()
        log.info("stopped")

    return Starlette(
        routes=[
            Route("/healthz", endpoints.alive, methods=["GET"]),
            Route("/readyz", endpoints.ready, methods=["GET"]),
            Route("/graphql", AnyMethod(endpoints.graphql)),
            Route("/metrics", AnyMethod(endpoints.metrics)),
            Route("/{path:path}", AnyMethod(endpoints.nothing)),
        ],
        middleware=[
            Middleware(Requests, metrics=metrics),
            Middleware(
                GZipMiddleware,
                minimum_size=COMPRESSED_BYTES,
                compresslevel=COMPRESSION,
            ),
        ],
        lifespan=lifespan,
    )


@dataclass(frozen=True, slots=True)
class AnyMethod:
    """An endpoint for requests of every method, also those that nobody knows."""

    endpoint: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)


class Endpoints:
    """What the routes answer."""

    def __init__(self, app: Any, settings: Settings, metrics: Metrics) -> None:
        self.app = app
        self.settings = settings
        self.counted = metrics
        self.late: set[asyncio.Task[Any]] = set()
        """Requests that were answered at their deadline and still come to their end."""

    async def alive(self, request: Request) -> Response:
        """The process runs."""
        return _json({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """The database answers and is up to date, or in a word what is wrong."""
        wrong = "database"
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.app.database.check()
                wrong = "migrations"
                sections = self.app.graph.sections.values()
                waiting = await pending(self.app.database, sections)
        except (CycloramaError, TimeoutError, SQLAlchemyError, OSError) as error:
            waiting = (repr(error),)
        if waiting:
            log.warning("not_ready", wrong=wrong, found=waiting)
            return _json({"status": "not ready", "wrong": wrong}, 503)
        return _json({"status": "ready"})

    async def graphql(self, request: Request) -> Response:
        """One operation."""
        media_type = answer_type(request)
        try:
            answer = await self._in_time(self._answer(request))
        except Exception as error:
            problem = problem_of(error, request.scope["cy_request_id"])
            return problem_response(problem, media_type)
        return Response(answer.body, answer.status, media_type=media_type)

    async def nothing(self, request: Request) -> Response:
        """A path that leads nowhere: the same 401 as anywhere without a token."""

        async def none() -> None:
            return None

        return await self._for_admins(request, none)

    async def metrics(self, request: Request) -> Response:
        """What this process has done, for admins; for others there is nothing here."""

        async def text() -> Response | None:
            if request.method != "GET":
                return None
            async with self.app.database.read() as reading:
                left = await waiting(reading)
            return Response(
                self.counted.text(self.app, left.count), media_type=MEDIA_TYPE
            )

        return await self._for_admins(request, text)

    async def _for_admins(
        self,
        request: Request,
        answer: Callable[[], Coroutine[Any, Any, Response | None]],
    ) -> Response:
        """The answer to an admin; where it is None, and to others, nothing is here."""
        problem = Problem(404, "BAD_REQUEST", "There is nothing here; see /graphql.")
        try:
            is_admin = await self._in_time(self._is_admin(request))
            response = await self._in_time(answer()) if is_admin else None
        except Exception as error:
            problem = problem_of(error, request.scope["cy_request_id"])
        else:
            if response is not None:
                return response
        return problem_response(problem, JSON)

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives. At the deadline it is cancelled and `Problem` raised: it
        may still wait for its statement to end, and the client does not wait with it."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=self.settings.request_timeout_seconds)
            if task.done():
                return task.result()
            raise Problem(504, "TIMEOUT", "The request took too long; ask for less.")
        finally:
            if not task.done():
                self.late.add(task)
                task.add_done_callback(self._ended)
                task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.late.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("ended_late", error=repr(error))

    async def _is_admin(self, request: Request) -> bool:
        async with self._signed_in(request) as context:
            return bool(context.is_admin)

    async def _answer(self, request: Request) -> Answer:
        operation: Any = None
        refused: Problem | None = None
        token = bearer_token(request)
        try:
            if request.method not in ("GET", "POST"):
                raise Problem(405, "BAD_REQUEST", "Use POST, or GET for queries.")
            if token is not None:
                operation = await read_operation(request, self.settings.max_body_bytes)
        except Problem as problem:
            refused = problem
        if token is not None and operation is not None:
            request.scope["cy_operation"] = operation.operation_name
            found = await self.app.answer_shortly(
                operation, token, request.scope["cy_request_id"]
            )
            if found is not None:
                viewer, short = found
                request.scope["cy_viewer"] = viewer.id
                return cast("Answer", short)
        async with self._signed_in(request, operation) as context:
            if refused is not None:
                raise refused
            answer: Answer = await self.app.answer(operation, context)
            return answer

    @asynccontextmanager
    async def _signed_in(
        self, request: Request, operation: Operation | None = None
    ) -> AsyncIterator[Any]:
        token = bearer_token(request)
        if token is None:
            raise UnauthenticatedError("Sign in with a bearer token.")
        now = self.app.now()

        async def sign(reading: Reading) -> SignedIn | None:
            return await sign_in(reading, token, now)

        request_id = request.scope["cy_request_id"]
        asked = self.app.context(
            sign, now=now, request_id=request_id, operation=operation
        )
        async with asked as context:
            request.scope["cy_viewer"] = context.viewer.id
            context.credential = credential_of(token)
            yield context


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type=JSON)


class Requests:
    """Gives each request an id and a log line, counts it, keeps exceptions inside."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

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
                seconds = time.perf_counter() - started
                if scope["path"] not in _HEALTH:
                    self.metrics.count(seen["status"], seconds)
                _log(scope, seen, seconds)


def _request_id(scope: Scope) -> str:
    """The id that the client sent, if it is a plain one, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return given
    return secrets.token_hex(8)


def _log(scope: Scope, seen: dict[str, int], seconds: float) -> None:
    health = scope["path"] in _HEALTH and seen["status"] == 200
    write = log.debug if health else log.info
    write(
        "request",
        method=scope["method"],
        path=scope["path"][:200],
        status=seen["status"],
        bytes=seen["bytes"],
        milliseconds=round(seconds * 1000, 1),
        viewer=scope.get("cy_viewer"),
        operation=scope.get("cy_operation"),
    )
