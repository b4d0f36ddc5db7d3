"""Record access: which records somebody may read, decided by rules and teams.

Without a rule everybody reads everything. Where a kind of record has a rule that allows,
its records are read by those whom one allows them. What a rule denies is not read, whoever
allows it; nor is a record that has teams by those who are in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cyclorama.layouts.clauses import MISSING, OPERATORS, holds
from cyclorama.layouts.model import KINDS, Clause

ALLOW, DENY = "ALLOW", "DENY"
OF_VIEWER: Final = "$viewer."
"""Begins a value that is an attribute of who asks."""
COMPARES: Final = frozenset({"IN", "NOT_IN", "CONTAINS_ANY"})
"""The operators whose values may be attributes of the viewer, which may have none."""
OWN: Final = frozenset({"id", "teams"})
"""What access rules may ask of a record beyond what assignments of layouts may."""
Clauses = tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """Which records of a kind some viewers may read, or may not; all clauses hold."""

    rank: int
    """The order in which people read the rules; it decides nothing."""
    name: str
    kind: str
    effect: str
    enabled: bool = True
    viewer: Clauses = ()
    record: Clauses = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Users who look after the same records, by their ids."""

    key: str
    name: str
    members: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    """Not filled where rules are only asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody may read of one kind of record, as clauses over records alone."""

    allowed: tuple[Clauses, ...] | None = None
    """One of these; None: all records."""
    denied: tuple[Clauses, ...] = ()
    """But none of these."""
    teams: tuple[str, ...] | None = None
    """Of records that have teams only those with one of these; None: no record has."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is withheld."""
        return self.allowed is None and not self.denied and self.teams is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessBook:
    """All rules and teams of an organisation."""

    rules: tuple[AccessRule, ...] = ()
    teams: tuple[Team, ...] = ()
    has_records: bool = field(default=False, compare=False)
    """Whether some record has a team."""
    kinds_with_teams: frozenset[str] = field(default=frozenset(KINDS), compare=False)
    """The kinds of records of which some may have one."""

    @property
    def withholds(self) -> bool:
        """Whether there may be somebody who can't read everything."""
        return self.has_records or any(r.enabled for r in self.rules)

    def grant(
        self, kind: str, viewer_id: str, viewer: Mapping[str, Any], known: Iterable[str]
    ) -> Grant:
        """What a viewer with these attributes may read of a kind of record, of which the
        attributes `known` exist."""
        teams = tuple(sorted(t.key for t in self.teams if viewer_id in t.members))
        facts = {**viewer, "id": viewer_id, "teams": teams}
        rules = [r for r in self.rules if r.enabled and r.kind == kind]
        found: dict[str, list[Clauses]] = {ALLOW: [], DENY: []}
        for rule in rules:
            if all(holds(c, facts.get(c.attribute)) for c in rule.viewer):
                settled = _settled(rule, facts, frozenset(known) | OWN)
                if settled is not None:
                    found[rule.effect].append(settled)
        allowed = tuple(found[ALLOW]) if _closes(rules) else None
        return Grant(
            allowed=None if allowed is not None and () in allowed else allowed,
            denied=tuple(found[DENY]),
            teams=teams if self.has_records and kind in self.kinds_with_teams else None,
        )


def _closes(rules: Iterable[AccessRule]) -> bool:
    return any(r.effect == ALLOW for r in rules)


def _settled(
    rule: AccessRule, viewer: Mapping[str, Any], known: frozenset[str]
) -> Clauses | None:
    """A rule's clauses on records, without the viewer in them; None where no record can
    fit. A clause on what no record has any more lets a rule allow nothing, and keeps none
    from denying."""
    found = []
    for clause in rule.record:
        if clause.attribute not in known:
            if rule.effect == ALLOW:
                return None
            continue
        values = tuple(v for held in clause.values for v in _values(held, viewer))
        if values or not clause.values:
            found.append(Clause(clause.attribute, clause.operator, values))
        elif not OPERATORS[clause.operator].matches_null:
            return None
    return tuple(found)


def _values(value: Any, viewer: Mapping[str, Any]) -> Iterable[Any]:
    """A clause's value, or those of the viewer's attribute that it names."""
    if not (isinstance(value, str) and value.startswith(OF_VIEWER)):
        return [value]
    found = viewer.get(value.removeprefix(OF_VIEWER))
    if isinstance(found, list | tuple | set | frozenset):
        return sorted((v for v in found if v is not None), key=repr)
    return [] if found is None else [found]


def may_read(grant: Grant, record: Mapping[str, Any]) -> bool:
    """Whether a record with these attributes may be read; `teams` are the keys of its
    teams. A relationship can be read only where its company can, too."""
    return (
        (grant.allowed is None or any(_fits(c, record) for c in grant.allowed))
        and not any(_fits(c, record) for c in grant.denied)
        and _is_shared(grant, record)
    )


def _fits(clauses: Clauses, record: Mapping[str, Any]) -> bool:
    return all(holds(c, record.get(c.attribute, MISSING)) for c in clauses)


def _is_shared(grant: Grant, record: Mapping[str, Any]) -> bool:
    teams = record.get("teams") or ()
    return grant.teams is None or not teams or not {*teams}.isdisjoint(grant.teams)
