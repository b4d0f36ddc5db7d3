"""Which activities a viewer sees, which of them whole, and which a record has."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import (
    CompanyRow,
    RecordTeamRow,
    SectionState,
    TeamMemberRow,
    record,
    seldom,
    viewer_id,
    walked,
)
from cyclorama.sections.timeline.config import TimelineConfig
from cyclorama.sections.timeline.tables import (
    EXTERNAL,
    INTERNAL,
    MENTIONED,
    PUBLIC,
    REDACTED,
    SHARED_WITH,
    TEAM,
    ActivityRow,
    AssociationRow,
    AttendeeRow,
    CommentRow,
)

DEEPEST: Final = 50
"""Levels of companies below each other."""
ACTIVITY: Any = ActivityRow.__table__
A: Any = ACTIVITY.c
T: Any = AttendeeRow.__table__.c
C: Any = CommentRow.__table__.c
TEAMS: Any = RecordTeamRow.__table__
MEMBERS: Any = TeamMemberRow.__table__
COMPANIES: Any = CompanyRow.__table__
ASSOCIATIONS: Any = AssociationRow.__table__


def attends(*where: Any) -> ColumnElement[bool]:
    """Whether the activity has an attendee of whom this is true."""
    rows = select(T.id).where(T.activity_id == A.id)
    return rows.where(*where).correlate(ACTIVITY).exists()


TOOK_PART = attends(T.user_id == viewer_id)
IS_OF_TEAM = (
    select(TEAMS.c.record_id)
    .join(MEMBERS, MEMBERS.c.team_id == TEAMS.c.team_id)
    .where(
        MEMBERS.c.user_id == viewer_id,
        sa.or_(
            TEAMS.c.record_id == A.company_id, TEAMS.c.record_id == A.relationship_id
        ),
    )
    .correlate(ACTIVITY)
    .exists()
)
IS_WHOLE: ColumnElement[bool] = sa.or_(
    A.visibility == PUBLIC,
    TOOK_PART,
    sa.and_(A.visibility.in_((TEAM, REDACTED)), IS_OF_TEAM),
)
"""Whether the viewer may read what is in the activity, and not only that it was."""
IS_LOGGED: ColumnElement[bool] = sa.and_(
    ~A.is_draft, sa.or_(A.visibility == REDACTED, IS_WHOLE)
)
"""Logged, and seen by the viewer."""
IS_OWN_DRAFT: ColumnElement[bool] = sa.and_(A.is_draft, A.author_id == viewer_id)
IS_SEEN: ColumnElement[bool] = sa.or_(IS_OWN_DRAFT, IS_LOGGED)
OWN_DRAFTS = sa.and_(record.is_subject_of(A), IS_OWN_DRAFT)
OWN_MILESTONES = sa.and_(
    record.is_subject_of(A),
    ~A.is_draft,
    IS_WHOLE,
    A.milestone_type.is_not(None),
)
"""Those of the record alone, whatever a layout rolls up."""
OF_ACTIVITY = sa.and_(C.activity_id == A.id, IS_WHOLE)


CONTEXT = sa.case(
    (IS_WHOLE, A.context),
    (A.relationship_id.is_(None), "COMPANY"),
    else_="RELATIONSHIP",
)
"""What it is about; one that is redacted is about its record."""
CONTEXT_ID = sa.case(
    (IS_WHOLE, A.context_id), else_=func.coalesce(A.relationship_id, A.company_id)
)
SOURCE = sa.case((IS_WHOLE, A.source))


def users_of_activity() -> Any:
    """The ids of the users who took part."""
    return select(T.user_id).where(T.activity_id == A.id, T.kind == INTERNAL)


def mentioned_in_activity() -> Any:
    """The ids of the users who are mentioned."""
    return select(T.user_id).where(T.activity_id == A.id, T.kind == MENTIONED)


def shared_with_users() -> Any:
    """The ids of the users with whom it was shared."""
    return select(T.user_id).where(T.activity_id == A.id, T.kind == SHARED_WITH)


def people_of_activity() -> Any:
    """The ids of the customer's people who took part."""
    return select(T.person_id).where(T.activity_id == A.id, T.kind == EXTERNAL)


def _below() -> Any:
    """The ids of the companies below the record's."""
    start, child = COMPANIES.alias(), COMPANIES.alias()
    down = (
        select(start.c.id, sa.literal(0).label("level"))
        .where(start.c.id == record.id)
        .cte(recursive=True, nesting=True)
    )
    down = down.union_all(
        select(child.c.id, down.c.level + 1)
        .join_from(down, child, walked(child.c.parent_id) == down.c.id)
        .where(seldom(down.c.level < DEEPEST), child.c.id != record.id)
    )
    return select(down.c.id).where(down.c.level > 0)


def of_children(config: TimelineConfig, ids: Any) -> ColumnElement[bool]:
    """Activities of these companies, as far as they are below the record's."""
    found = sa.and_(A.company_id.in_(ids), A.company_id.in_(_below()))
    if config.relationship_rollup:
        return found
    return sa.and_(found, A.relationship_id.is_(None))


def owned(config: TimelineConfig | None) -> ColumnElement[bool]:
    """Activities of the record, with those of a company's relationships and those that
    are associated with it if the settings say so."""
    if config is None or not config.associations:
        return _own(config, A)
    # Two ways to the rows by their indexes, where an OR would be none.
    own, further = ACTIVITY.alias(), ASSOCIATIONS.alias()
    ids = sa.union_all(
        select(own.c.id).where(_own(config, own.c)),
        select(further.c.activity_id).where(further.c.record_id == record.id),
    )
    found: ColumnElement[bool] = A.id.in_(ids)
    return found


def _own(config: TimelineConfig | None, rows: Any) -> ColumnElement[bool]:
    if config is not None and config.relationship_rollup:
        return record.owns(rows)
    return record.is_subject_of(rows)


def state(config: TimelineConfig) -> ColumnElement[str]:
    """Whether anything is logged."""
    some = select(A.id).where(owned(config), IS_LOGGED).exists()
    return sa.case((some, SectionState.READY.value), else_=SectionState.EMPTY.value)


def as_of(config: TimelineConfig) -> Any:
    """When an activity was logged or changed last."""
    newest = select(func.max(A.updated_at))
    return newest.where(owned(config), IS_LOGGED).scalar_subquery()


MILESTONES = record.row(select(func.count().label("count")).where(OWN_MILESTONES))
milestones_by_type = (
    select(A.milestone_type.label("label"), func.count().label("count"))
    .where(OWN_MILESTONES)
    .group_by(A.milestone_type)
)
"""For Summary, as its card's counts."""
