"""A section that fails, hangs or lies leaves its neighbours' answers as they are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from cyclorama.plugins import (
    Info,
    Parent,
    Record360,
    Section,
    SectionBase,
    SectionPlacement,
    read,
    record,
)
from cyclorama.resolvers.breakers import FAILURES, PAUSE, Breakers
from cyclorama.resolvers.context import Budgets
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench

pytestmark = pytest.mark.anyio
SHORT = Budgets(statement=0.6, section=0.3)
RAISED = "the secret of the exception"


class broken(FunctionElement[Any]):
    """An expression that fails where it is computed."""

    name = "broken"
    type = sa.Integer()
    inherit_cache = True


class slow(FunctionElement[Any]):
    """An expression that takes a minute."""

    name = "slow"
    type = sa.Integer()
    inherit_cache = True


def _name(element: Any, compiler: Any, kw: Any) -> str:
    (name,) = element.clauses
    text: str = compiler.process(name, **kw)
    return text


@compiles(broken, "sqlite")
def _broken_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_extract('{{' || {_name(element, compiler, kw)}, '$.a')"


@compiles(broken, "postgresql")
def _broken_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(('{{' || {_name(element, compiler, kw)})::json ->> 'a')::int"


@compiles(slow, "sqlite")
def _slow_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    name = _name(element, compiler, kw)
    return (
        f"(WITH RECURSIVE n (i) AS (SELECT length({name}) UNION ALL SELECT i + 1 FROM n "
        "WHERE i < 1000000000) SELECT count(*) FROM n)"
    )


@compiles(slow, "postgresql")
def _slow_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    name = _name(element, compiler, kw)
    return f"(SELECT count(*)::int FROM pg_sleep(60 + length({name})))"


@strawberry.type(description="A section that is well.")
class WellSection(SectionBase):
    name: str = read.value(record.c.name)


@strawberry.type(description="A section whose expression fails.")
class BrokenSection(SectionBase):
    number: int | None = read.value(broken(record.c.name))


@strawberry.type(description="A section whose statement takes a minute.")
class SlowSection(SectionBase):
    number: int | None = read.value(slow(record.c.name))


def never(env: Any) -> Any:
    """Fail while the section is planned."""
    raise ValueError(RAISED)


@strawberry.type(description="A section whose declaration fails.")
class NeverSection(SectionBase):
    number: int = read.value(1)
    things: list[SectionPlacement] = read.each(never)


@strawberry.type(description="What a function gives.")
class Thing:
    number: int


async def raises(record: Parent[Record360]) -> Thing:
    """Raise something."""
    raise ValueError(RAISED)


async def hangs(record: Parent[Record360]) -> Thing:
    """Wait half a minute."""
    await asyncio.sleep(30)
    return Thing(number=1)


async def blocks(record: Parent[Record360]) -> Thing:
    """Hold the whole process for a second."""
    time.sleep(1)  # noqa: ASYNC251
    return Thing(number=1)


async def lies(record: Parent[Record360]) -> Thing:
    """Give something else than it says."""
    return "no thing"  # type: ignore[return-value]


async def spoils(record: Parent[Record360], info: Info) -> Thing:
    """Have the request's transaction fail."""
    await info.context.reading.execute(sa.text("SELECT nothing FROM nowhere"))
    return Thing(number=1)


async def reads(record: Parent[Record360], info: Info) -> Thing:
    """Read in the request's transaction."""
    ((number,),) = await info.context.reading.execute(sa.text("SELECT 1"))
    return Thing(number=number)


def _section(key: str, **values: Any) -> Section:
    return Section(key=key, title=key.title(), description="For tests.", **values)


SECTIONS = [
    _section("well", type=WellSection),
    _section("broken", type=BrokenSection),
    _section("slow", type=SlowSection),
    _section("never", type=NeverSection),
    *(
        _section(f.__name__, fields=[f])
        for f in (raises, hangs, blocks, lies, spoils, reads)
    ),
]
WELL = '{ company(id: "company_1") { id name well { name state } %s } }'


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, budgets=SHORT)
    await made.fill(1)
    return made


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("broken { number }", "SECTION_FAILED"),
        ("slow { number }", "TIMEOUT"),
        ("never { number things { label } }", "SECTION_FAILED"),
        ("raises { number }", "SECTION_FAILED"),
        ("hangs { number }", "TIMEOUT"),
        ("blocks { number }", None),
        ("lies { number }", "INTERNAL_SERVER_ERROR"),
        ("spoils { number }", "SECTION_FAILED"),
    ],
)
async def test_the_neighbours_of_a_fault_answer_as_ever(
    bench: Bench, fault: str, code: str | None
) -> None:
    well = await bench.query(WELL % "")
    started = time.monotonic()
    answer = await bench.ask(WELL % f"bad: {fault}")
    assert time.monotonic() - started < 15
    company = answer["data"]["company"]
    bad = company.pop("bad")
    assert company == well["company"]
    if code is None:
        assert (bad, answer.get("errors")) == ({"number": 1}, None)
        return
    (error,) = answer["errors"]
    assert (bad, error["path"]) == (None, ["company", "bad"]) or fault[0] == "l"
    assert error["extensions"]["code"] == code
    assert RAISED not in str(answer)
    assert "nowhere" not in str(answer)


