"""What Scorecard shows: overall and group scores, measures, history, explanation."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select

from cyclorama.plugins import Node, SectionBase, SectionState, Trend, User, read, record
from cyclorama.sections.scorecard.children import ChildScores, children_of
from cyclorama.sections.scorecard.comparing import ScoreStanding, stood
from cyclorama.sections.scorecard.explaining import (
    ScoreExplanation,
    explained,
    supposed,
)
from cyclorama.sections.scorecard.peers import ScorePeers, peers_of
from cyclorama.sections.scorecard.reviews import MOST_REVIEWS, R, ScoreReview, reviewed
from cyclorama.sections.scorecard.schemes import Band, SchemeKind
from cyclorama.sections.scorecard.shown import (
    CARD,
    COMMENTED,
    GIVEN,
    SCORED,
    VERSION,
    comments,
    groups,
    history,
    measures,
    measures_of_group,
    overall,
    overall_comments,
    pin_lasts,
    pin_reason,
)
from cyclorama.sections.scorecard.tables import (
    BandRow,
    HelpRow,
    ReviewRow,
    SchemeRow,
    ScoreRow,
)


@strawberry.enum(description="Why there is no score.")
class NaKind(Enum):
    NOT_SCORED = "NOT_SCORED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    EXPIRED = "EXPIRED"
    CLEARED = "CLEARED"


@strawberry.enum(
    description="Who scores a measure; only MANUAL ones are set by people."
)
class MeasureInput(Enum):
    MANUAL = "MANUAL"
    AUTOMATED = "AUTOMATED"
    ROLLUP = "ROLLUP"


@strawberry.type(description="What a level of a measure means.")
@read.table(HelpRow)
class HelpText:
    label: str
    text: str


_measured = [
    SCORED.c[f"measure_{name}"].label(name) for name in ("id", "key", "name")
] + [SCORED.c[name].label(name) for name in ("description", "input", "validity_days")]
MEASURED = sa.table(
    "scorecard_measured", *(sa.column(c.key, c.type) for c in _measured)
)


@strawberry.type(description="Something about a record that is scored.")
@read.table(MEASURED)
class Measure(Node):
    id: strawberry.ID
    key: str
    name: str
    description: str | None
    input: MeasureInput
    validity_days: int | None = strawberry.field(
        description="Days after which a score that nobody renews is stale; null: never."
    )
    help: list[HelpText] = read.many(
        HelpRow,
        HelpRow.measure_id == MEASURED.c.id,
        order_by=[HelpRow.position, HelpRow.id],
    )


@strawberry.type(
    description="A score from 0 to 100 with its band and where it is heading."
)
@read.table(SCORED)
class Score:
    value: int | None = strawberry.field(
        description="0 to 100, rounded half up once; null where nothing is scored."
    )
    label: str | None = strawberry.field(description="Of the band.")
    color: str | None = strawberry.field(description="Of the band.")
    na_kind: NaKind | None = strawberry.field(description="Why there is no value.")
    trend: Trend = strawberry.field(
        description="Against `previous`; NEW where there was no score, NONE where there "
        "is none now."
    )
    delta: int | None = strawberry.field(description="`value` less `previous`.")
    previous: int | None = strawberry.field(
        description="What `trend` compares with, as the scorecard says: by default the "
        "close of last week."
    )
    set_at: datetime | None = strawberry.field(
        description="When the value changed last."
    )
    validated_at: datetime | None = strawberry.field(
        description="When somebody set or renewed it last."
    )
    stale: bool = strawberry.field(
        description="Whether nobody has set or renewed it, or a measure in it, in time."
    )
    comment: str | None = strawberry.field(
        description="Why it has this value; null where the layout shows no comments."
    )


@strawberry.type(description="What somebody wrote on a score.")
@read.table(COMMENTED)
class ScoreComment:
    text: str = read.value(COMMENTED.c.comment)
    at: datetime = read.value(COMMENTED.c.set_at)
    author: User | None = read.declared(
        read.One(COMMENTED.c.actor_id), "Null where a rule wrote it."
    )


@strawberry.type(description="A measure on a scorecard and its score.")
@read.table(SCORED)
class MeasureScore:
    measure: Measure = read.one(select(*_measured))
    weight: float
    score: Score = read.here()
    comments: list[ScoreComment] = read.declared(
        read.Many(read.called(comments), None, ("place",), 100),
        "What was written on its scores, the newest first, at most 100; none where the "
        "layout shows no comments.",
    )


@strawberry.type(description="A group of measures; its score is that of what is in it.")
@read.table(SCORED)
class GroupScore:
    key: str
    name: str
    weight: float
    score: Score = read.here()
    measures: list[MeasureScore] = read.many(
        measures_of_group, order_by=["position", "id"]
    )


@strawberry.type(
    description="What a week closed with, with its band as it was then; nulls where "
    "there was no score. The running week has the score of now."
)
class ScorePoint:
    week_start: date
    value: int | None
    label: str | None
    color: str | None


NEWEST = record.row(
    select(func.max(ScoreRow.validated_at).label("at")).where(
        ScoreRow.record_id == record.id
    )
)


@strawberry.type(
    description="The health of the record: one weighted score, made of groups and "
    "measures. Without a scorecard for the record the state is NOT_CONFIGURED."
)
class ScorecardSection(SectionBase):
    scorecard_id: strawberry.ID | None = read.declared(
        read.Value(CARD.c.id),
        "The `contextId` of activities about the scorecard; null without one.",
    )
    scorecard_key: str = read.value(func.coalesce(CARD.c.key, ""))
    scorecard_name: str = read.value(func.coalesce(CARD.c.name, ""))
    scorecard_since: datetime | None = read.declared(
        read.Value(GIVEN.c.since),
        "When criteria or somebody gave the record this scorecard, and its scores became "
        "others for that reason alone. Null where that never happened.",
    )
    is_pinned: bool = read.declared(
        read.Value(pin_lasts()), "Whether somebody has given the record this scorecard."
    )
    pin_reason: str | None = read.declared(
        read.Value(read.called(pin_reason)),
        "Why; null also where the layout shows no comments.",
    )
    pinned_until: datetime | None = read.declared(
        read.Value(sa.case((pin_lasts(), GIVEN.c.pinned_until))),
        "When criteria decide again; null: not before it is unpinned.",
    )
    scheme: SchemeKind = read.value(
        func.coalesce(
            select(SchemeRow.kind)
            .where(SchemeRow.id == CARD.c.scheme_id)
            .scalar_subquery(),
            SchemeKind.NUMERIC.value,
        )
    )
    rolls_up: bool = read.declared(
        read.Value(func.coalesce(CARD.c.roll_up, sa.true())),
        "Whether the overall score is made of the measures; otherwise people give it with "
        "`setOverallScore`.",
    )
    bands: list[Band] = read.many(
        BandRow,
        BandRow.scheme_id == CARD.c.scheme_id,
        order_by=[BandRow.position, BandRow.id],
    )
    version: int = read.declared(
        read.Value(VERSION),
        "Grows with every change of the record's scores, of its scorecard and of an "
        "override; hand it in as `expectedVersion`.",
    )
    overall: Score = read.one(overall)
    comments: list[ScoreComment] = read.declared(
        read.Many(read.called(overall_comments), None, ("place",), 100),
        "What people wrote where they gave the overall score (`rollsUp` is false), the "
        "newest first, at most 100; none where the layout shows no comments.",
    )
    groups: list[GroupScore] = read.many(groups, order_by=["position", "id"])
    measures: list[MeasureScore] = read.declared(
        read.Many(read.called(measures), None, ("position", "id"), 200),
        "The measures that stand in no group.",
    )
    history: list[ScorePoint] = read.declared(
        read.Many(read.called(history), None, ("week_start",), 200),
        "Oldest first, one point a week, gaps as nulls, at most 156 weeks; `node` is a "
        "measure's or a group's key, none for the overall score.",
    )
    explanation: ScoreExplanation = read.python(explained, record.id)
    what_if: ScoreExplanation = read.declared(
        read.python(supposed, record.id).source,
        "The explanation as it would be with these values and weights; nothing is "
        "saved. `node` is the key of a measure, or for weights of a group; a value of "
        "null clears the score, and leaves the weight.",
    )
    standing: ScoreStanding | None = read.declared(
        read.python(stood, record.id).source,
        "Where the record stands among those with its scorecard. Null without a "
        "scorecard, and for viewers who get the section on some records only.",
    )
    peers: ScorePeers = read.declared(
        read.python(peers_of, record.id).source,
        "Records with the same scorecard, at most 100; none where `standing` is null.",
    )
    reviews: list[ScoreReview] = read.declared(
        read.Many(
            ReviewRow,
            read.called(reviewed),
            (R.quarter.desc(), R.record_id),
            MOST_REVIEWS,
        ),
        "What spot checks have found of the overall score, one a quarter, the newest "
        "first, at most 40; none where the layout shows no comments.",
    )
    children: ChildScores | None = read.declared(
        read.python(children_of, record.id).source,
        "What the scores of the companies below come to, as far down as the scorecard's "
        "rule says. Null where it has none, for relationships, and for viewers who get "
        "the section on some companies only.",
    )
    state: SectionState = read.value(
        sa.case(
            (CARD.c.key.is_(None), SectionState.NOT_CONFIGURED.value),
            (NEWEST.c.at.is_(None), SectionState.EMPTY.value),
            else_=SectionState.READY.value,
        )
    )
    as_of: datetime | None = read.value(NEWEST.c.at)
