"""What Timeline tells of: activities that are logged, changed, deleted, associated with
further records and shared, comments.

Never what was written, and nothing of drafts, which are private to their author.
"""

from __future__ import annotations

from typing import Any, Final

from cyclorama.plugins import Event, EventKind
from cyclorama.sections.timeline.shown import IS_WHOLE
from cyclorama.sections.timeline.tables import ActivityRow

_VALUES: Final = {
    "type": "The key of its type.",
    "milestone_type": "The key of its milestone; null without one.",
    "visibility": "Who may read it.",
    "author_id": "The id of the user who wrote it.",
    "activity_date": "When it took place.",
}
SAVED: Final = EventKind(
    key="timeline.activity_saved",
    description="An activity was logged (nothing before), or a logged one was changed.",
    values={
        **_VALUES,
        "mention_ids": "The ids of the users who are to read of it.",
    },
    followed=("author_id",),
    concerns=("mention_ids",),
)
DELETED: Final = EventKind(
    key="timeline.activity_deleted",
    description="A logged activity was deleted (nothing after).",
    values=_VALUES,
)
COMMENTED: Final = EventKind(
    key="timeline.comment_added",
    description="Somebody commented on an activity.",
    concerns=("author_id",),
    values={
        **_VALUES,
        "comment_id": "The id of the comment.",
        "commenter_id": "The id of the user who wrote the comment.",
    },
)
ASSOCIATED: Final = EventKind(
    key="timeline.activity_associated",
    description="An activity was associated with this further record.",
    values=_VALUES,
    followed=("author_id",),
    fields=("Activity.associations",),
    seen=IS_WHOLE,
)
DISSOCIATED: Final = EventKind(
    key="timeline.activity_dissociated",
    description="An activity is associated with this further record no more.",
    values=_VALUES,
)
SHARED: Final = EventKind(
    key="timeline.activity_shared",
    description="Others than before are those with whom an activity is shared.",
    values={**_VALUES, "shared_with_ids": "The ids of these users."},
    concerns=("shared_with_ids",),
)
EVENTS: Final = (SAVED, DELETED, COMMENTED, ASSOCIATED, DISSOCIATED, SHARED)


def told(row: ActivityRow) -> dict[str, Any]:
    """What events say of an activity."""
    return {name: getattr(row, name) for name in _VALUES}


def events_of(
    kind: EventKind,
    row: ActivityRow,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    record_id: str | None = None,
) -> list[Event]:
    """The event of an activity, about its own record unless another is named; none of a
    draft."""
    if row.is_draft:
        return []
    event = Event(
        kind=kind,
        record_id=record_id or row.relationship_id or row.company_id,
        subject_id=row.id,
        before=before or {},
        after=after or {},
    )
    return [event]