async def test_all_faults_at_once_leave_the_rest(bench: Bench) -> None:
    faults = "broken { number } slow { number } raises { number } hangs { number }"
    answer = await bench.ask(WELL % f"{faults} spoils {{ number }}")
    assert answer["data"]["company"]["well"] == {"name": "Company 1", "state": "READY"}
    assert sorted(e["extensions"]["section"] for e in answer["errors"]) == [
        "broken",
        "hangs",
        "raises",
        "slow",
        "spoils",
    ]


async def test_who_reads_after_a_statement_that_failed_reads_on(bench: Bench) -> None:
    answer = await bench.ask(WELL % "broken { number } reads { number }")
    assert answer["data"]["company"]["reads"] == {"number": 1}
    assert [e["path"] for e in answer["errors"]] == [["company", "broken"]]


async def test_several_roots_that_fail_do_not_end_each_other(bench: Bench) -> None:
    one = '%s: company(id: "company_1") { broken { number } well { name } }'
    roots = " ".join(one % f"r{n}" for n in range(5))
    answer = await bench.ask(f"{{ {roots} }}")
    paths = [[f"r{n}", "broken"] for n in range(5)]
    assert sorted(e["path"] for e in answer["errors"]) == paths
    well = [r["well"] for r in answer["data"].values()]
    assert well == [{"name": "Company 1"}] * 5
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"SECTION_FAILED"}


async def test_a_section_that_keeps_failing_is_left_alone_and_tried_again(
    bench: Bench,
) -> None:
    told: list[tuple[str, datetime | None]] = []
    bench.breakers = Breakers(watch=lambda s, since: told.append((s, since)))
    query = WELL % "broken { number } raises { number } never { things { label } }"
    for _ in range(FAILURES):
        assert len((await bench.ask(query))["errors"]) == 3
    assert sorted(told) == [("broken", NOW), ("never", NOW), ("raises", NOW)]
    answer = await bench.ask(query)
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["SECTION_FAILED"] * 3
    assert all("keeps failing" in e["message"] for e in answer["errors"])
    assert not any("'{' ||" in s for s in bench.statements)
    assert len(bench.statements) == 2
    bench.now = NOW + PAUSE + timedelta(seconds=1)
    answer = await bench.ask(query)
    assert not any("keeps failing" in e["message"] for e in answer["errors"])


def test_a_breaker_closes_when_the_section_works_again() -> None:
    told: list[Any] = []
    breakers = Breakers(watch=lambda *change: told.append(change))
    for _ in range(FAILURES - 1):
        breakers.failed("usage", NOW)
    breakers.worked("usage")
    assert told == []
    for _ in range(FAILURES + 2):
        breakers.failed("usage", NOW)
    assert breakers.opened == {"usage": NOW}
    assert breakers.refusal("usage", NOW) is not None
    assert breakers.refusal("support", NOW) is None
    assert breakers.refusal("usage", NOW + PAUSE) is None
    breakers.worked("usage")
    assert told == [("usage", NOW), ("usage", None)]
    assert breakers.opened == {}


async def test_a_statement_that_takes_too_long_is_stopped_in_the_database(
    database: Database,
) -> None:
    if database.is_sqlite:
        slowly = (
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 1000000000) SELECT count(*) FROM n"
        )
    else:
        slowly = "SELECT pg_sleep(60) AS stopped_by_a_test"

    async def ask() -> None:
        async with database.read() as reading:
            await reading.fetch(slowly, ())

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await ask()
    assert time.monotonic() - started < 5
    async with database.read() as reading:
        if not database.is_sqlite:
            activity = (
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                "query LIKE '%stopped_by_a_test' AND pid <> pg_backend_pid()"
            )
            assert [tuple(r) for r in await reading.fetch(activity, ())] == [(0,)]
        assert len(await reading.fetch("SELECT 1", ())) == 1


def test_budgets_have_defaults() -> None:
    assert replace(Budgets(), section=1).statement == 10
