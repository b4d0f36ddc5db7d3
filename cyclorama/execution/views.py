"""Views: the schema as a viewer sees it, one for all viewers who may see the same.

A view is the executable schema itself with some doors bricked up: types that nothing
hidden touches are the schema's own objects, the others are copies. Operations are
validated, coerced, executed and introspected on it.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)

from cyclorama.execution.plain import PLAIN, selections
from cyclorama.execution.shapes import Index, Needs, Shape
from cyclorama.storage.kept import Kept

MOST_VIEWS: Final = 64


class Views:
    """The views of one schema, bounded and counted."""

    def __init__(self, schema: Any, needs: Needs, most: int = MOST_VIEWS) -> None:
        self.full: GraphQLSchema = schema._schema
        self._strawberry = schema
        self._needs = needs
        self._index: Index | None = None
        self.kept: Kept[int, GraphQLSchema] = Kept(most)

    def view(self, grant: int) -> GraphQLSchema:
        """The view of a grant."""
        return self.kept.get(grant, lambda: self._made(grant))

    def _made(self, grant: int) -> GraphQLSchema:
        if self._index is None:
            self._index = Index(self.full, self._needs)
        shape = self._index.shape(grant)
        view = _Copies(self.full, shape, self._index.dirty(shape)).schema()
        view.extensions[PLAIN] = selections(self.full)
        graph = copy.copy(self._strawberry)
        graph._schema = view
        view._strawberry_schema = graph  # type: ignore[attr-defined]
        return view


class _Copies:
    """The types of a view, made where they are not the schema's own."""

    def __init__(self, full: GraphQLSchema, shape: Shape, dirty: set[str]) -> None:
        self.full, self.shape, self.dirty = full, shape, dirty
        self.made: dict[str, Any] = {}

    def schema(self) -> GraphQLSchema:
        """The view; it keeps neither the shape nor anything that is hidden."""
        roots = {
            name: self._named(root.name)
            for name, root in (
                ("query", self.full.query_type),
                ("mutation", self.full.mutation_type),
                ("subscription", self.full.subscription_type),
            )
            if root is not None and root.name in self.shape
        }
        made = GraphQLSchema(
            **roots,
            types=[self._named(n) for n in self.full.type_map if n in self.shape],
            directives=self.full.directives,
            assume_valid=True,
        )
        self.shape.clear()
        self.made.clear()
        return made

    def _named(self, name: str) -> Any:
        if name not in self.dirty:
            return self.full.type_map[name]
        if name not in self.made:
            self.made[name] = self._copy(self.full.type_map[name])
        return self.made[name]

    def _ref(self, type_: Any) -> Any:
        if isinstance(type_, (GraphQLNonNull, GraphQLList)):
            return type(type_)(self._ref(type_.of_type))
        return self._named(type_.name)

    def _copy(self, type_: Any) -> Any:
        if isinstance(type_, GraphQLScalarType):
            return type_
        facts = type_.to_kwargs()
        kept = self.shape[type_.name]
        if isinstance(type_, GraphQLEnumType):
            facts["values"] = {v: type_.values[v] for v in type_.values if v in kept}
            definition = type_.extensions["strawberry-definition"]
            return type(type_)(enum=definition, **facts)  # type: ignore[call-arg]
        if isinstance(type_, GraphQLUnionType):
            facts["types"] = [self._ref(t) for t in type_.types if t.name in kept]
            facts["types"] = tuple(facts["types"])
        elif isinstance(type_, GraphQLInputObjectType):
            facts["fields"] = lambda: {
                n: self._input(f) for n, f in type_.fields.items() if n in kept
            }
        else:
            facts["fields"] = lambda: {
                n: self._field(f, kept[n]) for n, f in type_.fields.items() if n in kept
            }
            facts["interfaces"] = lambda: tuple(
                self._ref(i) for i in type_.interfaces if i.name in self.shape
            )
        if facts.get("resolve_type"):  # unions compare the types of the full schema
            facts["resolve_type"] = lambda value, info, _: type_.resolve_type(
                value, info, type_
            )
        return type(type_)(**facts)

    def _field(self, field: GraphQLField, arguments: frozenset[str]) -> GraphQLField:
        target = self._ref(field.type)
        kept = {n: self._argument(a) for n, a in field.args.items() if n in arguments}
        same = kept.keys() == field.args.keys() and all(
            kept[n] is a for n, a in field.args.items()
        )
        if same and _is(target, field.type):
            return field
        return GraphQLField(**{**field.to_kwargs(), "type_": target, "args": kept})

    def _argument(self, argument: GraphQLArgument) -> GraphQLArgument:
        target = self._ref(argument.type)
        if _is(target, argument.type):
            return argument
        return GraphQLArgument(**{**argument.to_kwargs(), "type_": target})

    def _input(self, field: GraphQLInputField) -> GraphQLInputField:
        target = self._ref(field.type)
        if _is(target, field.type):
            return field
        return GraphQLInputField(**{**field.to_kwargs(), "type_": target})


def _is(one: Any, other: Any) -> bool:
    """Whether two types, wrappers aside, are the same object."""
    while isinstance(one, (GraphQLNonNull, GraphQLList)):
        one, other = one.of_type, other.of_type
    return one is other
