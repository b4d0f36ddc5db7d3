"""What is known of records' scorecards, as the values that rules compute with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
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
    OF_CARD,
    Execute,
    cards_of,
    lock_of,
    numbers_of,
    scores_of,
)
from cyclorama.sections.scorecard.tables import GROUP, CardRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A record's card without its nodes."""

    card_id: str
    bands: Sequence[Band]
    row: Any
    """The columns of `CardRow`."""
    override: Override | None = None
    """Of the overall score, whether or not it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The nodes of a card; the same for all its records as long as it has its version."""

    nodes: Mapping[str, Any]
    """Rows of `cards_of` by key, in the card's order."""
    keys: Mapping[str, str]
    """The keys of nodes by id."""
    card: Card
    """The card as rules compute it."""

    @staticmethod
    def of(settings: Settings, rows: Iterable[Any]) -> Frame:
        """The nodes of a card, from rows with the columns of each."""
        nodes = {row.key: row for row in rows}
        keys = {row.id: row.key for row in nodes.values()}
        card = _card(settings, list(nodes.values()))
        return Frame(nodes=nodes, keys=keys, card=card)

    def rows(self, known: Iterable[Any]) -> dict[str, Any]:
        """What is known of nodes by their keys, in the card's order, without what is of
        other cards."""
        held = {row.node_id: row for row in known}
        return {key: held[id] for id, key in self.keys.items() if id in held}


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
        """Rows of `cards_of`, in the card's order."""
        return self.frame.nodes.values()

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known of measures, by key."""
        nodes = self.frame.nodes
        return {k: self.fact(k) for k in self.rows if nodes[k].measure_id is not None}

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
    return {
        record: Settings(
            card_id=own[0].card_id,
            bands=_bands(own),
            row=own[0],
            override=_override(own[0]),
        )
        for record, own in found.items()
    }


def _bands(rows: Iterable[Any]) -> list[Band]:
    return [
        Band(label=r.label, color=r.color, start=r.low, end=r.high, point=r.point)
        for r in rows
        if r.label is not None
    ]


def _override(row: Any) -> Override | None:
    if row.override_until is None or row.override_score is None:
        return None
    return Override(
        score=row.override_score,
        reason=row.override_reason or "",
        expires_at=row.override_until,
    )


Whole = tuple[Settings, Frame]
"""A card: what is the same for all its records."""


def whole_cards(rows: Sequence[Any]) -> dict[str, Whole]:
    """The cards of the rows of `cards_of`, by id."""
    held: dict[str, list[Any]] = {}
    for row in rows:
        held.setdefault(getattr(row, f"{OF_CARD}id"), []).append(row)
    return {card_id: _whole(card_id, own) for card_id, own in held.items()}


def _whole(card_id: str, rows: Sequence[Any]) -> Whole:
    columns = [c.key for c in CardRow.__table__.c]
    values = {c: getattr(rows[0], f"{OF_CARD}{c}") for c in columns}
    bands = _bands(r for r in rows if r.id == rows[0].id)
    row = SimpleNamespace(**values)
    settings = Settings(card_id=card_id, bands=bands, row=row)
    return settings, Frame.of(settings, (r for r in rows if r.id is not None))


def state_of(record_id: str, known: Sequence[Any], card: Whole) -> State:
    """The state of a record: the rows of `known_of_one` and its card."""
    settings, frame = card
    override = _override(known[0])
    return State(
        record_id=record_id,
        settings=replace(settings, override=override) if override else settings,
        frame=frame,
        rows=frame.rows(known),
        newest_event=known[0].newest_event or 0,
        given=known[0].given,
    )


def states_of(rows: Sequence[Any], cards: Mapping[str, Whole]) -> dict[str, State]:
    """What the rows of `scores_of` say of records that have one of these cards."""
    found: dict[str, State] = {}
    for row in rows:
        card = cards.get(row.card_id)
        if card is None:
            continue
        state = found.get(row.record_id)
        if state is None:
            settings, frame = card
            override = _override(row)
            if override is not None:
                settings = replace(settings, override=override)
            state = found[row.record_id] = State(
                record_id=row.record_id,
                settings=settings,
                frame=frame,
                given=row.given,
            )
        key = state.frame.keys.get(row.node_id)
        if key is not None:
            state.rows[key] = row
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
    rows: list[Any] = []
    newest: dict[str, int | None] = {}
    for kind in KINDS:
        own = {"ids": sorted({i for i in ids if kind_of_id(i) == kind})}
        if not own["ids"]:
            continue
        if lock:
            await execute(lock_of(kind), own)
        rows += await execute(scores_of(kind), own)
        if lock or numbers:
            newest |= dict(await execute(numbers_of(kind), own))
    cards = sorted({row.card_id for row in rows if row.card_id is not None})
    if not cards:
        return {}
    known = states_of(rows, whole_cards(await execute(cards_of(), {"cards": cards})))
    for record, state in known.items():
        state.newest_event = newest.get(record) or 0
    return known
