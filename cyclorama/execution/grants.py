"""Grants: what a viewer may see at all, as one integer with a bit for each reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyclorama.execution.reads import reads_of
from cyclorama.execution.shapes import Needs
from cyclorama.layouts.visibility import everywhere, reachable
from cyclorama.resolvers.context import Context
from cyclorama.schema.masks import Masked


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Units:
    """The bits of one schema, and which of them its members need."""

    needs: Needs = field(default_factory=dict)
    sections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By kind of record and key of the section."""
    everywhere: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Of those, for who gets the section on all records of the kind."""
    permissions: Mapping[str, int] = field(default_factory=dict)
    coordinates: Mapping[str, int] = field(default_factory=dict)
    """By `Type.field`: the bit of who is not kept from it by a mask."""
    schema: Any = None
    _reads: dict[str, frozenset[str]] = field(default_factory=dict, init=False)
    """What coordinates read of the tables; filled when something is masked."""

    @property
    def everything(self) -> int:
        """The grant of who may see all."""
        held: Sequence[Mapping[Any, int]] = (
            self.sections,
            self.everywhere,
            self.permissions,
            self.coordinates,
        )
        return sum(bit for bits in held for bit in bits.values())

    def hidden(self, masked: Masked) -> set[str]:
        """The coordinates that are masked, or whose values read what is masked."""
        if not masked.fields:
            return set()
        if not self._reads:
            self._reads.update(reads_of(self.schema))
        derived = {c for c, read in self._reads.items() if masked.hides(read)}
        return derived | masked.fields

    def grant(
        self,
        sections: Iterable[tuple[str, str]],
        permissions: Iterable[str],
        hidden: Iterable[str] = (),
        everywhere: Iterable[tuple[str, str]] = (),
    ) -> int:
        """The bits of these sections and permissions, and of all coordinates but the
        hidden; `everywhere` are the sections that are held on all records."""
        found = sum(self.sections.get(s, 0) for s in sections)
        found += sum(self.everywhere.get(s, 0) for s in everywhere)
        found += sum(self.permissions.get(p, 0) for p in permissions)
        found += sum(self.coordinates.values())
        return found - sum(self.coordinates.get(h, 0) for h in hidden)


def grant_of(units: Units, context: Context) -> int:
    """The grant of a request's viewer; worked out once for viewers who are alike."""
    viewer, settings = context.viewer, context.settings
    key = (
        tuple(g.key for g in viewer.groups),
        viewer.permissions,
        repr(viewer.attributes),
    )
    return settings.grants.get(key, lambda: _grant(units, context))


def _grant(units: Units, context: Context) -> int:
    settings = context.settings
    masked = context.masked
    sections = reachable(settings.book, context.viewer_attributes, settings.facts)
    sections -= masked.sections
    whole = everywhere(settings.book, context.viewer_attributes, settings.facts)
    whole -= masked.sections
    hidden = units.hidden(masked)
    return units.grant(sections, context.viewer.permissions, hidden, whole)
