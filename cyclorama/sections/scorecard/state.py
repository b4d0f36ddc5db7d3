"""What is known of records' scorecards, as the values that rules compute with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cyclorama.plugins import attributes_of, kind_of_id
from cyclorama.sections.scorecard.rules.bands import Band
from cyclorama.sections.scorecard.rules.cards import Card, Node
from cyclorama.sections.scorecard.rules.exceptions import (
    ATTRIBUTE,
    Criterion,
    Effect,
    ScoreException,
)
from cyclorama.sections.scorecard.rules.facts import (
    NOTHING,
    Fact,
    Override,
    StalePolicy,
)
from cyclorama.sections.scorecard.statements import (
    KINDS,
    NUMBERS,
    Execute,
    lock_of,
    nodes_of,
    settings_of,
)
from cyclorama.sections.scorecard.tables import GROUP, MEASURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A record's card without its nodes."""

    card_id: str
    bands: Sequence[Band]
    row: Any
    """The columns of `CardRow`, and of `AssignmentRow` those of the override."""
    override: Override | None
    """Of the overall score, whether or not it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The nodes of a card; the same for all its records as long as it has its version."""

    nodes: Mapping[str, Any]
    """Rows of `nodes_of` by key, in the card's order."""
    card: Card
    """The card as rules compute it."""

    @staticmethod
    def of(settings: Settings, rows: Iterable[Any]) -> Frame:
        """The nodes of a card, from the rows of `nodes_of`."""
        nodes = {row.key: row for row in rows}
        return Frame(nodes=nodes, card=_card(settings, list(nodes.values())))


@dataclass(slots=True, kw_only=True)
class State:
    """A record's card and what is known of its nodes."""

    record_id: str
    settings: Settings
    frame: Frame
    rows: dict[str, Any] = field(default_factory=dict)
    """By key of the node, of nodes that have a score or had one."""
    newest_event: int = 0
    """Its number, where it was asked for."""
    given: int = 0
    """The version of its card and override, as they were given."""
    attributes: Mapping[str, float | str | None] = field(default_factory=dict)
    """Of the record, those that exceptions ask for; `learn` finds them."""
    _facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def card(self) -> Card:
        """The card as rules compute it."""
        return self.frame.card

    @property
    def nodes(self) -> Iterable[Any]:
        """Rows of `nodes_of`, in the card's order."""
        return self.frame.nodes.values()

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known of measures, by key."""
        return {k: self.fact(k) for k, r in self.rows.items() if r.kind == MEASURE}

    def fact(self, key: str) -> Fact:
        """What is known of the node with this key."""
        found = self._facts.get(key)
        if found is None:
            row = self.rows.get(key)
            found = self._facts[key] = NOTHING if row is None else fact_of(row)
        return found

    def hold(self, key: str, row: Any) -> None:
        """Take what is known of a node by now."""
        self.rows[key] = row
        self._facts.pop(key, None)

    @property
    def version(self) -> int:
        """Grows with every change of scores, of the card and of the override."""
        return self.newest_event + self.given

    @property
    def entered(self) -> float | None:
        """The overall score of a card that does not roll up, whatever overrides it."""
        return self.rows[""].computed if "" in self.rows else None

    def node(self, key: str) -> Any:
        """The row of the node with this key; None where there is none."""
        return self.frame.nodes.get(key)


def _card(settings: Settings, nodes: Sequence[Any]) -> Card:
    row = settings.row
    groups = {n.id: n.key for n in nodes if n.kind == GROUP}
    return Card(
        nodes=[_node(n, groups) for n in nodes if n.key],
        bands=settings.bands,
        flat=row.flat,
        roll_up=row.roll_up,
        exceptions=[_exception(e) for e in row.exceptions],
        min_coverage=row.min_coverage,
        dead_band=row.dead_band,
    )


def fact_of(row: Any) -> Fact:
    """What a row says of a measure."""
    na_kind = row.na_kind or (None if row.score is not None else "NOT_SCORED")
    return Fact(
        score=row.score,
        na_kind=na_kind,
        previous=row.previous,
        set_at=row.set_at,
        validated_at=row.validated_at,
        comment=row.comment,
    )


def _node(row: Any, groups: Mapping[str, str]) -> Node:
    return Node(
        key=row.key,
        weight=row.weight,
        group=groups.get(row.group_id),
        is_group=row.kind == GROUP,
        validity_days=row.validity_days,
        stale_policy=StalePolicy(row.stale_policy or StalePolicy.COUNT.value),
    )


def _exception(given: Mapping[str, Any]) -> ScoreException:
    criteria = (
        Criterion(
            left=c["left"],
            key=c.get("key", ""),
            operator=c["operator"],
            values=tuple(c.get("values", ())),
        )
        for c in given["criteria"]
    )
    return ScoreException(
        key=given["key"],
        target=given.get("target"),
        any_of=given.get("any_of", False),
        criteria=tuple(criteria),
        effect=Effect(given["effect"]),
        value=given["value"],
        note=given.get("note", ""),
        active=given.get("active", True),
    )


def settings_by_record(rows: Sequence[Any]) -> dict[str, Settings]:
    """The rows of `settings_of` by record, of those that have a card."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        if row.card_id is not None:
            found.setdefault(row.record_id, []).append(row)
    return {r: _settings(own) for r, own in found.items()}


