"""Random rules of access over the records of a test, and what the model says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import sqlalchemy as sa

from cyclorama.layouts.access import AccessBook, AccessRule, may_read
from cyclorama.layouts.clauses import OPERATORS
from cyclorama.layouts.model import Clause
from cyclorama.schema import catalogue
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.access_rows import RecordTeamRow, TeamRow
from cyclorama.storage.engine import Database

Records = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Attributes by kind and id."""


async def records_of(database: Database, fields: Sequence[Any]) -> Records:
    """All records with the values that rules may ask for, in Python."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    owned = sa.select(RecordTeamRow.record_id, TeamRow.key).join(
        TeamRow, TeamRow.id == RecordTeamRow.team_id
    )
    async with database.read() as reading:
        teams: dict[str, list[str]] = {}
        for record, key in await reading.execute(owned):
            teams.setdefault(record, []).append(key)
        for kind, row in ROWS.items():
            names = sorted(catalogue.attribute_names(kind, fields))
            columns = catalogue.attribute_columns(kind, names, fields)
            query = sa.select(row.id.label("cy_id"), *columns.values())
            found[kind] = {
                record: {
                    **{
                        n: catalogue.python_value(kind, n, raw, fields)
                        for n, raw in zip(columns, values, strict=True)
                    },
                    "id": record,
                    "teams": teams.get(record, []),
                }
                for record, *values in await reading.execute(query)
            }
    return found


def readable_of(
    book: AccessBook, viewer: Any, records: Records, fields: Sequence[Any]
) -> dict[str, set[str]]:
    """The ids of the records that the viewer may read, by kind, as the model has it."""
    groups = frozenset(g.key for g in viewer.groups)
    facts = {**viewer.attributes, "groups": groups}
    found: dict[str, set[str]] = {}
    for kind, held in records.items():
        known = catalogue.attribute_names(kind, fields)
        grant = book.grant(kind, viewer.id, facts, known)
        found[kind] = {i for i, values in held.items() if may_read(grant, values)}
    found["RELATIONSHIP"] = {
        i
        for i in found["RELATIONSHIP"]
        if records["RELATIONSHIP"][i]["company"] in found["COMPANY"]
    }
    return found


class Rules:
    """Makes rules that ask for what some records have, and for what none has."""

    def __init__(self, random: Random, records: Records) -> None:
        self.random, self.records = random, records

    def clause(self, kind: str) -> Clause:
        random, held = self.random, list(self.records[kind].values())
        name = random.choice(sorted(held[0]))
        seen = [v for record in held for v in _several(record[name])]
        further = ["", "zz", "Ä", 0, 1, -1.5, 12.34, True, False, 10**15, "2026-03-02"]
        values = [
            random.choice(seen if seen and random.random() < 0.8 else further)
            for _ in range(3)
        ]
        operator = random.choice([o for o in OPERATORS if not o.endswith("_GROUP")])
        if operator in ("IS_NULL", "NOT_NULL"):
            return Clause(name, operator)
        if operator == "BETWEEN":
            return Clause(name, operator, tuple(sorted(values[:2], key=_order)))
        many = operator in ("IN", "NOT_IN", "CONTAINS_ANY")
        return Clause(
            name, operator, tuple(values[: random.randint(1, 3) if many else 1])
        )

    def rule(self, number: int) -> AccessRule:
        random = self.random
        kind = random.choice(["COMPANY", "COMPANY", "RELATIONSHIP"])
        return AccessRule(
            rank=number,
            name=f"Rule {number}",
            kind=kind,
            effect=random.choice(["ALLOW", "ALLOW", "DENY"]),
            record=tuple(self.clause(kind) for _ in range(random.choice([1, 1, 2]))),
        )

    def book(self, **further: Any) -> AccessBook:
        rules = [self.rule(n) for n in range(self.random.randint(1, 5))]
        return AccessBook(rules=tuple(rules), **further)


def _several(value: Any) -> list[Any]:
    held = value if isinstance(value, list) else [value]
    return [float(v) if hasattr(v, "as_tuple") else v for v in held if v is not None]


def _order(value: Any) -> Any:
    return (type(value).__name__, value)
