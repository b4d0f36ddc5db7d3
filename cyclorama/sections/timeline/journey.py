"""The customer's journey: the stages that a record has been in, under its milestones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import (
    KEY,
    Card,
    CompanyRow,
    Env,
    PicklistItem,
    PicklistItemRow,
    RecordsWritten,
    RelationshipRow,
    Row,
    as_json,
    key_column,
    kind_of_id,
    new_id,
    read,
    record,
)
from cyclorama.sections.timeline.shown import milestones_by_type

MOST_STAGES: Final = 200


class StageRow(Row):
    """That a record came into a stage, or (null) is in none from then on."""

    __tablename__ = "timeline_stage"
    __table_args__ = (
        Index("ix_timeline_stage_page", "company_id", "relationship_id", "at", "id"),
        Index("ix_timeline_stage_relationship", "relationship_id", "at", "id"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    stage_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    at: Mapped[datetime]


STAGE: Any = StageRow.__table__
S: Any = STAGE.c
_LATER: Any = STAGE.alias()


def _next() -> Any:
    """When the record came into the stage after a row's."""
    later = _LATER.c
    same = sa.or_(
        later.relationship_id == S.relationship_id,
        sa.and_(later.relationship_id.is_(None), S.relationship_id.is_(None)),
    )
    return (
        sa.select(sa.func.min(later.at))
        .where(later.company_id == S.company_id, same, later.at > S.at)
        .correlate(STAGE)
        .scalar_subquery()
    )


def stages_of(env: Env, kind: str) -> Any:
    """The stages of the record; none where the viewer may not see its stage."""
    hidden = frozenset[str]() if env is None else env.masked.fields
    if f"{kind.capitalize()}.stage" in hidden:
        return sa.false()
    return record.is_subject_of(S)


@strawberry.type(description="A time that the record was in one stage.")
@read.table(StageRow)
class JourneyStage:
    stage: PicklistItem | None = read.one(StageRow.stage_id)
    since: datetime = read.value(S.at)
    until: datetime | None = read.declared(
        read.Value(_next()), "When the next stage began; null for the one it is in."
    )


def _of_stage(column: Any) -> Any:
    """Something of the record's stage."""
    item = PicklistItemRow
    wanted = sa.select(column).where(item.id == record.c.stage_id)
    return wanted.scalar_subquery()


CARD: Final = Card(
    key="journey",
    label="Customer journey",
    value=_of_stage(as_json(PicklistItemRow.label)),
    color=_of_stage(PicklistItemRow.color),
    breakdown=read.many(milestones_by_type, order_by=["label"]),
)


async def note_stages(written: RecordsWritten) -> None:
    """Note into which stages records have come with what was written."""
    new: list[dict[str, Any]] = []
    for row in (CompanyRow, RelationshipRow):
        kind = row.__tablename__
        ids = [i for i in written.ids if kind_of_id(i) == kind]
        if ids:
            found = await written.session.execute(_moved(row, ids))
            new += [
                {
                    "id": new_id("journey_stage"),
                    "company_id": one.company_id,
                    "relationship_id": one.id if kind == "relationship" else None,
                    "stage_id": one.stage_id,
                    "at": written.author.at,
                }
                for one in found
            ]
    if new:
        await written.session.execute(sa.insert(StageRow), new)


def _moved(row: Any, ids: Sequence[str]) -> Any:
    """Those of the records whose stage is another than the one noted last."""
    is_company = row is CompanyRow
    of = (
        sa.and_(S.company_id == row.id, S.relationship_id.is_(None))
        if is_company
        else S.relationship_id == row.id
    )
    last = sa.select(S.stage_id).where(of).order_by(S.at.desc(), S.id.desc()).limit(1)
    noted = sa.func.coalesce(last.correlate(row.__table__).scalar_subquery(), "")
    company = row.id if is_company else row.company_id
    return sa.select(row.id, row.stage_id, company.label("company_id")).where(
        row.id.in_(ids), noted != sa.func.coalesce(row.stage_id, "")
    )
