"""Shapes: which types and members of the schema are left for what a viewer may see.

A member (a field, an argument, an input field, a value of an enum, a member of a union)
may have needs; it is left where the viewer's grant meets all of them. Types have none:
a type is left where something that is left leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
)
from graphql.type import is_required_argument, is_required_input_field

Needs = Mapping[str, Sequence[int]]
"""By coordinate: masks of bits, of each of which a grant must hold at least one."""
Shape = dict[str, dict[str, frozenset[str]]]
"""By type and member: the arguments that are left. A scalar has no members."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a field."""

    needs: Sequence[int]
    target: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Member:
    """What a type is made of: a field, an input field, a value, a possible type."""

    needs: Sequence[int]
    target: str | None
    """The type that it leads to."""
    is_required: bool
    arguments: Mapping[str, Argument]


class Index:
    """All types of a schema with their members, as plain values."""

    def __init__(self, schema: GraphQLSchema, needs: Needs) -> None:
        self.roots = [
            t.name
            for t in (schema.query_type, schema.mutation_type, schema.subscription_type)
            if t is not None
        ]
        self.types = {n: t for n, t in schema.type_map.items() if _is_ours(t)}
        self.members = {n: _members(t, needs) for n, t in self.types.items()}
        self.interfaces = {n: _interfaces(t) for n, t in self.types.items()}
        self.implementers: dict[str, list[str]] = {}
        for name, interfaces in self.interfaces.items():
            for interface in interfaces:
                self.implementers.setdefault(interface, []).append(name)
        self.directive_types = {
            get_named_type(a.type).name
            for d in schema.directives
            for a in d.args.values()
        }

    def shape(self, grant: int) -> Shape:
        """What is left for a grant."""
        left = self._allowed(grant)
        while self._narrow(left):
            pass
        return self._reached(left)

    def dirty(self, shape: Shape) -> set[str]:
        """The types of a shape that are not the schema's own, and all that lead to one."""
        users: dict[str, set[str]] = {}
        for name, members in shape.items():
            for target in self._targets(name, members):
                users.setdefault(target, set()).add(name)
        waiting = [n for n, kept in shape.items() if kept != self._full(n)]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += users.get(name, ())
        return found

    def _full(self, name: str) -> dict[str, frozenset[str]]:
        return {m: frozenset(x.arguments) for m, x in self.members[name].items()}

    def _allowed(self, grant: int) -> Shape:
        def meets(needs: Sequence[int]) -> bool:
            return all(need & grant for need in needs)

        return {
            name: {
                m: frozenset(a for a, x in member.arguments.items() if meets(x.needs))
                for m, member in members.items()
                if meets(member.needs)
            }
            for name, members in self.members.items()
        }

    def _narrow(self, left: Shape) -> bool:
        """Take away what can't stand; whether anything was."""
        changed = False
        for name in list(left):
            kept = left[name]
            for member in list(kept):
                found = self._standing(left, name, member)
                if found is None:
                    del kept[member]
                    changed = True
                elif found != kept[member]:
                    kept[member] = found
                    changed = True
            if (not kept and self.members[name]) or self._is_broken(name, kept):
                del left[name]
                changed = True
        return changed

    def _standing(self, left: Shape, name: str, member: str) -> frozenset[str] | None:
        """The arguments with which a member still stands; None where it does not."""
        of = self.members[name][member]
        if of.target is not None and of.target not in left:
            return None
        for implementer in self.implementers.get(name, ()):
            if implementer in left and member not in left[implementer]:
                return None
        arguments = frozenset(
            a for a in left[name][member] if of.arguments[a].target in left
        )
        lost = of.arguments.keys() - arguments
        return None if any(of.arguments[a].is_required for a in lost) else arguments

    def _is_broken(self, name: str, kept: Mapping[str, Any]) -> bool:
        """Whether an input has lost a field that must be given."""
        lost = self.members[name].keys() - kept.keys()
        is_input = isinstance(self.types[name], GraphQLInputObjectType)
        return is_input and any(self.members[name][m].is_required for m in lost)

    def _reached(self, left: Shape) -> Shape:
        found: Shape = {}
        waiting = [n for n in (*self.roots, *self.directive_types) if n in left]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = left[name]
                waiting += [t for t in self._targets(name, left[name]) if t in left]
        return found

    def _targets(
        self, name: str, members: Mapping[str, frozenset[str]]
    ) -> Iterator[str]:
        yield from self.interfaces[name]
        for member, arguments in members.items():
            of = self.members[name][member]
            if of.target is not None:
                yield of.target
            yield from (of.arguments[a].target for a in arguments)


def _is_ours(type_: Any) -> bool:
    return not is_introspection_type(type_)


def _interfaces(type_: Any) -> list[str]:
    return [i.name for i in getattr(type_, "interfaces", ())]


def _members(type_: Any, needs: Needs) -> dict[str, Member]:
    name = type_.name
    if isinstance(type_, GraphQLEnumType):
        of = {v: needs.get(f"{name}.{v}", ()) for v in type_.values}
        return {v: Member(n, None, False, {}) for v, n in of.items()}
    if isinstance(type_, GraphQLUnionType):
        return {
            t.name: Member(needs.get(f"{name}|{t.name}", ()), t.name, False, {})
            for t in type_.types
        }
    if isinstance(type_, GraphQLInputObjectType):
        return {
            f: Member(
                needs.get(f"{name}.{f}", ()),
                get_named_type(field.type).name,
                is_required_input_field(field),
                {},
            )
            for f, field in type_.fields.items()
        }
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
        return {f: _field(f"{name}.{f}", x, needs) for f, x in type_.fields.items()}
    return {}


def _field(coordinate: str, field: Any, needs: Needs) -> Member:
    arguments = {
        a: Argument(
            needs.get(f"{coordinate}({a}:)", ()),
            get_named_type(argument.type).name,
            is_required_argument(argument),
        )
        for a, argument in field.args.items()
    }
    target = get_named_type(field.type).name
    return Member(needs.get(coordinate, ()), target, False, arguments)
