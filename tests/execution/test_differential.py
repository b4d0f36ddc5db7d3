"""Plans and graph resolvers give the same answers to the same random operations."""

from __future__ import annotations

import random
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
)
from sample import Asker, fill, make_schema

from cyclorama.storage.engine import Database

pytestmark = pytest.mark.anyio
OPERATIONS = 90
ARGUMENTS = {
    "first": ["1", "2", "50", "$first"],
    "count": ["1", "5", "$count"],
    "side": ["LARGE", "SMALL", "$side"],
    "named": ['"Part 1"', "null", "$named"],
    "types": ['["type_a"]', "[]", "$types"],
    "paths": ['["name"]', '["name", "name"]'],
    "instance": ['"items"', "null"],
    "instances": ['["items"]', "null"],
    "surface": ["PAGE", "EMBED"],
}
VARIABLES = {
    "first": "Int = 3",
    "count": "Int = 2",
    "side": "Side = SMALL",
    "named": "String",
    "types": "[String!]",
    "yes": "Boolean = true",
    "no": "Boolean!",
}
VALUES = [
    {"no": False},
    {"no": True, "named": "Part 2", "types": ["type_b", "x"], "first": 1},
    {"no": False, "side": "LARGE", "count": 4},
]


class Writer:
    """Writes random selections of a schema."""

    arguments = ARGUMENTS

    def __init__(self, schema: Any, seed: int) -> None:
        self.schema = schema
        self.random = random.Random(seed)

    def operation(self) -> str:
        root = self.random.choice(
            ['company(id: "company_1")', 'company(id: "company_2")', "companies"]
        )
        record = self.selection(self.schema.type_map["Company"], 5)
        again = self.selection(self.schema.type_map["Company"], 3)
        body = f"{{ a: {root} {record} companies {again} }}"
        used = [f"${n}: {t}" for n, t in VARIABLES.items() if f"${n}" in body]
        return f"query Q({', '.join(used)}) {body}" if used else body

    def selection(self, type_: Any, depth: int) -> str:
        names = [n for n in type_.fields if self._fits(type_.fields[n], depth)]
        picked = self.random.sample(names, min(len(names), self.random.randint(1, 6)))
        parts = [self._field(type_, name, depth) for name in picked]
        if self.random.random() < 0.3:
            parts.append("__typename")
        if isinstance(type_, GraphQLInterfaceType) and depth > 1:
            for object_ in self.schema.get_possible_types(type_):
                if self.random.random() < 0.5:
                    inner = self.selection(object_, depth - 1)
                    parts.append(f"... on {object_.name} {inner}")
        if self.random.random() < 0.2 and parts:
            parts.append(f"... on {type_.name} {{ {self.random.choice(parts)} }}")
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def _fits(self, field: Any, depth: int) -> bool:
        return depth > 1 or is_leaf_type(get_named_type(field.type))

    def _field(self, type_: Any, name: str, depth: int) -> str:
        field = type_.fields[name]
        arguments = []
        for argument, definition in field.args.items():
            required = isinstance(definition.type, GraphQLNonNull)
            needed = required and definition.default_value is None
            if argument in self.arguments and (argument == "paths" or self._maybe(0.5)):
                value = self.random.choice(self.arguments[argument])
                if not (required and value == "null") or needed:
                    arguments.append(f"{argument}: {value}")
        given = f"({', '.join(arguments)})" if arguments else ""
        alias = f"x{self.random.randint(0, 10**6)}: "
        directive = self.random.choice(
            ["", "", "", " @skip(if: $no)", " @include(if: $yes)"]
        )
        inner = get_named_type(field.type)
        rest = "" if is_leaf_type(inner) else " " + self.selection(inner, depth - 1)
        return f"{alias}{name}{given}{directive}{rest}"

    def _maybe(self, share: float) -> bool:
        return self.random.random() < share


def comparable(answer: Any) -> Any:
    """Data with the order of its keys, and the errors by path, message and code."""
    errors = [
        (e.get("path"), e["message"], e["extensions"]["code"])
        for e in answer.get("errors", ())
    ]
    return _ordered(answer.get("data")), sorted(errors, key=repr)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return [(k, _ordered(v)) for k, v in value.items()]
    if isinstance(value, list):
        return [_ordered(v) for v in value]
    return value


@pytest.mark.parametrize("seed", range(3))
async def test_both_engines_answer_alike(database: Database, seed: int) -> None:
    await fill(database)
    planned, resolved = Asker(database), Asker(database, planned=False)
    schema: Any = make_schema()._schema
    writer = Writer(schema, seed)
    compared = 0
    for number in range(OPERATIONS // 3):
        operation = writer.operation()
        values = VALUES[number % len(VALUES)]
        one = await planned(operation, **values)
        other = await resolved(operation, **values)
        assert comparable(one) == comparable(other), operation
        compared += one.get("data") is not None
    assert compared > OPERATIONS // 6
