"""A record beside the others with its scorecard: where it stands, who is at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select

from cyclorama.plugins import (
    Context,
    InvalidInputError,
    gets_everywhere,
    kind_of_id,
)
from cyclorama.sections.scorecard.masks import OVERALL as FIELDS
from cyclorama.sections.scorecard.rules.bands import Band, band_of
from cyclorama.sections.scorecard.rules.choosing import percentile, portfolio_quality
from cyclorama.sections.scorecard.rules.rollup import compute
from cyclorama.sections.scorecard.shown import default_card
from cyclorama.sections.scorecard.state import Settings, settings_by_record, states
from cyclorama.sections.scorecard.statements import RECORDS, settings_of
from cyclorama.sections.scorecard.tables import (
    OVERALL,
    AssignmentRow,
    EventRow,
    NodeRow,
    ScoreRow,
)

MOST_PEERS = 100
DROP, DROP_DAYS = 10, 30
"""By how much, within how many days, a score falls that is at risk wherever it stands."""
MOST_STALE = 0.3
"""The share of the weight that may be stale of a healthy score."""


@strawberry.enum(
    description="Records with the same scorecard. AT_RISK: in the lowest band, or at least "
    "10 points below 30 days ago, the lowest first. HEALTHY: in the highest band with at "
    "most 30 % of the weight stale, the highest first. STALE: with something stale, the "
    "longest first. SPOT_CHECK: a sample that stays the same for a quarter."
)
class PeerList(Enum):
    AT_RISK = "AT_RISK"
    HEALTHY = "HEALTHY"
    STALE = "STALE"
    SPOT_CHECK = "SPOT_CHECK"


@strawberry.type(description="How many overall scores are in a band.")
class ScoreBandCount:
    label: str
    color: str
    count: int


@strawberry.type(
    description="The record among those of its kind with the same scorecard that the "
    "viewer may read."
)
class ScoreStanding:
    percentile: float | None = strawberry.field(
        description="From 0 to 100: the share of scores below its own, equal ones counted "
        "half."
    )
    quality: float | None = strawberry.field(
        description="The mean of 100 points for each score in the highest band, 40 in the "
        "lowest and 60 in between."
    )
    scored: int
    unscored: int
    stale: int = strawberry.field(description="Of those scored, with something stale.")
    bands: list[ScoreBandCount] = strawberry.field(description="From the lowest up.")


@strawberry.type(description="A record with the same scorecard.")
class ScorePeer:
    record_id: strawberry.ID
    name: str | None = strawberry.field(description="Null where a mask hides names.")
    value: int | None
    label: str | None
    color: str | None
    stale: bool
    last_touch: datetime | None = strawberry.field(
        description="When somebody, not a rule, last changed, renewed or commented on a "
        "score of it."
    )


@strawberry.type(
    description="Records with the same scorecard, in the order of the list."
)
class ScorePeers:
    records: list[ScorePeer]


async def stood(
    rows: Sequence[tuple[str]], context: Context
) -> list[ScoreStanding | None]:
    """Record ids in, where they stand out, same order; None without a scorecard, and
    where the viewer may not see the scores of all that are counted."""
    own = await comparable(context, [r for (r,) in rows])
    held: dict[str, Any] = {}
    for record, settings in own.items():
        if settings.card_id not in held:
            query = _histogram(kind_of_id(record), context.now)
            given = {"card": settings.card_id}
            held[settings.card_id] = await context.reading.execute(query, given)
    values = await _values(context, own)
    return [
        None
        if r not in own
        else _standing(own[r].bands, held[own[r].card_id], values.get(r))
        for (r,) in rows
    ]


async def peers_of(
    rows: Sequence[tuple[str]],
    context: Context,
    list: PeerList = PeerList.AT_RISK,
    first: int = 20,
) -> list[ScorePeers]:
    """Record ids in, records with their scorecards out, same order."""
    if not 1 <= first <= MOST_PEERS:
        message = f"The argument `first` is {first}; use 1 to {MOST_PEERS}."
        raise InvalidInputError(message)
    own = await comparable(context, [r for (r,) in rows])
    found: dict[str, Any] = {}
    for record, settings in own.items():
        if settings.card_id not in found:
            chosen = await _chosen(context, kind_of_id(record), settings, list, first)
            found[settings.card_id] = await _peers(context, settings.bands, chosen)
    return [
        ScorePeers(records=found[own[r].card_id] if r in own else []) for (r,) in rows
    ]


async def comparable(context: Context, ids: Sequence[str]) -> dict[str, Settings]:
    """The cards of records whose scores the viewer may compare."""
    if not context.masked.fields.isdisjoint(FIELDS):
        return {}
    found: dict[str, Settings] = {}
    for kind in RECORDS:
        own = sorted({i for i in ids if kind_of_id(i) == kind})
        if own and gets_everywhere(context, "scorecard", kind.upper()):
            given = {"ids": own}
            rows = await context.reading.execute(settings_of(kind), given)
            found |= settings_by_record(rows)
    return found


async def _values(
    context: Context, own: Mapping[str, Settings]
) -> dict[str, int | None]:
    query = (
        select(ScoreRow.record_id, ScoreRow.value, NodeRow.card_id)
        .join(NodeRow, NodeRow.id == ScoreRow.node_id)
        .where(ScoreRow.record_id.in_(list(own)), NodeRow.kind == OVERALL)
    )
    rows = await context.reading.execute(query)
    return {r.record_id: r.value for r in rows if own[r.record_id].card_id == r.card_id}


def _population(kind: str, *columns: Any) -> sa.Select[Any]:
    """The readable records of a kind that have the card `card`, with their overall
    scores."""
    record = RECORDS[kind]
    active = func.coalesce(AssignmentRow.card_id, default_card(kind.upper()))
    known = sa.and_(ScoreRow.node_id == NodeRow.id, ScoreRow.record_id == record.id)
    card = sa.bindparam("card", type_=sa.String())
    return (
        select(*columns)
        .select_from(record)
        .outerjoin(AssignmentRow, AssignmentRow.record_id == record.id)
        .join(NodeRow, sa.and_(NodeRow.card_id == card, NodeRow.kind == OVERALL))
        .outerjoin(ScoreRow, known)
        .where(active == card)
    )


def _histogram(kind: str, now: datetime) -> sa.Select[Any]:
    stale = func.count(sa.case((ScoreRow.stale_after < now, 1)))
    columns = (ScoreRow.value, func.count().label("count"), stale.label("stale"))
    return _population(kind, *columns).group_by(ScoreRow.value)


def _standing(
    bands: Sequence[Band], rows: Sequence[Any], value: int | None
) -> ScoreStanding:
    scored = [r for r in rows if r.value is not None]
    counts = dict.fromkeys((b.label for b in bands), 0)
    for row in scored:
        band = band_of(row.value, bands)
        if band is not None:
            counts[band.label] += row.count
    poor, *between, good = counts.values()
    values = [r.value for r in scored for _ in range(r.count)]
    return ScoreStanding(
        percentile=None if value is None else percentile(value, values),
        quality=portfolio_quality(good, sum(between), poor),
        scored=len(values),
        unscored=sum(r.count for r in rows if r.value is None),
        stale=sum(r.stale for r in scored),
        bands=[
            ScoreBandCount(label=b.label, color=b.color, count=counts[b.label])
            for b in bands
        ],
    )


async def _chosen(
    context: Context, kind: str, settings: Settings, wanted: PeerList, first: int
) -> list[Any]:
    """The rows of a list, in its order, at most `first`."""
    record, bands = RECORDS[kind], settings.bands
    is_stale = func.coalesce(ScoreRow.stale_after < context.now, sa.false())
    columns = (record.id, record.name, ScoreRow.value, is_stale.label("stale"))
    query = _population(kind, *columns).where(ScoreRow.value.is_not(None))
    given = {"card": settings.card_id}
    if wanted is PeerList.AT_RISK:
        before = context.today - timedelta(days=DROP_DAYS)
        fallen = ScoreRow.value <= _value_on(before) - DROP
        query = query.where(sa.or_(ScoreRow.value <= bands[0].end, fallen))
        query = query.order_by(ScoreRow.value, record.id)
    elif wanted is PeerList.STALE:
        query = query.where(is_stale).order_by(ScoreRow.stale_after, record.id)
    elif wanted is PeerList.HEALTHY:
        query = query.where(ScoreRow.value > bands[-1].start)
        query = query.order_by(ScoreRow.value.desc(), record.id)
        found = await context.reading.execute(query.limit(5 * MOST_PEERS), given)
        return (await _fresh(context, found))[:first]
    else:
        quarter = f"{context.today.year}-{(context.today.month - 1) // 3}"
        found = await context.reading.execute(query, given)
        drawn = {r: sha256(f"{quarter} {r.id}".encode()).digest() for r in found}
        return sorted(drawn, key=lambda r: drawn[r])[:first]
    return [*await context.reading.execute(query.limit(first), given)]


def _value_on(day: Any) -> Any:
    """What an overall score was at the end of a day."""
    return (
        select(EventRow.value)
        .where(
            EventRow.record_id == ScoreRow.record_id,
            EventRow.node_id == ScoreRow.node_id,
            EventRow.day <= day,
        )
        .order_by(EventRow.day.desc(), EventRow.number.desc())
        .limit(1)
        .correlate(ScoreRow)
        .scalar_subquery()
    )


async def _fresh(context: Context, rows: Sequence[Any]) -> list[Any]:
    """Those of which little enough is stale."""
    doubted = [r.id for r in rows if r.stale]
    known = await states(context.reading.execute, doubted) if doubted else {}
    shares = {
        record: compute(s.card, s.facts, context.now, entered=s.entered).stale_share
        for record, s in known.items()
    }
    return [r for r in rows if shares.get(r.id, 0.0) <= MOST_STALE]


async def _peers(
    context: Context, bands: Sequence[Band], rows: Sequence[Any]
) -> list[ScorePeer]:
    query = (
        select(EventRow.record_id, func.max(EventRow.at).label("at"))
        .where(EventRow.record_id.in_([r.id for r in rows]))
        .where(EventRow.actor_kind == "USER", EventRow.kind != "RECALC")
        .group_by(EventRow.record_id)
    )
    touched = {r.record_id: r.at for r in await context.reading.execute(query)}
    names = {"Company.name", "Relationship.name"}
    hidden = not context.masked.fields.isdisjoint(names)
    found = []
    for row in rows:
        band = band_of(row.value, bands)
        found.append(
            ScorePeer(
                record_id=row.id,
                name=None if hidden else row.name,
                value=row.value,
                label=None if band is None else band.label,
                color=None if band is None else band.color,
                stale=row.stale,
                last_touch=touched.get(row.id),
            )
        )
    return found
