"""Rules of access as SQL: true of the very rows of which `may_read` is true in Python.

The texts stand in front of other statements: their parameters are holes, and each table
is read under its own name only where its rows are not restricted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import orjson

from cyclorama.layouts.access import Clauses, Grant
from cyclorama.layouts.model import Clause
from cyclorama.schema import catalogue
from cyclorama.schema.entry import CUSTOM, Entry
from cyclorama.storage.prefix import HOLE

Test = Callable[[str, str], str | None]
"""The condition on an expression of a family of values; None where it can't be true."""
FAMILIES: Final = ("text", "number", "flag")
_SIGNS: Final = {"GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}
_LARGEST: Final = 2**63 - 1
_WIRE: Final = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''


@dataclass(slots=True)
class Holes:
    """The parameters of a text while it is written."""

    dialect: str
    values: list[Any] = field(default_factory=list)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is written for SQLite."""
        return self.dialect == "sqlite"

    def put(self, value: Any, cast: str) -> str:
        """The place of a value; the cast is PostgreSQL's."""
        self.values.append(value)
        hole = f"{HOLE}{len(self.values) - 1}{HOLE}"
        return hole if self.is_sqlite else f"{hole}::{cast}"

    def among(self, expression: str, values: Sequence[Any], cast: str) -> str:
        """Whether an expression is one of the values, by an index where there is one."""
        if self.is_sqlite:
            place = self.put(orjson.dumps(values).decode(), cast)
            return f"{expression} IN (SELECT value FROM json_each({place}))"
        return f"{expression} = ANY({self.put(list(values), f'{cast}[]')})"


def readable(grant: Grant, kind: str, fields: Sequence[Any], holes: Holes) -> str:
    """The condition on a row `t` of a record's table; empty where all may be read."""
    rules = _Rules(kind, fields, holes)
    found = []
    if grant.allowed is not None:
        found.append(rules.any(grant.allowed))
    if grant.denied:
        found.append(f"({rules.any(grant.denied)}) IS NOT TRUE")
    if grant.teams is not None and not _by_team(grant):
        own = "SELECT 1 FROM record_team u WHERE u.record_id = t.id"
        shared = _Teams().some(
            lambda key, _: holes.among(key, grant.teams or (), "text")
        )
        found.append(f"(NOT EXISTS ({own}) OR {shared})")
    return " AND ".join(found)


def _by_team(grant: Grant) -> bool:
    """Whether what is allowed has one of the viewer's teams anyway."""
    teams = set(grant.teams or ())
    return grant.allowed is not None and all(
        any(
            c.attribute == "teams"
            and c.operator in ("IN", "EQ", "CONTAINS_ANY")
            and teams.issuperset(c.values)
            for c in clauses
        )
        for clauses in grant.allowed
    )


@dataclass(slots=True)
class _Rules:
    """Writes the clauses of rules of one kind."""

    kind: str
    fields: Sequence[Any]
    holes: Holes

    def any(self, alternatives: Sequence[Clauses]) -> str:
        """Whether all clauses of one of these hold."""
        texts = [
            " AND ".join(map(self.clause, clauses)) or "true"
            for clauses in alternatives
        ]
        return f"({' OR '.join(f'({t})' for t in texts) or 'false'})"

    def clause(self, clause: Clause) -> str:
        """Whether a clause holds: never null where it is asked for what is not."""
        found = self._attribute(clause.attribute)
        match clause.operator:
            case "IS_NULL":
                return f"NOT {found.present}"
            case "NOT_NULL":
                return found.present
            case "NOT_IN" | "NEQ":
                some = found.some(self._test(clause, found.scale))
                return "true" if some is None else f"({some}) IS NOT TRUE"
        return found.some(self._test(clause, found.scale)) or "false"

    def _test(self, clause: Clause, scale: int | None) -> Test:
        if clause.operator == "BETWEEN":
            low, high = clause.values
            if _family(low) != _family(high):
                return lambda expression, family: None
            tests = [
                self._compared(">=", low, scale),
                self._compared("<=", high, scale),
            ]

            def within(expression: str, family: str) -> str | None:
                both = [test(expression, family) for test in tests]
                return f"({both[0]} AND {both[1]})" if None not in both else None

            return within
        if clause.operator in _SIGNS:
            return self._compared(_SIGNS[clause.operator], clause.values[0], scale)
        return self._listed(clause.values, scale)

    def _listed(self, values: Sequence[Any], scale: int | None) -> Test:
        def test(expression: str, family: str) -> str | None:
            wanted = [v for v in values if _family(v) == family]
            if family == "number":
                wanted = [
                    v for held in wanted if (v := _whole(held, scale)) is not None
                ]
            if not wanted:
                return None
            if family == "flag":
                words = sorted({"true" if v else "false" for v in wanted})
                return self.holes.among(expression, words, "text")
            if family == "number" and not self.holes.is_sqlite:
                numbers = [Decimal(str(v)) for v in wanted]
                return self.holes.among(expression, numbers, "numeric")
            cast = "text" if family == "text" else "numeric"
            return self.holes.among(expression, wanted, cast)

        return test

    def _compared(self, sign: str, value: Any, scale: int | None) -> Test:
        def test(expression: str, family: str) -> str | None:
            if _family(value) != family or family == "flag":
                return None
            if family == "text":
                collated = "" if self.holes.is_sqlite else ' COLLATE "C"'
                place = self.holes.put(value, "text")
                return f"{expression}{collated} {sign} {place}"
            own = value if scale is None else _bound(sign, value, scale)
            if not self.holes.is_sqlite:
                own = Decimal(str(own))
            return f"{expression} {sign} {self.holes.put(own, 'numeric')}"

        return test

    def _attribute(self, name: str) -> _Attribute:
        if name == "id":
            return _Column("t.id", "text")
        if name == "teams":
            return _Teams()
        known = catalogue.entry(self.kind, name, self.fields)
        if known is None or known.column is None:
            raise ValueError(f"{name} is no attribute of a {self.kind}")
        if known.column == "custom":
            return self._custom(name.removeprefix(CUSTOM))
        return self._column(known, known.column)

    def _column(self, known: Entry, column: str) -> _Attribute:
        held = f't."{column}"'
        match known.type:
            case "NUMBER":
                return _Column(held, "number", scale=1)
            case "CURRENCY":
                return _Column(held, "number", scale=100)
            case "MULTI_PICKLIST":
                return self._listed_text(held)
            case "PICKLIST":
                vocabulary = self.holes.put(known.picklist, "text")
                return _Keyed(held, "picklist_item", f"k.picklist = {vocabulary} AND ")
            case "LOOKUP" if known.lookup == "relationship_type":
                return _Keyed(held, "relationship_type", "")
        if self.holes.is_sqlite or known.type not in ("DATE", "DATETIME"):
            return _Column(held, "text")
        if known.type == "DATE":
            return _Column(f"{held}::text", "text")
        return _Column(f"to_char({held} AT TIME ZONE 'UTC', {_WIRE})", "text")

    def _listed_text(self, held: str) -> _Attribute:
        if self.holes.is_sqlite:
            rows, value = f"json_each({held}) e", "e.value"
        else:
            rows, value = f"jsonb_array_elements_text({held}) e", "e"
        return _Elements(rows, f"{value} IS NOT NULL", {"text": ("true", value)})

    def _custom(self, key: str) -> _Attribute:
        place = self.holes.put(key, "text")
        if self.holes.is_sqlite:
            held = f"(t.custom -> ('$.' || json_quote({place})))"
            rows = (
                f"json_each(CASE json_type({held}) WHEN 'array' THEN {held} "
                f"ELSE json_array({held}) END) e"
            )
            numbers = "e.type IN ('integer', 'real')"
            families = {
                "text": ("e.type = 'text'", "e.value"),
                "number": (numbers, "e.value"),
                "flag": ("e.type IN ('true', 'false')", "e.type"),
            }
            return _Elements(rows, "e.type <> 'null'", families)
        held = f"(t.custom -> {place})"
        rows = (
            f"jsonb_array_elements(CASE jsonb_typeof({held}) WHEN 'array' THEN {held} "
            f"ELSE jsonb_build_array({held}) END) e"
        )
        number = "CASE jsonb_typeof(e) WHEN 'number' THEN (e #>> '{}')::numeric END"
        families = {
            "text": ("jsonb_typeof(e) = 'string'", "(e #>> '{}')"),
            "number": ("jsonb_typeof(e) = 'number'", f"({number})"),
            "flag": ("jsonb_typeof(e) = 'boolean'", "(e #>> '{}')"),
        }
        return _Elements(rows, "jsonb_typeof(e) <> 'null'", families)


class _Attribute:
    """The values that a row has of an attribute."""

    scale: int | None = None
    """By what whole numbers are kept multiplied; None: as they are."""
    present: str
    """Whether there is one."""

    def some(self, test: Test) -> str | None:
        """Whether one passes; None where none can."""
        raise NotImplementedError


class _Column(_Attribute):
    def __init__(self, text: str, family: str, scale: int | None = None) -> None:
        self.text, self.family, self.scale = text, family, scale
        self.present = f"({text} IS NOT NULL)"

    def some(self, test: Test) -> str | None:
        return test(self.text, self.family)


class _Keyed(_Attribute):
    """The key of a row whose id a column holds."""

    def __init__(self, column: str, table: str, condition: str) -> None:
        self.column, self.table, self.condition = column, table, condition
        self.present = f"({column} IS NOT NULL)"

    def some(self, test: Test) -> str | None:
        found = test("k.key", "text")
        if found is None:
            return None
        rows = f"SELECT k.id FROM {self.table} k WHERE {self.condition}{found}"
        return f"{self.column} IN ({rows})"


class _Teams(_Attribute):
    """The keys of a record's teams, which are looked up once for all records."""

    present = "EXISTS (SELECT 1 FROM record_team u WHERE u.record_id = t.id)"

    def some(self, test: Test) -> str | None:
        found = test("m.key", "text")
        if found is None:
            return None
        teams = f"SELECT m.id FROM team m WHERE {found}"
        return (
            "EXISTS (SELECT 1 FROM record_team u WHERE u.record_id = t.id "
            f"AND u.team_id IN ({teams}))"
        )


class _Elements(_Attribute):
    """Several values, as rows with a condition and an expression for each family."""

    def __init__(
        self, rows: str, is_value: str, families: dict[str, tuple[str, str]]
    ) -> None:
        self.rows, self.families = rows, families
        self.present = f"EXISTS (SELECT 1 FROM {rows} WHERE {is_value})"

    def some(self, test: Test) -> str | None:
        found = [
            f"{condition} AND {text}"
            for family, (condition, value) in self.families.items()
            if (text := test(value, family)) is not None
        ]
        if not found:
            return None
        return f"EXISTS (SELECT 1 FROM {self.rows} WHERE {' OR '.join(found)})"


def _family(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float | Decimal) else "text"


def _whole(value: Any, scale: int | None) -> Any:
    """A number as it is kept; None where a column of whole numbers can't hold it."""
    if scale is None:
        return value
    kept = Decimal(str(value)) * scale
    return int(kept) if kept == int(kept) and abs(kept) <= _LARGEST else None


def _bound(sign: str, value: Any, scale: int) -> int:
    """The whole number that bounds the same whole numbers as a value does."""
    kept = Decimal(str(value)) * scale
    bound = math.floor(kept) if sign in (">", "<=") else math.ceil(kept)
    return max(-_LARGEST, min(_LARGEST, bound))
