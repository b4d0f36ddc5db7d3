"""What the members of a composed schema need, and what can't be hidden as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from graphql.type import is_required_argument, is_required_input_field

from cyclorama.errors import PluginError
from cyclorama.execution.grants import Units
from cyclorama.execution.shapes import Index
from cyclorama.layouts.model import KINDS
from cyclorama.plugins.section import Section
from cyclorama.resolvers.gates import Gate, SectionField
from cyclorama.schema.inputs import COMPARED, CONTRIBUTED
from cyclorama.schema.permissions import PERMISSION, PERMISSIONS
from cyclorama.schema.symbols import TYPE_NAMES

DEFINITION: Final = "strawberry-definition"
_NAME = re.compile(r"[A-Za-z]\w*")


def units_of(schema: GraphQLSchema, sections: Sequence[Section]) -> Units:
    """The bits of a schema and its members' needs.

    `PluginError` names what could not be hidden without a trace."""
    bits = _bits()
    permissions = {name: next(bits) for name in PERMISSIONS}
    by_section = {(k, s.key): next(bits) for s in sections for k in KINDS}
    coordinates = {c: next(bits) for c in _coordinates(schema)}
    needs = {c: [bit] for c, bit in coordinates.items()}
    for member, coordinate in COMPARED.items():
        _check_member(schema, member)
        needs[member] = [coordinates[coordinate]]
    numbers = {n: (s, x) for s in sections for n, x in s.company_numbers.items()}
    everywhere = {("COMPANY", s.key): next(bits) for s, _ in numbers.values()}
    for member, name in CONTRIBUTED.items():
        if name in numbers:
            _check_member(schema, member)
            section, number = numbers[name]
            _check_fields(section, "number of companies", number.fields, coordinates)
            needs[member] = [
                everywhere["COMPANY", section.key],
                *(coordinates[f] for f in number.fields),
            ]
    _check_conditions(sections, coordinates)
    for coordinate, definition in _definitions(schema):
        reasons = _reasons(coordinate, definition, permissions, by_section)
        needs.setdefault(coordinate, []).extend(reasons)
    units = Units(
        needs=needs,
        sections=by_section,
        everywhere=everywhere,
        permissions=permissions,
        coordinates=coordinates,
        schema=schema,
    )
    _check_enums(schema, needs)
    _check_texts(schema, units)
    return units


def _bits() -> Iterator[int]:
    bit = 1
    while True:
        yield bit
        bit <<= 1


def _coordinates(schema: GraphQLSchema) -> Iterator[str]:
    """What a mask may cover: the fields of objects that are no root."""
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    for name, type_ in schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType) or name.startswith("__"):
            continue
        if type_ not in roots:
            yield from (f"{name}.{field}" for field in type_.fields)


def _definitions(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType):
            for field, of in type_.fields.items():
                definition = of.extensions.get(DEFINITION)
                if definition is not None:
                    yield f"{name}.{field}", definition


def _reasons(
    coordinate: str,
    definition: Any,
    permissions: Mapping[str, int],
    by_section: Mapping[tuple[str, str], int],
) -> Iterator[int]:
    """Bits, of each of which one must be held, for a permission and for a section."""
    facts = definition.metadata or {}
    if PERMISSION in facts:
        yield permissions[facts[PERMISSION]]
    section = facts.get("section")
    if isinstance(definition, (SectionField, Gate)):
        section = definition.section
    if section is None:
        return
    type_ = coordinate.partition(".")[0]
    kinds = [k for k in sorted(section.kinds) if TYPE_NAMES[k] == type_]
    yield sum(by_section[k, section.key] for k in kinds or sorted(section.kinds))


def _check_member(schema: GraphQLSchema, coordinate: str) -> None:
    """A need must be on something that is there and that nobody has to give."""
    type_, _, name = coordinate.partition(".")
    found = schema.type_map.get(type_)
    members: Any = {}
    if isinstance(found, GraphQLEnumType):
        members = found.values
    elif isinstance(found, GraphQLInputObjectType):
        members = found.fields
    if name not in members:
        raise PluginError(f"{coordinate} is to be hidden and does not exist.")
    if isinstance(found, GraphQLInputObjectType) and is_required_input_field(
        members[name]
    ):
        raise PluginError(
            f"{coordinate} is to be hidden and must be given; make it optional."
        )


def _check_conditions(
    sections: Sequence[Section], coordinates: Mapping[str, int]
) -> None:
    for section in sections:
        for found in section.record_conditions.values():
            _check_fields(section, "condition on records", found.fields, coordinates)


def _check_fields(
    section: Section,
    what: str,
    fields: Sequence[str],
    coordinates: Mapping[str, int],
) -> None:
    for field in fields:
        if field not in coordinates:
            raise PluginError(
                f"The section {section.key!r} has a {what} with the field "
                f"{field!r}, which does not exist."
            )


def _check_enums(schema: GraphQLSchema, needs: Mapping[str, Any]) -> None:
    """A value that can be hidden is neither a default nor ever answered."""
    values = {
        (t.name, v)
        for t in schema.type_map.values()
        if isinstance(t, GraphQLEnumType)
        for v in t.values
        if needs.get(f"{t.name}.{v}")
    }
    enums = {type_ for type_, _ in values}
    for name, type_ in schema.type_map.items():
        for field, of in getattr(type_, "fields", {}).items():
            where = f"{name}.{field}"
            is_input = isinstance(type_, GraphQLInputObjectType)
            named = get_named_type(of.type).name
            if not is_input and named in enums and not name.startswith("__"):
                raise PluginError(
                    f"{where} answers {named}, of which a value can be hidden; use "
                    "another enum for answers."
                )
            given = {where: of} if is_input else {}
            given |= {f"{where}({a}:)": x for a, x in getattr(of, "args", {}).items()}
            for place, one in given.items():
                _check_default(place, one, values)
                if needs.get(place) and (
                    is_required_input_field(one)
                    if is_input
                    else is_required_argument(one)
                ):
                    raise PluginError(f"{place} can be hidden and must be given.")


def _check_default(place: str, one: Any, values: set[tuple[str, str]]) -> None:
    named = get_named_type(one.type).name
    held = [v for t, v in values if t == named]
    default = getattr(one.default_value, "name", None)
    if default in held:
        raise PluginError(
            f"The default of {place} is {named}.{default}, which can be hidden; give it "
            "another."
        )


def _check_texts(schema: GraphQLSchema, units: Units) -> None:
    """What everybody sees must not name what some do not."""
    index = Index(schema, units.needs)
    least = index.shape(units.grant((), ()))
    seen = {*least, *(m for members in least.values() for m in members)}
    known = {*index.types, *(m for x in index.members.values() for m in x)}
    hidden = {n for n in known - seen if _is_telling(n)}
    for name, members in least.items():
        type_: Any = schema.type_map[name]
        texts = {name: type_.description}
        fields = getattr(type_, "fields", getattr(type_, "values", {}))
        for member in members:
            of = fields.get(member)
            texts[f"{name}.{member}"] = getattr(of, "description", None)
            texts[f"The reason of {name}.{member}"] = getattr(
                of, "deprecation_reason", None
            )
        for place, text in texts.items():
            for word in _NAME.findall(text or ""):
                if word in hidden:
                    raise PluginError(
                        f"The description of {place} names {word}, which not everybody "
                        "may see; leave it out."
                    )


def _is_telling(name: str) -> bool:
    """Whether a name is no ordinary word: it has a capital within."""
    return not name[1:].islower() and not name.isupper()
