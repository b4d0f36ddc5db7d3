"""Domain events: written with the change, or not at all, in order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.storage.audit import Actor, Author, record
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS, Event, EventKind, emit, inserting
from cyclorama.storage.insertions import MOST_TOGETHER

pytestmark = pytest.mark.anyio
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN = Author(actor=Actor(kind="USER", id="user_ann", name="ann@x.io"), at=AT)
GROWN = EventKind(key="plants.grown", description="A plant is taller.")


async def held(database: Database) -> list[Any]:
    async with database.read() as reading:
        return [*await reading.execute(sa.select(EVENTS).order_by(EVENTS.c.id))]


async def _emitted(database: Database, *events: Event) -> None:
    async with database.write() as session:
        await emit(session, ANN, events)


class _Undo(Exception):
    pass


async def test_events_are_there_in_order_where_the_change_is_committed(
    database: Database,
) -> None:
    grown = [
        Event(kind=GROWN, record_id=f"company_{n}", after={"day": date(2026, 1, n)})
        for n in range(1, 30)
    ]
    with suppress(_Undo):
        async with database.write() as session:
            await emit(session, ANN, grown)
            raise _Undo
    assert await held(database) == []
    by_rule = replace(ANN, chain=("one", "two"))
    async with database.write() as session:
        await emit(session, by_rule, grown)
        await emit(session, ANN, [])
    rows = await held(database)
    assert [r.record_id for r in rows] == [e.record_id for e in grown]
    assert {(r.actor, r.at, r.handled_at) for r in rows} == {("ann@x.io", AT, None)}
    assert rows[0].chain == ["one", "two"]
    assert rows[0].payload == {"before": {}, "after": {"day": "2026-01-01"}}


async def test_what_has_no_place_in_json_is_an_error(database: Database) -> None:
    odd = Event(kind=GROWN, record_id="company_1", before={"a": Decimal("1.5")})
    worse = replace(odd, after={"a": object()})
    with pytest.raises(TypeError):
        await _emitted(database, odd, worse)
    assert await held(database) == []


def test_a_kind_knows_the_names_of_its_values() -> None:
    kind = EventKind(key="a.b", description="B.", values={"x": "X.", "y.*": "Y."})
    names = ["x", "y.z", "y.", "y", "z", "xx"]
    assert [kind.has(n) for n in names] == [True, True, False, False, False, False]


async def test_few_events_go_with_the_entry_of_the_audit_log(
    database: Database,
) -> None:
    numbers = (0, 1, 2, MOST_TOGETHER + 1)
    for n in numbers:
        given = [
            Event(kind=GROWN, record_id=f"company_{i}", after={"n": i})
            for i in range(n)
        ]
        async with database.write() as session:
            first = await inserting(session, ANN, given)
            assert bool(first) == (n in (1, 2))
            await record(session, ANN, "plants.grow", "x", after={"n": n}, first=first)
    assert [r.record_id for r in await held(database)] == [
        f"company_{i}" for n in numbers for i in range(n)
    ]
    async with database.read() as reading:
        found = await verify(reading)
    assert (found.head.number, found.fault) == (4, None)
