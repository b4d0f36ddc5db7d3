"""Which sections of which records a request has read, for the audit log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Sections = tuple[str, ...]
"""Keys, in order; none of them for a record's own fields alone."""


@dataclass(slots=True, eq=False)
class Reads:
    """Filled while a request runs; nothing of it is looked at before the answer."""

    _planned: list[tuple[Any, Mapping[str, Sections]]] = field(default_factory=list)
    _gated: list[tuple[str, str, str]] = field(default_factory=list)

    def planned(self, batch: Any, sections: Mapping[str, Sections]) -> None:
        """The records of a batch were read by a plan, with the sections of each variant
        by its token."""
        self._planned.append((batch, sections))

    def section(self, record_id: str, section: str, surface: str = "PAGE") -> None:
        """A section of a record was read outside of plans."""
        self._gated.append((record_id, section, surface))

    def by_surface(self) -> Mapping[str, Mapping[Sections, Sequence[str]]]:
        """The records by the sections that were read of them, for each surface."""
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for record_id, section, surface in self._gated:
            found[record_id, surface].add(section)
        if not found and len(self._planned) == 1:
            return {"PAGE": _of_batch(*self._planned[0])}
        for batch, sections in self._planned:
            for ref in batch.refs:
                found[ref.id, "PAGE"].update(sections[ref.variant.token])
        grouped: dict[str, dict[Sections, list[str]]] = {}
        for (record_id, surface), read in sorted(found.items()):
            groups = grouped.setdefault(surface, {})
            groups.setdefault(tuple(sorted(read)), []).append(record_id)
        return grouped


def _of_batch(
    batch: Any, sections: Mapping[str, Sections]
) -> Mapping[Sections, Sequence[str]]:
    groups: dict[Sections, dict[str, None]] = {}
    for ref in batch.refs:
        groups.setdefault(sections[ref.variant.token], {})[ref.id] = None
    return {read: list(records) for read, records in groups.items()}
