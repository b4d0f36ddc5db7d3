"""What a layout may set for the Surveys section."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import strawberry
from pydantic import BaseModel, ConfigDict, Field

from cyclorama.sections.surveys.rules import Period, Policy

SurveyKey = Annotated[str, Field(min_length=1, max_length=80)]


@strawberry.enum(
    description="Which number the dial shows: `nps`, or the mean of the ratings in "
    "`averageRating`."
)
class DialMode(StrEnum):
    NPS = "NPS"
    AVERAGE = "AVERAGE"


class SurveysConfig(BaseModel):
    """Settings of a placement of Surveys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    surveys: tuple[SurveyKey, ...] | None = Field(
        default=None,
        max_length=50,
        title="Surveys",
        description="Keys of the surveys whose answers are shown and counted; without "
        "it all, new ones too.",
    )
    period: Period = Field(
        default=Period.LAST_DAYS,
        title="Time",
        description="The answers of which time are shown and counted: the last so many "
        "days, the running month, quarter, half or year, the same of the fiscal year, "
        "or all.",
    )
    days: int = Field(
        default=180,
        ge=1,
        le=3660,
        title="Days",
        description="How many, where the period is the last days.",
    )
    fiscal_start: int = Field(
        default=1,
        ge=1,
        le=12,
        title="First month of the fiscal year",
        description="From 1 to 12, for fiscal periods.",
    )
    policy: Policy = Field(
        default=Policy.LATEST_PER_PERSON,
        title="Several answers of a person",
        description="Whether only the latest answer of each person counts, or all.",
    )
    mode: DialMode = Field(
        default=DialMode.NPS,
        title="Dial",
        description="Which number the dial shows.",
    )
    roll_up: bool = Field(
        default=False,
        title="With the companies below",
        description="Whether a company's answers are its own and those of all companies "
        "below it in its hierarchy.",
    )
    show_comments: bool = Field(
        default=True,
        title="Show comments",
        description="Whether the texts of answers are shown.",
    )
    show_people: bool = Field(
        default=True,
        title="Show people",
        description="Whether is shown who answered.",
    )
    editable: bool = Field(
        default=True,
        title="Answers may be noted on",
        description="Whether viewers of this layout may write remarks on answers.",
    )
