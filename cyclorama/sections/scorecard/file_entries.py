"""The shape of a scorecard file: schemes, measures and scorecards of an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from cyclorama.plugins import ClauseEntry, FileEntry, FileKey, FileName
from cyclorama.sections.scorecard.rules.bands import MOST_WEIGHT, Band

Kind = Literal["COMPANY", "RELATIONSHIP"]
DEEPEST = 50
"""Levels of companies below each other that are read at most."""
Percent = Annotated[int, Field(ge=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=MOST_WEIGHT)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{3,8}$")]


class BandEntry(FileEntry):
    """Scores above `from` up to `to`; the first band holds 0, too."""

    model_config = ConfigDict(populate_by_name=True)

    label: FileName
    color: Color
    from_: Percent = Field(alias="from")
    to: Percent
    point: Annotated[float, Field(ge=0, le=100)] | None = None


class SchemeEntry(FileEntry):
    """A lens on scores."""

    kind: Literal["NUMERIC", "GRADE", "COLOR"]
    bands: list[BandEntry]

    @model_validator(mode="before")
    @classmethod
    def _labelled(cls, data: Any) -> Any:
        """A range of numbers is called by itself where it has no label."""
        bands = data.get("bands") if isinstance(data, dict) else None
        if not isinstance(bands, list) or data.get("kind") != "NUMERIC":
            return data
        named = [
            {"label": f"{b.get('from')} to {b.get('to')}", **b}
            if isinstance(b, dict)
            else b
            for b in bands
        ]
        return {**data, "bands": named}

    def as_bands(self) -> list[Band]:
        """The bands as rules read them."""
        return [
            Band(label=b.label, color=b.color, start=b.from_, end=b.to, point=b.point)
            for b in self.bands
        ]


class HelpEntry(FileEntry):
    """What a level of a measure means."""

    label: FileName
    text: Words


class AggregateEntry(FileEntry):
    """How many scores become one."""

    aggregate: Literal["AVG", "WEIGHTED", "MIN", "MAX", "WORST_N_AVG", "PCT_IN_BAND"]
    worst: Annotated[int, Field(ge=1, le=100)] = 3
    above: Percent = 0
    """Of PCT_IN_BAND: scores above this one, and 0 where it is 0,"""
    up_to: Percent = 100
    """and up to this one."""


class ChildrenEntry(AggregateEntry):
    """How the scores of the companies below one become one."""

    levels: Annotated[int, Field(ge=1, le=DEEPEST)] = 1
    """How far down: 1 is the companies right below."""


class RollupEntry(AggregateEntry):
    """How the scores of a company's relationships become one."""

    types: list[FileKey] = Field(default=[], max_length=100)
    """Keys of relationship types; none: all."""
    statuses: list[FileKey] = Field(default=[], max_length=100)
    """Keys of statuses; none: all."""


class MeasureEntry(FileEntry):
    """What is scored."""

    key: FileKey
    kind: Kind
    name: FileName
    description: Words | None = None
    input: Literal["MANUAL", "AUTOMATED", "ROLLUP"] = "MANUAL"
    rollup: RollupEntry | None = None
    validity_days: Annotated[int, Field(ge=1, le=3_650)] | None = None
    stale_policy: Literal["COUNT", "EXCLUDE", "DECAY"] = "COUNT"
    comment_required: bool = False
    help: list[HelpEntry] = Field(default=[], max_length=12)


class PartEntry(FileEntry):
    """A measure on a card."""

    measure: FileKey
    weight: Weight


class NodeEntry(FileEntry):
    """A group with its measures, or a measure in no group."""

    group: FileKey | None = None
    measure: FileKey | None = None
    name: FileName | None = None
    """Of a group; its key if left out."""
    weight: Weight
    measures: list[PartEntry] = []

    @model_validator(mode="after")
    def _one_of(self) -> NodeEntry:
        if (self.group is None) == (self.measure is None):
            raise ValueError("name a group or a measure")
        if self.measure is not None and (self.measures or self.name):
            raise ValueError("a measure has neither a name of its own nor measures")
        return self


class CriterionEntry(FileEntry):
    """What an exception asks of a card."""

    left: Literal["MEASURE", "GROUP", "BAND", "STALE_DAYS", "OVERALL", "ATTRIBUTE"]
    key: FileName | None = None
    """Of the measure or the group, or the name of the record's attribute."""
    operator: Literal["LT", "LE", "EQ", "NE", "GE", "GT", "IN", "IS_NA", "NOT_NA"]
    values: list[Any] = Field(default=[], max_length=100)


class ExceptionEntry(FileEntry):
    """What changes the overall score, or that of a group, where its criteria hold."""

    key: FileKey
    target: FileKey | None = None
    match: Literal["ALL", "ANY"] = "ALL"
    effect: Literal["SET", "CAP", "FLOOR", "ADJUST"]
    value: Annotated[float, Field(ge=-100, le=100)]
    note: Annotated[str, StringConstraints(max_length=255)] = ""
    active: bool = True
    criteria: list[CriterionEntry] = Field(min_length=1, max_length=20)


class CardEntry(FileEntry):
    """A scorecard."""

    key: FileKey
    kind: Kind
    name: FileName
    scheme: Literal["NUMERIC", "GRADE", "COLOR"]
    is_default: bool = False
    rank: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    criteria: list[ClauseEntry] = Field(default=[], max_length=20)
    """The records that get it; those that get none have the default."""
    roll_up: bool = True
    flat: bool = False
    min_coverage: Annotated[float, Field(ge=0, le=1)] = 0.0
    dead_band: Percent = 0
    comparator: Literal[
        "PREVIOUS_VALUE", "LAST_WEEK", "LAST_MONTH", "LAST_QUARTER", "AT_LAST_RENEWAL"
    ] = "LAST_WEEK"
    children: ChildrenEntry | None = None
    """Of a card of companies: how the scores of the companies below one become one."""
    nodes: list[NodeEntry] = Field(min_length=1, max_length=120)
    exceptions: list[ExceptionEntry] = Field(default=[], max_length=50)


class ScorecardFile(FileEntry):
    """The three lists of the file; what is left out is removed."""

    schemes: list[Any] = Field(default=[], max_length=3)
    measures: list[Any] = Field(default=[], max_length=1_000)
    scorecards: list[Any] = Field(default=[], max_length=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """All schemes, measures and cards of an organisation."""

    schemes: Sequence[SchemeEntry] = ()
    measures: Sequence[MeasureEntry] = ()
    cards: Sequence[CardEntry] = ()

    def by_name(self) -> dict[str, dict[str, Any]]:
        """Each as data, by what people call it."""
        return {
            **{f"scheme {s.kind}": data_of(s) for s in self.schemes},
            **{f"measure {m.kind} {m.key}": data_of(m) for m in self.measures},
            **{f"scorecard {c.kind} {c.key}": data_of(c) for c in self.cards},
        }


def data_of(entry: Any) -> dict[str, Any]:
    """An entry as a file has it, without what is as usual."""
    found: dict[str, Any] = entry.model_dump(exclude_defaults=True, by_alias=True)
    return found
