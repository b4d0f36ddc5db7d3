"""The numbers of a plan, counted by the database, against records resolved one by one."""

from __future__ import annotations

from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from access_cases import Rules, records_of

from cyclorama.layouts.impact import NO_GROUP
from cyclorama.layouts.model import (
    KINDS,
    Assignment,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SectionFacts,
)
from cyclorama.layouts.resolution import resolve
from cyclorama.resolvers.impact import count_impact
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
SECTIONS = {f"s{n}": SectionFacts(f"s{n}", f"S{n}") for n in range(8)}
NOBODY = {"groups": frozenset[str]()}


def book(random: Random, rules: Rules) -> LayoutBook:
    """Layouts with a section each, given by conditions on every kind of attribute."""
    layouts, assignments = [], []
    for n in range(8):
        kind = KINDS[n % 2]
        key, placements = f"l{n}", (Placement(f"s{n}", f"s{n}"),)
        layouts.append(
            Layout(key, kind, None, key, is_default=n < 2, placements=placements)
        )
        for m in range(2):
            clauses = []
            while len(clauses) < random.choice([1, 1, 2]):
                clause = rules.clause(kind)
                if clause.attribute not in ("id", "teams"):
                    clauses.append(clause)
            rule = Assignment(10 * n + m, f"{n} {m}", key, record=tuple(clauses))
            assignments.append(rule)
    kind = random.choice(KINDS)
    records = random.sample(sorted(rules.records[kind]), 3)
    given = [x.key for x in layouts if x.kind == kind]
    pins = tuple(Pin(r, random.choice(given)) for r in records)
    random.shuffle(assignments)
    ranked = (
        Assignment(n, a.name, a.layout, record=a.record)
        for n, a in enumerate(assignments)
    )
    return LayoutBook(tuple(layouts), tuple(ranked), (), pins)


def shown(held: LayoutBook, kind: str, record: str, values: Any) -> set[str]:
    found = resolve(
        held,
        viewer=NOBODY,
        record=values,
        record_id=record,
        kind=kind,
        relationship_type=None if kind == "COMPANY" else values["type"],
        today=NOW.date(),
        sections=SECTIONS,
    )
    return {p.section for p in found.placements}


async def test_the_numbers_are_those_of_every_record(demo_database: Database) -> None:
    random = Random(7)
    async with demo_database.read() as reading:
        fields = await load_fields(reading)
    records = await records_of(demo_database, fields)
    rules = Rules(random, records)
    for _ in range(12):
        old, new = book(random, rules), book(random, rules)
        settings: Any = SimpleNamespace(book=old, fields=fields, facts=SECTIONS)
        async with demo_database.read() as reading:
            counted = await count_impact(
                reading, settings, new, NOW.date(), lambda _: frozenset()
            )
        gained, lost = Counter[Any](), Counter[Any]()
        for kind, held in records.items():
            for record, values in held.items():
                was = shown(old, kind, record, values)
                now = shown(new, kind, record, values)
                gained.update((kind, s) for s in now - was)
                lost.update((kind, s) for s in was - now)
        found = {
            (i.kind, i.section): (i.gained, i.lost)
            for i in counted
            if i.group == NO_GROUP
        }
        assert found == {k: (gained[k], lost[k]) for k in {*gained, *lost}}
        assert gained
