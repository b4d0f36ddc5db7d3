"""From sections to one schema: their fields on the types of the core."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import strawberry
from graphql import GraphQLError, is_enum_type
from strawberry.exceptions import StrawberryException
from strawberry.exceptions.duplicated_type_name import DuplicatedTypeName
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.field import StrawberryField

from cyclorama.errors import FieldConflictError, PluginError
from cyclorama.execution.grants import Units
from cyclorama.layouts.model import SectionFacts
from cyclorama.plugins import admin
from cyclorama.plugins.checks import check_sections, description, parent_of, who
from cyclorama.plugins.discovery import Failure
from cyclorama.plugins.input_objects import know_inputs
from cyclorama.plugins.needs import units_of
from cyclorama.plugins.rules.admin import apply_rules, rule_file
from cyclorama.plugins.rules.log import rule_runs
from cyclorama.plugins.section import Section
from cyclorama.resolvers.gates import gated, record_fields, section_field
from cyclorama.resolvers.mutes import mute_notifications, unmute_notifications
from cyclorama.resolvers.notifications import (
    follow_record,
    mark_notifications_read,
    unfollow_record,
)
from cyclorama.resolvers.personal import personalise_layout
from cyclorama.resolvers.query import Mutation, Query
from cyclorama.schema.inputs import CONTRIBUTED
from cyclorama.schema.permissions import FOR_ADMINS
from cyclorama.schema.records import RECORD_TYPES, Record360
from cyclorama.schema.scalars import SCALARS

CORE: Final = "Cyclorama itself"


_OWN: Final = (
    personalise_layout,
    follow_record,
    unfollow_record,
    mark_notifications_read,
    mute_notifications,
    unmute_notifications,
)
"""Mutations by which viewers change what is theirs alone."""


class ComposedSchema(strawberry.Schema):
    """A schema whose types also carry the fields of sections, held here and not on the
    types: two schemas of one process may differ."""

    units: Units
    """What members of the schema need; filled once it is composed."""

    def __init__(self, extra: Mapping[Any, Sequence[StrawberryField]], **options: Any):
        self._extra = extra
        super().__init__(**options)

    def get_fields(
        self, type_definition: StrawberryObjectDefinition
    ) -> list[StrawberryField]:
        """The fields of a type: its own, then those of sections by key."""
        return [*type_definition.fields, *self._extra.get(type_definition.origin, ())]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The executable schema with every installed section in it."""

    schema: strawberry.Schema
    sections: Mapping[str, Section]
    """By key, in the order of keys."""
    failures: tuple[Failure, ...] = ()
    """Plugins that are installed and could not be used."""

    def facts(self, switches: Mapping[str, bool]) -> dict[str, SectionFacts]:
        """What layouts have to know of the sections, by key; a section without a switch
        is enabled."""
        return {
            key: section.facts(enabled=switches.get(key, True))
            for key, section in self.sections.items()
        }


@dataclass(frozen=True, slots=True)
class _Added:
    """A field, the type that it is added to, and who adds it."""

    type: Any
    field: StrawberryField
    by: str


def compose(sections: Sequence[Section], failures: Sequence[Failure] = ()) -> Graph:
    """The graph of these sections.

    `PluginError` (or `FieldConflictError`, where two are involved) names what can't be
    composed, who brings it, and the way out.
    """
    ordered = sorted(sections, key=lambda s: s.key)
    check_sections(ordered)
    by_key = MappingProxyType({s.key: s for s in ordered})
    schema = _built(ordered)
    schema.units = units_of(schema._schema, ordered)
    return Graph(schema, by_key, tuple(failures))


def _of_core() -> Iterator[_Added]:
    for record in (Record360, *RECORD_TYPES.values()):
        for field in record_fields():
            yield _Added(record, field, CORE)
    yield _Added(Query, _root(admin.section_plugins, FOR_ADMINS), CORE)
    yield _Added(Query, _root(rule_runs, FOR_ADMINS), CORE)
    yield _Added(Query, _root(rule_file, FOR_ADMINS), CORE)
    yield _Added(Mutation, _root(apply_rules, FOR_ADMINS), CORE)
    switch = _root(admin.set_section_plugin_enabled, FOR_ADMINS)
    yield _Added(Mutation, switch, CORE)
    for own in _OWN:
        yield _Added(Mutation, _root(own, {}), CORE)


