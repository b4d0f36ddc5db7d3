"""What Timeline shows: activities with who took part, comments, drafts, milestones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import (
    JSON,
    Node,
    PageInfo,
    Person,
    PersonRow,
    SectionBase,
    SectionState,
    User,
    UserRow,
    read,
)
from cyclorama.sections.timeline.asked import activities
from cyclorama.sections.timeline.config import (
    ActivityField,
    ActivityType,
    TimelineConfig,
)
from cyclorama.sections.timeline.journey import (
    MOST_STAGES,
    JourneyStage,
    S,
    StageRow,
    stages_of,
)
from cyclorama.sections.timeline.scores import ActivityScore, scores_of
from cyclorama.sections.timeline.shown import (
    CONTEXT,
    CONTEXT_ID,
    IS_WHOLE,
    OF_ACTIVITY,
    OWN_DRAFTS,
    OWN_MILESTONES,
    SOURCE,
    A,
    C,
    as_of,
    mentioned_in_activity,
    people_of_activity,
    shared_with_users,
    state,
    users_of_activity,
)
from cyclorama.sections.timeline.tables import (
    ActivityRow,
    AssociationRow,
    AttachmentRow,
    CommentRow,
)

REDACTED_SUBJECT = "Confidential"
MOST_COMMENTS = 200


@strawberry.enum(
    description="Who reads a logged activity, besides its author and the users who took "
    "part: PUBLIC everybody who gets the section, TEAM the record's teams, PRIVATE "
    "nobody; REDACTED as TEAM, while everybody sees that it was."
)
class ActivityVisibility(Enum):
    PUBLIC = "PUBLIC"
    TEAM = "TEAM"
    PRIVATE = "PRIVATE"
    REDACTED = "REDACTED"


@strawberry.enum(description="What an activity is about.")
class ActivityContext(Enum):
    COMPANY = "COMPANY"
    RELATIONSHIP = "RELATIONSHIP"
    CTA = "CTA"
    SUCCESS_PLAN = "SUCCESS_PLAN"
    CASE = "CASE"
    SCORECARD = "SCORECARD"
    SCORECARD_MEASURE = "SCORECARD_MEASURE"


@strawberry.enum(
    description="The way that an activity came in: logged on a record's page, or from a CTA "
    "or a scorecard of the record, or imported."
)
class ActivitySource(Enum):
    COMPANY_PAGE = "COMPANY_PAGE"
    RELATIONSHIP_PAGE = "RELATIONSHIP_PAGE"
    CTA = "CTA"
    SCORECARD = "SCORECARD"
    IMPORT = "IMPORT"


@strawberry.type(description="A remark on an activity, or a reply to one.")
@read.table(CommentRow)
class ActivityComment:
    id: strawberry.ID
    activity_id: strawberry.ID
    reply_to_id: strawberry.ID | None = strawberry.field(
        description="The comment that it answers; null where that was deleted, too."
    )
    author: User = read.one(CommentRow.author_id)
    body: str = strawberry.field(description="Plain text, no HTML.")
    version: int
    created_at: datetime
    edited_at: datetime | None


@strawberry.type(
    description="A further record that an activity belongs to, beside the one that it is "
    "about."
)
@read.table(AssociationRow)
class ActivityAssociation:
    record_id: strawberry.ID = strawberry.field(
        description="Of a company or a relationship that you may read."
    )
    created_by: User = read.one(AssociationRow.created_by_id)
    created_at: datetime


@strawberry.type(description="A file of another system: what it is and where.")
@read.table(AttachmentRow)
class ActivityAttachment:
    id: strawberry.ID
    name: str
    url: str
    media_type: str | None = strawberry.field(description="As `application/pdf`.")
    size: float | None = strawberry.field(description="Bytes.")


@strawberry.type(
    description="Something that was done with or for the customer: a call, a meeting, a "
    "milestone."
)
@read.table(ActivityRow)
class Activity(Node):
    id: strawberry.ID
    type: str = strawberry.field(
        description="The key of its type; `types` of the section has the labels."
    )
    subject: str = read.declared(
        read.Value(sa.case((IS_WHOLE, A.subject), else_=REDACTED_SUBJECT)),
        "Where the activity is redacted for the viewer, a word that says so.",
    )
    notes: str | None = read.declared(
        read.Value(sa.case((IS_WHOLE, A.notes))),
        "HTML that was sanitised when it was saved: text, lists, tables, links.",
    )
    notes_text: str | None = read.declared(
        read.Value(sa.case((IS_WHOLE, A.notes_text))), "The notes as plain text."
    )
    activity_date: datetime = strawberry.field(
        description="When it took place, not when it was written down."
    )
    duration_minutes: int | None = read.value(sa.case((IS_WHOLE, A.duration_minutes)))
    milestone_type: str | None = read.declared(
        read.Value(sa.case((IS_WHOLE, A.milestone_type))),
        "The key of the milestone that it marks.",
    )
    company_id: strawberry.ID
    relationship_id: strawberry.ID | None = strawberry.field(
        description="Null where it was logged on the company itself."
    )
    context: ActivityContext = read.declared(
        read.Value(CONTEXT),
        "What it is about; where it is redacted for the viewer, its record.",
    )
    context_id: strawberry.ID = read.declared(
        read.Value(CONTEXT_ID),
        "The id of what it is about: the record, or a thing of the record.",
    )
    source: ActivitySource | None = read.declared(
        read.Value(SOURCE), "Null where it is redacted for the viewer."
    )
    score_details: ActivityScore | None = read.declared(
        read.python(
            scores_of,
            A.topic,
            IS_WHOLE,
            A.company_id,
            A.relationship_id,
        ).source,
        "Of an activity about a scorecard or a measure; null where you don't get Scorecard "
        "on its record.",
    )
    visibility: ActivityVisibility
    is_redacted: bool = read.declared(
        read.Value(~IS_WHOLE),
        "Whether the viewer learns of it only that it was: type, date and author.",
    )
    is_draft: bool = strawberry.field(description="Drafts are seen by their author.")
    fields: JSON | None = read.declared(
        read.Value(sa.case((IS_WHOLE, A.fields))),
        "The values of the type's own fields, by key.",
    )
    author: User = read.one(ActivityRow.author_id)
    updated_by: User = read.one(ActivityRow.updated_by_id)
    internal_attendees: list[User] = read.many(
        UserRow,
        sa.and_(UserRow.id.in_(users_of_activity()), IS_WHOLE),
        order_by=[UserRow.name, UserRow.id],
    )
    external_attendees: list[Person] = read.many(
        PersonRow,
        sa.and_(PersonRow.id.in_(people_of_activity()), IS_WHOLE),
        order_by=[PersonRow.search_key, PersonRow.id],
    )
    mentions: list[User] = read.declared(
        read.Many(
            UserRow,
            sa.and_(UserRow.id.in_(mentioned_in_activity()), IS_WHOLE),
            (UserRow.name, UserRow.id),
            50,
        ),
        "Users who took no part and are to read of it; they may, whatever its visibility.",
    )
    shared_with: list[User] = read.declared(
        read.Many(
            UserRow,
            sa.and_(UserRow.id.in_(shared_with_users()), IS_WHOLE),
            (UserRow.name, UserRow.id),
            50,
        ),
        "Users with whom it was shared; they may read it, whatever its visibility.",
    )
    associations: list[ActivityAssociation] = read.declared(
        read.Many(
            AssociationRow,
            sa.and_(AssociationRow.activity_id == A.id, IS_WHOLE),
            (AssociationRow.created_at, AssociationRow.id),
            50,
        ),
        "Further records that it belongs to, at most 50.",
    )
    attachments: list[ActivityAttachment] = read.declared(
        read.Many(
            AttachmentRow,
            sa.and_(AttachmentRow.activity_id == A.id, IS_WHOLE),
            (AttachmentRow.position, AttachmentRow.id),
            20,
        ),
        "Files of other systems that belong to it, at most 20.",
    )
    comments: list[ActivityComment] = read.declared(
        read.Many(CommentRow, OF_ACTIVITY, (C.created_at, C.id), MOST_COMMENTS),
        "Oldest first, at most 200.",
    )
    version: int = strawberry.field(
        description="Grows with each change; hand it in as `expectedVersion`."
    )
    created_at: datetime
    updated_at: datetime


@strawberry.type(description="An activity and its place in the list.")
class ActivityEdge:
    cursor: str
    node: Activity


@strawberry.type(description="A page of activities, the newest first.")
class ActivityConnection:
    edges: list[ActivityEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type(name="ActivityField", description="A field of activities of a type.")
class ActivityFieldInfo:
    key: str
    label: str
    type: str = strawberry.field(
        description="TEXT, NUMBER, DATE, BOOLEAN, or CHOICE of `choices`."
    )
    required: bool = strawberry.field(description="To be logged; a draft need not.")
    choices: list[str]


@strawberry.type(
    name="ActivityType", description="A kind of activity that may be logged."
)
class ActivityTypeInfo:
    key: str
    label: str
    category: str = strawberry.field(
        description="UPDATE, CALL, MEETING, EMAIL, MILESTONE or OTHER; one of the "
        "category MILESTONE names a milestone."
    )
    fields: list[ActivityFieldInfo]


@strawberry.type(
    name="MilestoneType", description="A turning point that an activity may mark."
)
class MilestoneTypeInfo:
    key: str
    label: str
    color: str | None


def types(config: TimelineConfig) -> Sequence[Mapping[str, Any]]:
    """The types that may be logged here."""
    return [_type(t) for t in config.types]


def _type(type_: ActivityType) -> Mapping[str, Any]:
    return {
        "key": type_.key,
        "label": type_.label,
        "category": type_.category,
        "fields": [_field(f) for f in type_.fields],
    }


def _field(field: ActivityField) -> Mapping[str, Any]:
    return {
        "key": field.key,
        "label": field.label,
        "type": field.type,
        "required": field.required,
        "choices": list(field.choices),
    }


def milestone_types(config: TimelineConfig) -> Sequence[Mapping[str, Any]]:
    """The milestones that may be marked here."""
    return [
        {"key": m.key, "label": m.label, "color": m.color} for m in config.milestones
    ]


@strawberry.type(
    description="What was done with the customer, the newest first; a company shows "
    "what was logged on its relationships, too, where the layout says so."
)
class TimelineSection(SectionBase):
    activities: ActivityConnection = read.declared(
        read.Page(
            ActivityRow,
            read.called(activities),
            (A.activity_date.desc(), A.id.desc()),
        ),
        "`types` and `milestoneTypes` are keys, `search` is looked for in subject and "
        "notes, `since` is the first instant and `until` the first one after, "
        "`attendeeIds` are users or people, `companyIds` are companies below this one "
        "whose activities are to be shown, too, where the layout lets them be, `contexts` "
        "and `sources` are names as `CTA`.",
    )
    drafts: list[Activity] = read.declared(
        read.Many(ActivityRow, OWN_DRAFTS, (A.updated_at.desc(), A.id.desc()), 200),
        "The viewer's own unfinished entries, the latest first.",
    )
    milestones: list[Activity] = read.declared(
        read.Many(ActivityRow, OWN_MILESTONES, (A.activity_date, A.id), 200),
        "The record's own milestones on the axis of time: the oldest first.",
    )
    stages: list[JourneyStage] = read.declared(
        read.Many(
            StageRow, read.called(stages_of), (S.at.desc(), S.id.desc()), MOST_STAGES
        ),
        "The stages that the record was in, the one it is in first: the band under the "
        "milestones. From when the first change was noted; none where you may not see "
        "the record's stage.",
    )
    types: list[ActivityTypeInfo] = read.each(types)
    milestone_types: list[MilestoneTypeInfo] = read.each(milestone_types)
    state: SectionState = read.declared(read.Value(read.called(state)))
    as_of: datetime | None = read.declared(
        read.Value(read.called(as_of)), "When one was logged or changed last."
    )
