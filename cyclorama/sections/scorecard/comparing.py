"""A record beside the others with its scorecard: where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select

from cyclorama.plugins import Context, gets_everywhere, kind_of_id
from cyclorama.sections.scorecard.masks import OVERALL as FIELDS
from cyclorama.sections.scorecard.rules.bands import Band, band_of
from cyclorama.sections.scorecard.rules.choosing import percentile, portfolio_quality
from cyclorama.sections.scorecard.shown import default_card
from cyclorama.sections.scorecard.state import Settings, settings_by_record
from cyclorama.sections.scorecard.statements import RECORDS, settings_of
from cyclorama.sections.scorecard.tables import (
    OVERALL,
    AssignmentRow,
    NodeRow,
    ScoreRow,
)


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


def population(kind: str, *columns: Any) -> sa.Select[Any]:
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
    return population(kind, *columns).group_by(ScoreRow.value)


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
