"""Which fields a viewer may not see: field permissions, expanded to what they cover."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from graphql import GraphQLObjectType, get_named_type
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import SelectBase
from strawberry.utils.str_converters import to_snake_case

from cyclorama.errors import InvalidInputError
from cyclorama.schema import catalogue
from cyclorama.schema.adapt import selectable
from cyclorama.schema.columns import columns_of
from cyclorama.schema.masks import OF_TYPE, SENSITIVE, UNMASKED, Masked
from cyclorama.schema.read import One, Value
from cyclorama.schema.symbols import TYPE_NAMES
from cyclorama.storage.masks import ACCESS, EVERYBODY, FieldPermission

CUSTOM: Final = ".custom."
_ALWAYS: Final = frozenset({"Company.name", "Relationship.name"})
"""Without a name a record can't be shown; who may not know of it may not read it."""


def masked(
    graph: Any,
    fields: Sequence[Any],
    permissions: Iterable[FieldPermission],
    groups: frozenset[str],
) -> Masked:
    """What members of these groups may not see and not change.

    Of several groups that speak of a field the most restrictive counts; where none of
    them does, what is said for everybody."""
    held: dict[str, list[int]] = {}
    others: dict[str, int] = {}
    for one in permissions:
        if one.group == EVERYBODY:
            others[one.field] = ACCESS.index(one.access)
        elif one.group in groups:
            held.setdefault(one.field, []).append(ACCESS.index(one.access))
    access = {**others, **{field: min(found) for field, found in held.items()}}
    hidden = set(covered(graph, fields, (f for f, x in access.items() if x == 0)))
    read_only = set(covered(graph, fields, (f for f, x in access.items() if x == 1)))
    if not hidden and not read_only:
        return UNMASKED
    columns = {c for f in hidden for c in kept_in(graph, f)}
    found = Masked(
        columns=frozenset(columns),
        fields=frozenset(hidden),
        read_only=frozenset(read_only),
    )
    return replace(found, sections=frozenset(_emptied(graph, found)))


def _emptied(graph: Any, masked: Masked) -> Iterator[tuple[str, str]]:
    """The sections, by kind of record, whose fields on the records are all hidden, or of
    whose type nothing is left but what all sections have."""
    hidden = graph.schema.units.hidden(masked)
    for kind, name in TYPE_NAMES.items():
        held: dict[str, list[bool]] = {}
        for field, of in graph.schema._schema.type_map[name].fields.items():
            definition = of.extensions.get("strawberry-definition")
            section = getattr(definition, "section", None)
            if section is None:
                continue
            gone = f"{name}.{field}" in hidden
            if section.type is not None and not gone:
                gone = _is_emptied(get_named_type(of.type), hidden)
            held.setdefault(section.key, []).append(gone)
        yield from ((kind, key) for key, gone in held.items() if all(gone))


def _is_emptied(type_: Any, hidden: Set[str]) -> bool:
    of_all = {name for x in type_.interfaces for name in x.fields}
    own = [f for f in type_.fields if f not in of_all]
    return bool(own) and all(f"{type_.name}.{f}" in hidden for f in own)


def named(graph: Any) -> Mapping[str, Sequence[str]]:
    """Permissions that cover many fields, with the fields of core and sections."""
    found = {name: list(fields) for name, fields in SENSITIVE.items()}
    for section in graph.sections.values():
        for name, fields in section.sensitive.items():
            found[name] += fields
    return found


def check_field(graph: Any, fields: Sequence[Any], field: str) -> None:
    """`InvalidInputError` names a field that can't be masked, and those near it."""
    known = {*named(graph), *_maskable(graph, fields)} - _ALWAYS
    if field in known:
        return
    near = difflib.get_close_matches(field[:200], known, 5)
    hint = f"; near it are {', '.join(near)}" if near else ""
    raise InvalidInputError(f"{field[:200]!r} is no field that can be hidden{hint}.")


def _maskable(graph: Any, fields: Sequence[Any]) -> Iterator[str]:
    yield from (c for c in graph.schema.units.coordinates if not c.endswith(".id"))
    yield from catalogue.coordinates(fields)


def covered(graph: Any, fields: Sequence[Any], names: Iterable[str]) -> Iterator[str]:
    """The fields of these names, those of permissions that cover many in their place."""
    permissions = named(graph)
    for name in names:
        if name not in permissions:
            yield name
            continue
        yield from permissions[name]
        for facts in fields:
            if facts.type == OF_TYPE.get(name):
                yield catalogue.coordinate(facts.object, f"custom.{facts.key}")


def kept_in(graph: Any, field: str) -> Iterable[str]:
    """The columns in which a field is kept; none for what is computed."""
    type_, _, name = field.partition(".")
    found = graph.schema._schema.type_map.get(type_)
    definition = getattr(found, "extensions", {}).get("strawberry-definition")
    row = getattr(getattr(definition, "origin", None), "__cyclorama_row__", None)
    table = getattr(row, "__tablename__", None)
    if table is not None and CUSTOM in field:
        return [f"{table}.{name}"]
    column = catalogue.column_of(field)
    if table is not None and column is not None:
        return [f"{table}.{column}"]
    if not isinstance(found, GraphQLObjectType) or name not in found.fields:
        return ()
    kept = found.fields[name].extensions.get("strawberry-definition")
    source = getattr(kept, "source", None)
    if isinstance(source, Value) and isinstance(
        source.expression, InstrumentedAttribute
    ):
        return columns_of(source.expression)
    if isinstance(source, One) and isinstance(source.target, InstrumentedAttribute):
        return columns_of(source.target)
    if isinstance(source, One) and isinstance(source.target, SelectBase):
        amount = source.target.selected_columns.get("amount")
        return () if amount is None else columns_of(amount)
    if source is not None or row is None:
        return ()
    own = selectable(row).c.get(getattr(kept, "python_name", to_snake_case(name)))
    return () if own is None else columns_of(own)
