"""The limit: what the same pages cost where nothing stands in between.

A bare ASGI application, no framework, no sign-in. One prepared statement for each
operation (`limit_sql/*.sql`) builds the whole answer; the driver's connections lie ready
in a list. PostgreSQL keeps one plan for each statement, as making it takes longer than
running it.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
import orjson

HERE = Path(__file__).parent
CONNECTIONS = 8
SETTINGS = {"timezone": "UTC", "jit": "off", "plan_cache_mode": "force_generic_plan"}
OPERATIONS = ("full", "light", "portfolio", "nested")
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json")],
}


@lru_cache(maxsize=2)
def days(today: date) -> dict[str, date]:
    """The days that statements ask for by name."""
    month = today.replace(day=1)
    year = month.replace(year=month.year - 1)
    last = (month - timedelta(1)).replace(day=1)
    return {
        "today": today,
        "month": month,
        "last": last,
        "before": (last - timedelta(1)).replace(day=1),
        "year": (year + timedelta(31)).replace(day=1),
        "week": today - timedelta(today.weekday() + 7 * 11),
    }


def statement(operation: str) -> tuple[str, Sequence[str]]:
    """The SQL of an operation with `$1` for `:company` and so on, and those names."""
    text = (HERE / "limit_sql" / f"{operation}.sql").read_text("utf-8")
    text = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)
    names = list(dict.fromkeys(re.findall(r"(?<!:):([a-z]+)", text)))
    numbered = re.sub(
        r"(?<!:):([a-z]+)", lambda found: f"${names.index(found[1]) + 1}", text
    )
    return numbered, names


class Limit:
    """The application of a worker."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("+asyncpg", "")
        self.statements = {name: statement(name) for name in OPERATIONS}
        self.idle: asyncio.LifoQueue[dict[str, Any]] = asyncio.LifoQueue()
        self.connections: list[Any] = []
        self.operations: dict[str, str] = {}
        """Operations by the text that asks for them."""

    async def connect(self) -> None:
        """Open the connections and prepare every statement on each."""
        for name in OPERATIONS:
            text = (HERE / "operations" / f"{name}.graphql").read_text("utf-8")
            self.operations[text] = name
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(self.url, server_settings=SETTINGS)
            self.connections.append(connection)
            self.idle.put_nowait(
                {
                    n: await connection.prepare(s)
                    for n, (s, _) in self.statements.items()
                }
            )

    async def answer(self, body: bytes) -> bytes:
        """The answer to a request's body."""
        asked = orjson.loads(body)
        operation = self.operations[asked["query"]]
        values: dict[str, Any] = days(datetime.now(UTC).date())
        values = {**values, "company": asked.get("variables", {}).get("id")}
        names = self.statements[operation][1]
        prepared = await self.idle.get()
        try:
            found = await prepared[operation].fetchval(*(values[n] for n in names))
        finally:
            self.idle.put_nowait(prepared)
        answer: str = found
        return answer.encode()

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        found = await self.answer(body)
        await send(_START)
        await send({"type": "http.response.body", "body": found})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self.connect()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for connection in self.connections:
            await connection.close()
        await send({"type": "lifespan.shutdown.complete"})


def asgi() -> Any:
    """The application of a worker."""
    return Limit(os.environ["CYCLORAMA_DATABASE_URL"])
