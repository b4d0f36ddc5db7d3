"""What the mutations of vocabularies take and answer."""

from __future__ import annotations

from enum import Enum
from typing import Final

import strawberry
from strawberry import UNSET

from cyclorama.plugins import Payload, PicklistItem, RecordKind, UserError
from cyclorama.sections.cockpit.inputs import EXPECTED
from cyclorama.sections.cockpit.tables import PRIORITY, REASON, STATUS, TYPE

VERSION: Final = (
    "Grows by one with each change of the item, of what it is offered for and of what it "
    "is the default of."
)


@strawberry.enum(description="What the items of a vocabulary of CTAs are.")
class CtaVocabulary(Enum):
    TYPE = TYPE
    REASON = REASON
    PRIORITY = PRIORITY
    STATUS = STATUS


@strawberry.input(
    description="An item of a vocabulary as it is to be; what is left out stays."
)
class SaveCtaVocabularyItemInput:
    vocabulary: CtaVocabulary
    key: str = strawberry.field(
        description="Small letters, digits and _; one that there is not is made."
    )
    label: str | None = strawberry.field(
        default=None, description="At most 80 characters; required for a new item."
    )
    color: str | None = strawberry.field(
        default=UNSET, description="As #2e7d32; null takes it away."
    )
    category: str | None = strawberry.field(
        default=None,
        description="What a status stands for: OPEN, IN_PROGRESS, CLOSED_SUCCESS, "
        "CLOSED_LOST or CLOSED_INVALID; required for a new one. Of a type LIFECYCLE is "
        "what may come again.",
    )
    active: bool | None = None
    position: int | None = None
    type_keys: list[str] | None = strawberry.field(
        default=None,
        description="The types that a reason, priority or status is offered for.",
    )
    default_for: list[str] | None = strawberry.field(
        default=None,
        description="Those of them of which it is the default; of statuses each type has "
        "one for each category.",
    )
    record_kind: RecordKind | None = strawberry.field(
        default=UNSET, description="Of a type: its CTAs are about such records alone."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="An item of a vocabulary to take away.")
class DeleteCtaVocabularyItemInput:
    vocabulary: CtaVocabulary
    key: str
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(description="The item as it is now, or why nothing was changed.")
class CtaVocabularyPayload(Payload):
    item: PicklistItem | None = strawberry.field(
        description="Null also for an item that is gone."
    )
    version: int | None = strawberry.field(description=VERSION)
    errors: list[UserError]
