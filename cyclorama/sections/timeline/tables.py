"""The tables of Timeline: activities, who took part in them, comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, json, key_column, text

AUTHOR, INTERNAL, EXTERNAL = "AUTHOR", "INTERNAL", "EXTERNAL"
"""The kinds of attendees; an activity's author is always one of them."""
MENTIONED: Final = "MENTIONED"
"""The kind of those who took no part and are to read of it."""
SHARED_WITH: Final = "SHARED"
"""The kind of those with whom it was shared later on."""
PUBLIC, TEAM, PRIVATE, REDACTED = "PUBLIC", "TEAM", "PRIVATE", "REDACTED"
"""Who reads an activity that is logged; a draft is its author's alone."""
OF_CTA, OF_SCORECARD, OF_MEASURE = "CTA", "SCORECARD", "SCORECARD_MEASURE"
"""What activities are about, besides records and other things of theirs."""
ON_COMPANY, ON_RELATIONSHIP = "COMPANY_PAGE", "RELATIONSHIP_PAGE"
IMPORTED: Final = "IMPORT"
"""Ways that activities come in, besides from a CTA and from a scorecard."""
LONGEST_SUBJECT: Final = 255


class ActivityRow(Row):
    """Something that was done with or for a customer, or is being written down.

    `notes` is sanitised HTML; `subject_key` and `notes_key` are folded, for searches.
    """

    __tablename__ = "timeline_activity"
    __table_args__ = (
        Index(
            "ix_timeline_activity_page",
            "company_id",
            "relationship_id",
            "activity_date",
            "id",
        ),
        Index(
            "ix_timeline_activity_relationship",
            "relationship_id",
            "activity_date",
            "id",
        ),
        Index("ix_timeline_activity_feed", "activity_date", "id"),
        Index("ix_timeline_activity_context", "context_id"),
        Index("ix_timeline_activity_author", "author_id", "is_draft", "updated_at"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    type: Mapped[str] = mapped_column(KEY)
    subject: Mapped[str] = mapped_column(text(LONGEST_SUBJECT))
    subject_key: Mapped[str] = mapped_column(Text())
    notes: Mapped[str | None] = mapped_column(Text())
    notes_text: Mapped[str | None] = mapped_column(Text())
    notes_key: Mapped[str | None] = mapped_column(Text())
    activity_date: Mapped[datetime]
    duration_minutes: Mapped[int | None]
    milestone_type: Mapped[str | None] = mapped_column(KEY)
    context: Mapped[str] = mapped_column(KEY)
    context_id: Mapped[str] = mapped_column(KEY)
    source: Mapped[str] = mapped_column(
        KEY, default=ON_COMPANY, server_default=ON_COMPANY
    )
    """The way that it came in."""
    topic: Mapped[dict[str, Any] | None] = mapped_column(json())
    """Of one about a scorecard or a measure: what was known of that then, as `Topics`
    say it, and the `section` that said it."""
    visibility: Mapped[str] = mapped_column(KEY, default=PUBLIC)
    is_draft: Mapped[bool] = mapped_column(default=False)
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Values of the type's own fields, by key."""
    author_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    updated_by_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AttendeeRow(Row):
    """Who took part: a user, or a person of the customer. The author's row lets them read
    what they wrote, whoever may not see who that was."""

    __tablename__ = "timeline_attendee"
    __table_args__ = (
        Index("ix_timeline_attendee_activity", "activity_id", "user_id", "kind"),
    )

    id: Mapped[str] = key_column()
    activity_id: Mapped[str] = mapped_column(KEY, ForeignKey("timeline_activity.id"))
    kind: Mapped[str] = mapped_column(KEY)
    user_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("app_user.id"))
    person_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("person.id"))


class CommentRow(Row):
    """A remark on an activity, or a reply to one; plain text."""

    __tablename__ = "timeline_comment"
    __table_args__ = (
        Index("ix_timeline_comment_activity", "activity_id", "created_at", "id"),
    )

    id: Mapped[str] = key_column()
    activity_id: Mapped[str] = mapped_column(KEY, ForeignKey("timeline_activity.id"))
    reply_to_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("timeline_comment.id")
    )
    author_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    body: Mapped[str] = mapped_column(Text())
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]


class AttachmentRow(Row):
    """A file of another system that belongs to an activity: what it is and where."""

    __tablename__ = "timeline_attachment"
    __table_args__ = (
        Index("ix_timeline_attachment_activity", "activity_id", "position", "id"),
    )

    id: Mapped[str] = key_column()
    activity_id: Mapped[str] = mapped_column(KEY, ForeignKey("timeline_activity.id"))
    position: Mapped[int]
    name: Mapped[str]
    url: Mapped[str] = mapped_column(text(2048))
    media_type: Mapped[str | None] = mapped_column(KEY)
    size: Mapped[int | None] = mapped_column(BigInteger)


class AssociationRow(Row):
    """That an activity belongs to a further record, beside the one that it is about."""

    __tablename__ = "timeline_association"
    __table_args__ = (
        UniqueConstraint("activity_id", "record_id"),
        Index("ix_timeline_association_record", "record_id", "activity_id"),
    )

    id: Mapped[str] = key_column()
    activity_id: Mapped[str] = mapped_column(KEY, ForeignKey("timeline_activity.id"))
    record_id: Mapped[str] = mapped_column(KEY)
    """A company or a relationship."""
    created_by_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
