"""Pairs of equal databases: one for each engine."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from cyclorama.storage.engine import Database, database_url
from cyclorama.storage.rows import Row

Fill = Callable[[Database], Awaitable[None]]


@asynccontextmanager
async def twins(
    fill: Fill, *, folder: Path | None = None, server: str = ""
) -> AsyncIterator[tuple[str, str]]:
    """The URLs of two databases that hold the same: SQLite files of a folder, or
    databases of a PostgreSQL server."""
    name = f"twin_{uuid.uuid4().hex[:12]}"
    if folder is not None:
        urls = [f"sqlite:///{folder / f'{name}_{n}.db'}" for n in "ab"]
        await _filled(urls[0], fill)
        shutil.copy(folder / f"{name}_a.db", folder / f"{name}_b.db")
    else:
        url = database_url(server)
        urls = [url.set(database=f"{name}_{n}").render_as_string(False) for n in "ab"]
        await execute(server, f"CREATE DATABASE {name}_a")
        await _filled(urls[0], fill)
        await execute(server, f"CREATE DATABASE {name}_b TEMPLATE {name}_a")
    try:
        yield urls[0], urls[1]
    finally:
        if folder is None:
            for n in "ab":
                await execute(server, f"DROP DATABASE {name}_{n} WITH (FORCE)")


@asynccontextmanager
async def both(urls: tuple[str, str]) -> AsyncIterator[list[Database]]:
    """Two databases, closed at the end."""
    opened = [Database(url) for url in urls]
    try:
        yield opened
    finally:
        for database in opened:
            await database.close()


async def add(database: Database, rows: Sequence[Row]) -> None:
    """Store rows; each after those that it refers to."""
    async with database.write() as session:
        for _, alike in groupby(rows, type):
            session.add_all(alike)
            await session.flush()


async def _filled(url: str, fill: Fill) -> None:
    database = Database(url)
    await fill(database)
    await database.close()


async def execute(server: str, statement: str) -> None:
    """Run a statement outside of a transaction."""
    engine = create_async_engine(database_url(server), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
