"""Timeline: what was done with a customer, the memory that outlasts who did it."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, ImportTarget, Section, read
from cyclorama.sections.timeline.associating import (
    associate_activity,
    dissociate_activity,
)
from cyclorama.sections.timeline.comments import (
    add_activity_comment,
    delete_activity_comment,
    edit_activity_comment,
)
from cyclorama.sections.timeline.config import TimelineConfig
from cyclorama.sections.timeline.demo import demo
from cyclorama.sections.timeline.events import EVENTS
from cyclorama.sections.timeline.feed import activities, activity_drafts
from cyclorama.sections.timeline.imports import (
    DERIVED,
    DERIVED_OF_ATTENDEES,
    complete_activities,
    complete_attendees,
    write_authors,
)
from cyclorama.sections.timeline.journey import CARD, StageRow, note_stages
from cyclorama.sections.timeline.mutations import delete_activity, save_activity
from cyclorama.sections.timeline.sharing import share_activity, unshare_activity
from cyclorama.sections.timeline.shown import (
    IS_SEEN,
    MILESTONES,
    milestones_by_type,
)
from cyclorama.sections.timeline.tables import (
    ActivityRow,
    AssociationRow,
    AttachmentRow,
    AttendeeRow,
    CommentRow,
)
from cyclorama.sections.timeline.types import Activity, TimelineSection

section = Section(
    key="timeline",
    title="Timeline",
    description="Calls, meetings, notes and milestones, with who took part in them.",
    sensitive={
        "verbatim.view": (
            "Activity.notes",
            "Activity.notesText",
            "Activity.comments",
            "Activity.attachments",
        ),
        "pii.view": ("Activity.externalAttendees",),
    },
    icon="history",
    type=TimelineSection,
    config=TimelineConfig,
    cards=(
        Card(
            key="milestones",
            label="Milestones",
            value=MILESTONES.c.count,
            breakdown=read.many(milestones_by_type, order_by=["label"]),
        ),
        CARD,
    ),
    records_written=note_stages,
    mutations=(
        save_activity,
        delete_activity,
        associate_activity,
        dissociate_activity,
        share_activity,
        unshare_activity,
        add_activity_comment,
        edit_activity_comment,
        delete_activity_comment,
    ),
    tables=(
        ActivityRow,
        AttendeeRow,
        CommentRow,
        AttachmentRow,
        AssociationRow,
        StageRow,
    ),
    targets=(
        ImportTarget(
            "activity",
            ActivityRow,
            "activity",
            derived=DERIVED,
            complete=complete_activities,
            after=write_authors,
        ),
        ImportTarget(
            "activity_attendee",
            AttendeeRow,
            "activity_attendee",
            derived=DERIVED_OF_ATTENDEES,
            complete=complete_attendees,
        ),
    ),
    fields=(activities, activity_drafts),
    nodes={"activity": Activity},
    node_conditions={"activity": IS_SEEN},
    events=EVENTS,
    demo=demo,
    migrations=str(Path(__file__).parent / "migrations"),
)
