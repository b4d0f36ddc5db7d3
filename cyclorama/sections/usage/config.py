"""What a layout may set for the Usage section."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ModuleKey = Annotated[str, Field(min_length=1, max_length=80)]


class UsageConfig(BaseModel):
    """Settings of a placement of Usage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modules: tuple[ModuleKey, ...] | None = Field(
        default=None,
        max_length=50,
        description="Keys of the modules that are shown; without it every module that "
        "the record has ever used.",
    )
    window_days: int | None = Field(
        default=None,
        ge=1,
        le=3660,
        description="A module's total counts the last so many days, today included; "
        "without it everything that is stored.",
    )
