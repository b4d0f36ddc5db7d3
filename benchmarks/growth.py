"""How the cost of a full page grows: with rows, companies, layouts and plugins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import operations
from benchmarks.data import large
from benchmarks.database import Filled, Server, fill
from benchmarks.inside import page_of_sections
from benchmarks.measuring import Figures, Sample, measure
from benchmarks.serving import first_answer, served
from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import Assignment, Clause, LayoutBook
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.storage.engine import Database

BESIDE = ("limit", "cyclorama")
LAYOUTS = (5, 20, 50)
PLUGINS = (5, 20, 50)
"""Sections of the page beside the built-in ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """A size and what a page costs at it."""

    size: int
    operation: str
    figures: dict[str, Sample]
    """By variant."""


def _figures(
    names: Sequence[str],
    filled: Filled,
    server: Server,
    operation: str,
    ids: Sequence[str],
    *,
    rounds: int,
    seconds: float,
) -> dict[str, Sample]:
    requests = operations.requests(operation, filled.token, ids)
    with ExitStack() as stack:
        running = [stack.enter_context(served(n, filled.url)) for n in names]
        for one in running:
            asyncio.run(first_answer(one, requests[0]))
        found: list[Figures] = measure(
            running,
            server.process,
            operation,
            dict.fromkeys(names, requests),
            rounds=rounds,
            seconds=seconds,
            concurrency=(1,),
        )
    return {f.variant: f.median for f in found}


def rows(filled: Filled, server: Server, **pace: Any) -> list[Step]:
    """The full page of a company with 1, 4 and 16 times the rows."""
    return [
        Step(n, "full", _figures(BESIDE, filled, server, "full", [one], **pace))
        for n, one in large(filled.companies).items()
    ]


def companies(
    filled: Filled, server: Server, sizes: Sequence[int], **pace: Any
) -> list[Step]:
    """The full page and the portfolio among so many companies; the database that is
    there already stands for its size."""
    found = []
    for size in sorted({*sizes, filled.companies}):
        held = filled
        if size != filled.companies:
            held = asyncio.run(fill(server.new(str(size)), size))
        for operation in ("full", "portfolio"):
            ids = operations.company_ids(size)
            figures = _figures(BESIDE, held, server, operation, ids, **pace)
            found.append(Step(size, operation, figures))
        if held is not filled:
            server.drop(held.url)
    return found


def layouts(filled: Filled, server: Server, **pace: Any) -> list[Step]:
    """The full page among so many layouts, whose assignments are all asked before the
    viewer's own."""
    found = []
    original = asyncio.run(_book(filled.url))
    ids = operations.company_ids(filled.companies)
    for count in LAYOUTS:
        asyncio.run(_save(filled.url, with_layouts(original, count)))
        figures = _figures(("cyclorama",), filled, server, "full", ids, **pace)
        found.append(Step(count, "full", figures))
    asyncio.run(_save(filled.url, original))
    return found


def plugins(rounds: int) -> list[Step]:
    """A page of so many made sections beside the built-in ones, in this process, on
    SQLite; only the time has a meaning."""
    found = []
    for count in PLUGINS:
        spent = asyncio.run(page_of_sections(count, rounds))
        figures = {"cyclorama": Sample(spent, 0, 0, 0, 0, 0, 0)}
        found.append(Step(count, "sections", figures))
    return found


def with_layouts(book: LayoutBook, count: int) -> LayoutBook:
    """The book with copies of the layout for CSMs, for a group that nobody is in."""
    (pattern,) = (x for x in book.layouts if x.key == "csm")
    keys = [f"made_{n}" for n in range(count)]
    nobody = (Clause(GROUPS, "IN_GROUP", ("exec",)),)
    return LayoutBook(
        (*book.layouts, *(replace(pattern, key=k, name=k) for k in keys)),
        (
            *(Assignment(n - count, k, k, viewer=nobody) for n, k in enumerate(keys)),
            *book.assignments,
        ),
    )


async def _book(url: str) -> LayoutBook:
    database = Database(url)
    async with database.read() as reading:
        book = await load_book(reading)
    await database.close()
    return book


async def _save(url: str, book: LayoutBook) -> None:
    database = Database(url)
    async with database.write() as session:
        await save_book(session, book)
    await database.close()
