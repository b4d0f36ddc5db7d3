"""What a viewer was told of, and what following a record takes and answers."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from cyclorama.schema.common import Node, PageInfo, Payload, User, UserError


@strawberry.enum(description="Why you were told of something.")
class NotificationReason(Enum):
    FOLLOWED = strawberry.enum_value("FOLLOWED", description="You follow the record.")
    CONCERNED = strawberry.enum_value(
        "CONCERNED",
        description="It is about you: a CTA that became yours, a comment on what you "
        "wrote.",
    )


@strawberry.type(
    description="Something that others did and that you may still see. It tells where to "
    "look; read `subject` for what it is by now."
)
class Notification:
    id: strawberry.ID
    kind: str = strawberry.field(
        description="What happened: `cockpit.cta_created`, `timeline.activity_saved` and "
        "so on; the part before the dot is the section's key."
    )
    reason: NotificationReason
    text: str | None = strawberry.field(
        description="What a rule has to say; null for what people did."
    )
    rule: str | None = strawberry.field(
        description="The key of the rule that did it, to mute it; null where people did."
    )
    at: datetime
    read_at: datetime | None = strawberry.field(
        description="When you marked it as read; null while it is unread."
    )
    record: Node = strawberry.field(
        description="The company or relationship that it happened to."
    )
    subject: Node | None = strawberry.field(
        description="What of the record, as a CTA or an activity; null where it was the "
        "record itself."
    )
    actor: User | None = strawberry.field(
        description="Who did it; null where no user did."
    )


@strawberry.type
class NotificationEdge:
    cursor: str
    node: Notification


@strawberry.type(description="A page of your notifications, the newest first.")
class NotificationConnection:
    edges: list[NotificationEdge]
    page_info: PageInfo
    unread_count: int = strawberry.field(
        description="How many of all, not of this page, are unread."
    )


@strawberry.input(
    description="Which notifications you have read: those of `ids`, or `all`."
)
class MarkNotificationsReadInput:
    ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="At most 200."
    )
    all: bool = strawberry.field(
        default=False, description="All that there are by now; then without `ids`."
    )


@strawberry.type(description="How many are left, or why nothing was changed.")
class MarkNotificationsReadPayload(Payload):
    unread_count: int | None
    errors: list[UserError]


@strawberry.enum(description="What can be muted.")
class MuteSubject(Enum):
    RECORD = strawberry.enum_value(
        "RECORD", description="A company or a relationship, by its id."
    )
    RULE = strawberry.enum_value(
        "RULE", description="A rule, by the `rule` of a notification of yours."
    )
    KIND = strawberry.enum_value(
        "KIND", description="A kind of notifications, by its `kind`."
    )


@strawberry.type(description="Something of which you don't want to be told.")
class NotificationMute:
    subject: MuteSubject
    key: str = strawberry.field(
        description="The record's id, or the key of the rule or kind."
    )
    record: Node | None = strawberry.field(
        description="The record, where it is one that you may see."
    )
    until: datetime | None = strawberry.field(
        description="From then on you are told again; null: never."
    )
    at: datetime


@strawberry.input(description="Of what you don't want to be told, and how long.")
class MuteNotificationsInput:
    subject: MuteSubject
    key: str = strawberry.field(
        description="The id of a record that you may see, or the `rule` or `kind` of a "
        "notification."
    )
    until: datetime | None = strawberry.field(
        default=None,
        description="In the future, at most ten years; without end if left out.",
    )


@strawberry.input(description="Of what you want to be told again.")
class UnmuteNotificationsInput:
    subject: MuteSubject
    key: str


@strawberry.type(description="What you have muted by now, or why nothing was changed.")
class MutePayload(Payload):
    mutes: list[NotificationMute]
    errors: list[UserError]


@strawberry.type(description="Whether you follow the record now, or why not.")
class FollowPayload(Payload):
    record: Node | None = strawberry.field(
        description="The record, if there is one that you may see."
    )
    is_followed: bool
    errors: list[UserError]
