"""What is measured in one process, without HTTP, and a server's start and memory."""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import strawberry

from benchmarks import made_plugins, operations, starting
from benchmarks.database import VIEWER, Filled
from benchmarks.load import answers, request_bytes
from benchmarks.serving import first_answer, memory, served
from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution.engine import Operation
from cyclorama.plugins import Company, Parent, Section
from cyclorama.plugins.discovery import discover
from cyclorama.resolvers.audit import entries_of_reads
from cyclorama.storage.accounts import credential_of, sign_in
from cyclorama.storage.audit import append
from cyclorama.storage.audit_queue import AuditQueue
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import Row
from cyclorama.testing import Bench

OBJECTS = 1_000
FIELDS = ("one", "two", "three", "four", "five")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[App]:
    """The application on a database."""
    app = make_app(load_settings(), Database(url))
    yield app
    await app.close()


async def answered(app: App, query: str, company: str) -> bytes:
    """The answer to the viewer."""
    async with app.as_user(VIEWER) as context:
        asked = Operation(query=query, variables={"id": company})
        found = await app.answer(asked, context)
    if found.status != 200 or found.body.startswith(b'{"errors'):
        raise SystemExit(found.body.decode())
    return found.body


async def median_ms(run: Callable[[int], Awaitable[Any]], count: int) -> float:
    """The median time of so many runs, each of which is told its number."""
    times = []
    for number in range(count):
        started = time.perf_counter()
        await run(number)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


async def full_page(filled: Filled, count: int) -> float:
    """Milliseconds of a full page in the server, from the request's values to the bytes
    of its answer: sign-in, layout and gates included."""
    ids = operations.company_ids(filled.companies, count)
    asked = [
        Operation(query=operations.text("full"), variables={"id": one}) for one in ids
    ]
    async with opened(filled.url) as app:

        async def run(number: int) -> None:
            operation = asked[number]
            if await app.answer_shortly(operation, filled.token) is None:
                now = app.now()
                signing = partial(sign_in, token=filled.token, now=now)
                async with app.context(signing, now=now) as context:
                    context.credential = credential_of(filled.token)
                    await app.answer(operation, context)

        await median_ms(run, min(20, count))
        return await median_ms(run, count)


def variant(number: int) -> str:
    """The full page as another operation: its own name, its own arguments."""
    text = operations.text("full")
    text = re.sub(r"query \w+", f"query Page{number}", text)
    return text.replace("first: 10", f"first: {1 + number % 50}")


async def audit(filled: Filled, count: int) -> dict[str, float]:
    """Microseconds of CPU time that the audit of a full page adds to its request, and
    that writing its entry takes later, in batches of a hundred."""
    ids = operations.company_ids(filled.companies, 1)
    asked = Operation(query=operations.text("full"), variables={"id": ids[0]})
    async with opened(filled.url) as app, app.as_user(VIEWER) as context:
        await app.engine.answer(asked, context)
        held = AuditQueue(app.database, most=count * 100)
        within, later = [], []
        for _ in range(count):
            started = time.thread_time()
            for _ in range(100):
                await held.put(entries_of_reads(context))
            within.append((time.thread_time() - started) * 1e4)
        batch = entries_of_reads(context) * 100
        for _ in range(count):
            started = time.process_time()
            async with app.database.engine.begin() as connection:
                await append(connection, batch)
            later.append((time.process_time() - started) * 1e4)
        await held.close()
    return {"request": statistics.median(within), "later": statistics.median(later)}


async def new_text(filled: Filled, count: int) -> float:
    """Milliseconds that the first answer to a new text takes longer than the next one,
    which follows at once: more plans are made here than are kept."""
    first = operations.company_ids(filled.companies, 1)[0]
    async with opened(filled.url) as app:
        await answered(app, operations.text("full"), first)
        times = []
        for number in range(count):
            for _ in range(2):
                started = time.perf_counter()
                await answered(app, variant(number), first)
                times.append((time.perf_counter() - started) * 1000)
    pairs = zip(times[::2], times[1::2], strict=True)
    return statistics.median(fresh - known for fresh, known in pairs)


