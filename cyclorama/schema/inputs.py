"""What clients hand in to the roots of the graph."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final

import strawberry


@strawberry.input(description="The record in another system that one of ours mirrors.")
class ExternalRefInput:
    system: str = strawberry.field(description="As `salesforce`.")
    object_type: str | None = strawberry.field(
        default=None,
        description="As `Account`; needed where the system gives one id to records of "
        "several objects.",
    )
    external_id: str


@strawberry.input(
    description="Every set member must hold. A list holds where one of its values does; "
    "an empty one restricts nothing."
)
class CompanyFilter:
    search: str | None = strawberry.field(
        default=None,
        description="A part of the name, whatever its case and accents.",
    )
    status_keys: list[str] | None = None
    stage_keys: list[str] | None = None
    industry_keys: list[str] | None = None
    csm_ids: list[strawberry.ID] | None = None
    renewal_before: date | None = strawberry.field(
        default=None, description="The day itself is not included."
    )
    renewal_after: date | None = strawberry.field(
        default=None, description="The day itself is not included."
    )
    arr_at_least: Decimal | None = strawberry.field(
        default=None, description="In the company's own currency."
    )
    score_below: int | None = strawberry.field(
        default=None, description="Companies without a score are left out."
    )
    score_above: int | None = strawberry.field(
        default=None, description="Companies without a score are left out."
    )
    tags: list[str] | None = None
    has_parent: bool | None = None


@strawberry.enum(description="What companies can be ordered by.")
class CompanyOrderField(Enum):
    NAME = "NAME"
    ARR = "ARR"
    RENEWAL_DATE = "RENEWAL_DATE"
    SCORE = "SCORE"
    UPDATED_AT = "UPDATED_AT"


@strawberry.input(
    description="One key of an order. Companies without a value come last, both ways."
)
class CompanyOrder:
    field: CompanyOrderField
    descending: bool = False


COMPARED: Final = {
    "CompanyFilter.search": "Company.name",
    "CompanyFilter.statusKeys": "Company.status",
    "CompanyFilter.stageKeys": "Company.stage",
    "CompanyFilter.industryKeys": "Company.industry",
    "CompanyFilter.csmIds": "Company.csm",
    "CompanyFilter.renewalBefore": "Company.renewalDate",
    "CompanyFilter.renewalAfter": "Company.renewalDate",
    "CompanyFilter.arrAtLeast": "Company.arr",
    "CompanyFilter.tags": "Company.tags",
    "CompanyFilter.hasParent": "Company.parent",
    "CompanyOrderField.NAME": "Company.name",
    "CompanyOrderField.ARR": "Company.arr",
    "CompanyOrderField.RENEWAL_DATE": "Company.renewalDate",
    "CompanyOrderField.UPDATED_AT": "Company.updatedAt",
}
"""The field that an input field or a value of an enum compares or sorts by: who may not
see the field does not find it."""

CONTRIBUTED: Final = {
    "CompanyFilter.scoreBelow": "score",
    "CompanyFilter.scoreAbove": "score",
    "CompanyOrderField.SCORE": "score",
}
"""The number of companies that an input field or a value of an enum compares or sorts by,
which a section contributes: it is there for who gets the section on every company."""


@strawberry.enum(description="Where a text is looked for in a name.")
class SearchMatch(Enum):
    STARTS_WITH = "STARTS_WITH"
    CONTAINS = "CONTAINS"


@strawberry.enum(description="What can be searched for.")
class SearchType(Enum):
    COMPANY = "COMPANY"
    RELATIONSHIP = "RELATIONSHIP"
    PERSON = "PERSON"
