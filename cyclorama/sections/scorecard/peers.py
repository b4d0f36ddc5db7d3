"""Lists of the records with the same scorecard: at risk, healthy, stale, a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    condition_on,
    kind_of_id,
)
from cyclorama.sections.scorecard.comparing import comparable, population
from cyclorama.sections.scorecard.reviews import ScoreVerdict
from cyclorama.sections.scorecard.rules.bands import Band, band_of
from cyclorama.sections.scorecard.rules.choosing import (
    accuracy,
    in_turn,
    quarter_of,
)
from cyclorama.sections.scorecard.rules.rollup import compute
from cyclorama.sections.scorecard.state import Settings, states
from cyclorama.sections.scorecard.statements import RECORDS
from cyclorama.sections.scorecard.tables import EventRow, ReviewRow, ScoreRow

MOST_PEERS = 100
DROP, DROP_DAYS = 10, 30
"""By how much, within how many days, a score falls that is at risk wherever it stands."""
MOST_STALE = 0.3
"""The share of the weight that may be stale of a healthy score."""


@strawberry.enum(
    description="Records with the same scorecard. AT_RISK: in the lowest band, or at least "
    "10 points below 30 days ago, or with an open CTA of their own that is a risk of high "
    "priority; the lowest first, those without a score last. HEALTHY: in the highest band "
    "with at most 30 % of the weight stale and no open CTA that is a risk, the highest "
    "first. CTAs count for viewers who get them on every record. STALE: with something "
    "stale, the longest first. SPOT_CHECK: a sample that stays the same for a quarter, of "
    "each CSM in turn."
)
class PeerList(Enum):
    AT_RISK = "AT_RISK"
    HEALTHY = "HEALTHY"
    STALE = "STALE"
    SPOT_CHECK = "SPOT_CHECK"


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
    verdict: ScoreVerdict | None = strawberry.field(
        default=None,
        description="What the spot check of this quarter has found; null without a verdict "
        "and in other lists.",
    )


@strawberry.type(
    description="Records with the same scorecard, in the order of the list."
)
class ScorePeers:
    records: list[ScorePeer]
    reviewed: int | None = strawberry.field(
        default=None,
        description="Of SPOT_CHECK: how many of all such records have a verdict this "
        "quarter.",
    )
    accuracy: float | None = strawberry.field(
        default=None,
        description="Of SPOT_CHECK: the percentage of these verdicts that agree; null "
        "without any.",
    )


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
    found: dict[str, ScorePeers] = {}
    for record, settings in own.items():
        if settings.card_id not in found:
            kind = kind_of_id(record)
            made = await _listed(context, kind, settings, list, first)
            found[settings.card_id] = made
    return [
        found[own[r].card_id] if r in own else ScorePeers(records=[]) for (r,) in rows
    ]


async def _listed(
    context: Context, kind: str, settings: Settings, wanted: PeerList, first: int
) -> ScorePeers:
    if wanted is PeerList.SPOT_CHECK:
        return await _spot_check(context, kind, settings, first)
    rows = await _chosen(context, kind, settings, wanted, first)
    return ScorePeers(records=await _peers(context, settings.bands, rows))


async def _spot_check(
    context: Context, kind: str, settings: Settings, first: int
) -> ScorePeers:
    """A sample that is another one each quarter, of each CSM in turn, and what was found
    this quarter of all records that it is drawn from."""
    record, masked = RECORDS[kind], context.masked.fields
    quarter, given = quarter_of(context.today), {"card": settings.card_id}
    columns = (*_columns(record, context.now), record.csm_id, ReviewRow.verdict)
    is_review = sa.and_(ReviewRow.record_id == record.id, ReviewRow.quarter == quarter)
    query = population(kind, *columns).outerjoin(ReviewRow, is_review)
    query = query.where(ScoreRow.value.is_not(None))
    found = {r.id: r for r in await context.reading.execute(query, given)}
    shows_csm = f"{kind.title()}.csm" not in masked
    lots = [
        (id, row.csm_id if shows_csm else None, _lot(quarter, id))
        for id, row in found.items()
    ]
    rows = [found[id] for id in in_turn(lots, first)]
    peers = await _peers(context, settings.bands, rows)
    if "ScoreReview.verdict" in masked:
        return ScorePeers(records=peers)
    for peer, row in zip(peers, rows, strict=True):
        peer.verdict = None if row.verdict is None else ScoreVerdict[row.verdict]
    said = Counter(row.verdict for row in found.values())
    agreed, disagreed = said["AGREE"], said["DISAGREE"]
    return ScorePeers(
        records=peers,
        reviewed=agreed + disagreed,
        accuracy=accuracy(agreed, disagreed),
    )


def _lot(quarter: str, id: str) -> bytes:
    return sha256(f"{quarter} {id}".encode()).digest()


def _is_stale(now: datetime) -> Any:
    return func.coalesce(ScoreRow.stale_after < now, sa.false())


def _columns(record: Any, now: datetime) -> Sequence[Any]:
    stale = _is_stale(now).label("stale")
    return (record.id, record.name, ScoreRow.value, stale)


async def _chosen(
    context: Context, kind: str, settings: Settings, wanted: PeerList, first: int
) -> list[Any]:
    """The rows of a list, in its order, at most `first`."""
    record, bands = RECORDS[kind], settings.bands
    query = population(kind, *_columns(record, context.now))
    given = {"card": settings.card_id}
    if wanted is PeerList.HEALTHY:
        query = query.where(ScoreRow.value > bands[-1].start)
        risk = condition_on(context, "open_risk", kind.upper())
        query = query if risk is None else query.where(~risk)
        query = query.order_by(ScoreRow.value.desc(), record.id)
        found = await context.reading.execute(query.limit(5 * MOST_PEERS), given)
        return (await _fresh(context, found))[:first]
    if wanted is PeerList.AT_RISK:
        query = query.where(_at_risk(context, kind, bands))
        unscored = ScoreRow.value.is_(None)
        query = query.order_by(unscored, ScoreRow.value, record.id)
    else:
        query = query.where(ScoreRow.value.is_not(None), _is_stale(context.now))
        query = query.order_by(ScoreRow.stale_after, record.id)
    return [*await context.reading.execute(query.limit(first), given)]


def _at_risk(context: Context, kind: str, bands: Sequence[Band]) -> Any:
    """Whether the score is low or has fallen, or what is to be done about the record says
    that it is at risk, as far as the viewer may know."""
    before = _value_on(context.today - timedelta(days=DROP_DAYS))
    ways = [ScoreRow.value <= bands[0].end, ScoreRow.value <= before - DROP]
    risk = condition_on(context, "open_high_risk", kind.upper())
    return sa.or_(*ways) if risk is None else sa.or_(*ways, risk)


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