def memory_growth(filled: Filled, few: int = 10, many: int = 1_000) -> dict[str, float]:
    """Megabytes of a worker after a few and after many different operations."""
    found = {"operations": float(many)}
    first = operations.company_ids(filled.companies, 1)[0]
    with served("cyclorama", filled.url) as server:

        def ask(numbers: Sequence[int]) -> None:
            bodies = [operations.body(variant(n), first) for n in numbers]
            requests = [request_bytes("/graphql", filled.token, b) for b in bodies]
            asyncio.run(first_answer(server, requests[0]))
            asyncio.run(answers(server.port, requests))

        ask(range(few))
        found["few"] = memory(server.process) / 1e6
        ask(range(few, many))
        found["many"] = memory(server.process) / 1e6
    return found


def start_up(filled: Filled, plugins: int, rounds: int) -> float:
    """Seconds from the command to the first answer with so many sections installed."""
    own = len(discover().sections)
    body = operations.body("{ viewer { email } }", "")
    request = request_bytes("/graphql", filled.token, body)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        made_plugins.install(Path(folder), max(0, plugins - own))
        for _ in range(rounds):
            started = time.perf_counter()
            with starting.with_path(Path(folder)), served("cyclorama", filled.url) as s:
                asyncio.run(first_answer(s, request))
                times.append(time.perf_counter() - started)
    return statistics.median(times)


@asynccontextmanager
async def bench(sections: Sequence[Section]) -> AsyncIterator[Bench]:
    """A bench with these sections beside the built-in ones, on an empty SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        async with database.engine.begin() as connection:
            await connection.run_sync(Row.metadata.create_all)
        found = Bench(database, [*discover().sections, *sections])
        await found.fill()
        yield found
        await database.close()


async def page_of_sections(count: int, rounds: int) -> float:
    """Milliseconds of a page of so many made sections."""
    each = "{ name greeting currency comment version }"
    fields = " ".join(f"made{n} {each}" for n in range(count))
    query = f'{{ company(id: "company_1") {{ id {fields} }} }}'
    async with bench(made_plugins.made(count)) as asked:
        await median_ms(lambda _: asked.query(query), 5)
        return await median_ms(lambda _: asked.query(query), rounds)


@strawberry.type(description="An object of five plain fields.")
class Plain:
    one: str
    two: int
    three: float
    four: bool
    five: str | None


PLAIN = [
    Plain(one=f"one {n}", two=n, three=n / 2, four=n % 2 == 0, five=None)
    for n in range(OBJECTS)
]


async def plain(record: Parent[Company]) -> list[Plain]:
    """A thousand objects that are there already."""
    return PLAIN


async def resolver_form(rounds: int) -> dict[str, float]:
    """Milliseconds of a section of a thousand objects in the resolver form, without what
    the page around it takes, and of plain graphql-core with the same objects."""
    section = Section(key="plain", title="Plain", description="Plain.", fields=[plain])
    selection = f"plain {{ {' '.join(FIELDS)} }}"
    around = '{ company(id: "company_1") { id %s } }'
    async with bench([section]) as asked:
        whole = await median_ms(lambda _: asked.ask(around % selection), rounds)
        empty = await median_ms(lambda _: asked.ask(around % ""), rounds)
        # Parsing the answer is the bench's own.
        body = orjson.dumps(await asked.ask(around % selection))
        parsing = await median_ms(lambda _: _parsed(body), rounds)
    core = await starting.plain_graphql(PLAIN, f"{{ {selection} }}", rounds)
    return {"cyclorama": whole - empty - parsing, "graphql-core": core}


async def _parsed(body: bytes) -> Any:
    return orjson.loads(body)