def _of_section(section: Section) -> Iterator[_Added]:
    if section.type is not None:
        for kind in sorted(section.kinds):
            yield _Added(RECORD_TYPES[kind], section_field(section), who(section))
    for function in section.fields:
        for type_ in _targets(section, function):
            field = gated(section, function)
            field.description = description(section, function)
            yield _Added(type_, field, who(section))
    for function in section.mutations:
        field = _root(function, {"section": section})
        field.description = description(section, function)
        yield _Added(Mutation, field, who(section))


def _root(function: Callable[..., Any], facts: Mapping[Any, Any]) -> StrawberryField:
    made: StrawberryField = strawberry.field(function, metadata=facts)
    made.description = " ".join((function.__doc__ or "").split("\n\n")[0].split())
    return made


def _targets(section: Section, function: Callable[..., Any]) -> list[Any]:
    """The object types that a function of the resolver form adds its field to."""
    parent = parent_of(section, function)
    if parent is Record360:
        return [RECORD_TYPES[kind] for kind in sorted(section.kinds)]
    definition = get_object_definition(parent)
    if definition is None or definition.is_interface or definition.is_input:
        raise PluginError(
            f"{function.__qualname__} of the section {who(section)} adds a field to "
            f"{getattr(parent, '__name__', parent)}, which is no object type of the "
            "graph; name one in Parent[...]."
        )
    return [parent]


def _by_type(added: Sequence[_Added]) -> Mapping[Any, Sequence[StrawberryField]]:
    """The added fields of each type; no two of a type have the same name."""
    taken: dict[tuple[Any, str], str] = {}
    extra: defaultdict[Any, list[StrawberryField]] = defaultdict(list)
    for one in added:
        definition = get_object_definition(one.type, strict=True)
        for own in definition.fields:
            taken.setdefault((one.type, _name(own)), CORE)
        name = _name(one.field)
        other = taken.get((one.type, name))
        if other is not None:
            raise FieldConflictError(
                f"{definition.name}.{name} is contributed by both {other} and {one.by}; "
                "rename the field or uninstall one of them."
            )
        taken[one.type, name] = one.by
        extra[one.type].append(one.field)
    return extra


_CONFIG: Final = StrawberryConfig(scalar_map=dict(SCALARS))


def _name(field: StrawberryField) -> str:
    return _CONFIG.name_converter.get_graphql_name(field)


_REFUSALS: Final = (StrawberryException, GraphQLError, TypeError, ValueError)
"""What says of a schema that it can't be built."""


def _built(sections: Sequence[Section]) -> ComposedSchema:
    try:
        return _schema(sections)
    except DuplicatedTypeName as error:
        one, other = (_origin(c, sections) for c in (error.first_cls, error.second_cls))
        raise FieldConflictError(
            f"{error.message}: by {other} and by {one}; rename one of the types."
        ) from None
    except _REFUSALS as error:
        raise PluginError(f"{_culprit(sections, error)}: {error}") from error


def _schema(sections: Sequence[Section]) -> ComposedSchema:
    added = [*_of_core(), *(a for s in sections for a in _of_section(s))]
    types = [s.type for s in sections if s.type is not None]
    schema = ComposedSchema(
        _by_type(added),
        query=Query,
        mutation=Mutation,
        types=[*RECORD_TYPES.values(), *types],
        config=_CONFIG,
    )
    know_inputs(schema)
    _leave_out(schema, {n for s in sections for n in s.company_numbers})
    return schema


def _leave_out(schema: ComposedSchema, numbers: Set[str]) -> None:
    """Of what compares numbers that sections contribute, all for which none does."""
    for coordinate, number in CONTRIBUTED.items():
        if number not in numbers:
            name, _, member = coordinate.partition(".")
            type_: Any = schema._schema.type_map[name]
            members = type_.values if is_enum_type(type_) else type_.fields
            members.pop(member)


def _culprit(sections: Sequence[Section], error: Exception) -> str:
    """The section with which alone the schema fails in the same way."""
    for section in sections:
        try:
            _schema([section])
        except _REFUSALS as again:
            if str(again) == str(error):
                return f"The section {who(section)} can't be composed"
    return "The schema can't be built"


def _origin(cls: Any, sections: Sequence[Section]) -> str:
    """The class and the section whose module or package it is written in."""
    module = getattr(cls, "__module__", "")
    for section in sections:
        home = getattr(section.type, "__module__", None)
        if home is not None and module == home:
            return f"{module}.{cls.__qualname__} (section {who(section)})"
    return f"{module}.{getattr(cls, '__qualname__', cls)}"