def _settings(rows: Sequence[Any]) -> Settings:
    bands = [
        Band(label=r.label, color=r.color, start=r.low, end=r.high, point=r.point)
        for r in rows
        if r.label is not None
    ]
    row, override = rows[0], None
    if row.override_until is not None and row.override_score is not None:
        override = Override(
            score=row.override_score,
            reason=row.override_reason or "",
            expires_at=row.override_until,
        )
    return Settings(card_id=row.card_id, bands=bands, row=row, override=override)


def states_of(
    settings: Mapping[str, Settings], rows: Sequence[Any]
) -> dict[str, State]:
    """What the rows of `nodes_of` say of the records of these settings."""
    nodes: dict[str, dict[str, Any]] = {}
    known: dict[str, dict[str, Any]] = {}
    for row in rows:
        nodes.setdefault(row.card_id, {}).setdefault(row.id, row)
        own = settings.get(row.record_id)
        if own is not None and own.card_id == row.card_id:
            known.setdefault(row.record_id, {})[row.key] = row
    frames: dict[str, Frame] = {}
    found = {}
    for record_id, own in settings.items():
        frame = frames.get(own.card_id)
        if frame is None:
            held = nodes.get(own.card_id, {}).values()
            frame = frames[own.card_id] = Frame.of(own, held)
        found[record_id] = State(
            record_id=record_id,
            settings=own,
            frame=frame,
            rows=known.get(record_id, {}),
            given=own.row.given,
        )
    return found


async def learn(
    execute: Execute, known: Mapping[str, State], fields: Sequence[Any]
) -> None:
    """Find the attributes of records that the exceptions of their cards ask for: a
    statement for each kind of record, none where they ask for none. `fields` are the
    custom fields of records."""
    for kind in KINDS:
        own = {r: s for r, s in known.items() if kind_of_id(r) == kind}
        names = {n for s in own.values() for n in asked_of(s.card.exceptions)}
        if names:
            ids = sorted(r for r, s in own.items() if asked_of(s.card.exceptions))
            found = await attributes_of(execute, kind.upper(), ids, names, fields)
            for record, values in found.items():
                plain = {n: _plain(v) for n, v in values.items()}
                known[record].attributes = plain


def asked_of(exceptions: Iterable[ScoreException]) -> set[str]:
    """The attributes of records that exceptions ask for."""
    return {c.key for e in exceptions for c in e.criteria if c.left == ATTRIBUTE}


def _plain(value: Any) -> float | str | None:
    """A value as criteria compare it: a number, or text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, value)))
    return str(value)


async def states(
    execute: Execute, ids: Sequence[str], *, lock: bool = False, numbers: bool = False
) -> dict[str, State]:
    """The states of records by id, of those that have a card: a statement for each kind
    of record and one more; with `lock` as in `lock_of`, with it or `numbers` also the
    numbers of their events."""
    settings: dict[str, Settings] = {}
    for kind in KINDS:
        own = sorted({i for i in ids if kind_of_id(i) == kind})
        if own:
            if lock:
                await execute(lock_of(kind), {"ids": own})
            found = await execute(settings_of(kind), {"ids": own})
            settings |= settings_by_record(found)
    if not settings:
        return {}
    given = {
        "cards": sorted({s.card_id for s in settings.values()}),
        "ids": sorted(settings),
    }
    known = states_of(settings, await execute(nodes_of(), given))
    if lock or numbers:
        for record_id, number in await execute(NUMBERS, {"ids": given["ids"]}):
            known[record_id].newest_event = number
    return known
