"""Values of arguments: good ones, extremes and bad ones, by name and by type."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

TEXTS: Final = (
    "",
    "a",
    "Part 1",
    "demo",
    'say "no" \\ yes',
    "\u2028 line",
    "東京 🙂 e\u0301",
    "שלום",
    "tab\tand\x01control",
    "%",
    "_",
    "'; --",
    "x" * 300,
)
BY_TYPE: Final[Mapping[str, Sequence[Any]]] = {
    "Int": (0, 1, 2, 3, 7, -1, 2**31 - 1, -(2**31), 2**31, 1.5),
    "Float": (0.5, -1.0, 1e300),
    "Boolean": (True, False),
    "String": TEXTS,
    "ID": ("company_1", "nope", "", 7),
    "Date": ("2026-03-02", "0001-01-01", "9999-12-31", "2026-02-30"),
    "DateTime": ("2026-03-02T12:00:00Z", "0001-01-01T00:00:00Z", "2026-03-02"),
    "Decimal": ("0", "12.50", "-1e3", "99999999999999999999", "NaN", 5),
    "JSON": (None, 1, "x", 1.5, True, ["x", "ü"], {"a": None}, "2026-03-02", 2**53),
}
BY_NAME: Final[Mapping[str, Sequence[Any]]] = {
    "first": (1, 2, 2, 3, 3, 5, 20, 50, 200, 0, -1, 201),
    "count": (1, 2, 3, 5, 12),
    "periods": (1, 2, 3, 5, 12, 0, 200),
    "maxDepth": (1, 2, 3, 10, 0, -1),
    "surface": ("PAGE", "PAGE", "EMBED", "CRM_ACCOUNT"),
}
Pools = Mapping[str, Sequence[Any]]
"""Values by the name of an argument, over those of every schema."""


class Words:
    """Draws values of input types."""

    def __init__(self, chance: random.Random, pools: Pools) -> None:
        self.chance = chance
        self.pools = {**BY_NAME, **pools}
        self.cursors: list[str] = ["nonsense", ""]
        """Of answers so far, and what is none."""

    def value(self, name: str, type_: Any) -> Any:
        """A value as JSON, rarely one that is refused."""
        if isinstance(type_, GraphQLNonNull):
            return None if self.maybe(0.004) else self._there(name, type_.of_type)
        return None if self.maybe(0.12) else self._there(name, type_)

    def _there(self, name: str, type_: Any) -> Any:
        if name == "after":
            return self.chance.choice(self.cursors[-40:])
        if isinstance(type_, GraphQLList):
            many = self.chance.choice((0, 1, 1, 2, 3))
            return [self.value(name, type_.of_type) for _ in range(many)]
        if name in self.pools:
            return self.chance.choice(self.pools[name])
        if isinstance(type_, GraphQLEnumType):
            return self.chance.choice([*type_.values])
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_)
        return self.chance.choice(BY_TYPE[type_.name])

    def _object(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        made = {}
        for name, field in type_.fields.items():
            share = 0.98 if isinstance(field.type, GraphQLNonNull) else 0.2
            if self.maybe(share):
                made[name] = self.value(name, field.type)
        return made

    def maybe(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.chance.random() < share

    def learn(self, answer: Any) -> None:
        """Keep the cursors of an answer for later operations."""
        if isinstance(answer, list):
            for one in answer:
                self.learn(one)
        elif isinstance(answer, dict):
            for key, one in answer.items():
                if "ursor" in key and isinstance(one, str):
                    self.cursors.append(one)
                else:
                    self.learn(one)


def literal(value: Any, type_: Any) -> str:
    """A value as it stands in an operation."""
    while isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if isinstance(value, list):
        inner = type_.of_type if isinstance(type_, GraphQLList) else type_
        return f"[{', '.join(literal(v, inner) for v in value)}]"
    if isinstance(type_, GraphQLList):
        return literal(value, type_.of_type)
    if isinstance(value, dict):
        fields = getattr(type_, "fields", {})
        pairs = [
            f"{k}: {literal(v, fields[k].type if k in fields else type_)}"
            for k, v in value.items()
        ]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(type_, GraphQLEnumType) and isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
