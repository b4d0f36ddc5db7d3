"""The page as one would write it by hand: Starlette, asyncpg, one statement that builds
the JSON, and the same sign-in by a bearer token."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PAGE = (Path(__file__).parent / "by_hand.sql").read_text()
SIGN_IN = """SELECT u.id FROM access_token t JOIN app_user u ON u.id = t.user_id
WHERE t.token_hash = $1 AND t.expires_at > $2 AND u.active"""


async def page(request: Request) -> Response:
    """The page of the company in the operation's variables."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    company = orjson.loads(await request.body())["variables"]["id"]
    now = datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        hashed = hashlib.sha256(token.encode()).hexdigest()
        if await connection.fetchval(SIGN_IN, hashed, now) is None:
            return Response(status_code=401)
        body = await connection.fetchval(PAGE, company, now.date())
    return Response(body, media_type="application/json")


def asgi() -> Any:
    """The application of a worker."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        url = os.environ["CYCLORAMA_DATABASE_URL"]
        settings = {"timezone": "UTC", "jit": "off"}
        async with asyncpg.create_pool(
            url, min_size=8, max_size=8, server_settings=settings
        ) as pool:
            app.state.pool = pool
            yield

    routes = [Route("/graphql", page, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)
