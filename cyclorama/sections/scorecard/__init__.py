"""Scorecard: the health of a record as one weighted score, with history and reasons."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, CompanyNumber, Section
from cyclorama.sections.scorecard.actions import ACTIONS, TRIGGERS
from cyclorama.sections.scorecard.bulk import bulk_set_scores
from cyclorama.sections.scorecard.commands import commands
from cyclorama.sections.scorecard.commenting import set_score_comment
from cyclorama.sections.scorecard.config import ScorecardConfig
from cyclorama.sections.scorecard.configuring import (
    apply_scorecards,
    plan_scorecards,
)
from cyclorama.sections.scorecard.demo import demo
from cyclorama.sections.scorecard.events import CARD_CHANGED, SCORE_CHANGED
from cyclorama.sections.scorecard.following import follow
from cyclorama.sections.scorecard.jobs import CLOSE, END
from cyclorama.sections.scorecard.masks import OVERALL
from cyclorama.sections.scorecard.mutations import clear_score, renew_score, set_score
from cyclorama.sections.scorecard.overall import set_overall_score
from cyclorama.sections.scorecard.overriding import override_score, remove_override
from cyclorama.sections.scorecard.pinning import pin_scorecard, unpin_scorecard
from cyclorama.sections.scorecard.reviewing import review_score
from cyclorama.sections.scorecard.shown import (
    OVERALL_SCORE,
    OVERALL_TREND,
    company_score,
)
from cyclorama.sections.scorecard.tables import (
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    HelpRow,
    MeasureRow,
    NodeRow,
    ReviewRow,
    SchemeRow,
    ScoreRow,
)
from cyclorama.sections.scorecard.topics import TOPICS
from cyclorama.sections.scorecard.types import ScorecardSection

section = Section(
    key="scorecard",
    title="Scorecard",
    description="The health of the record: one score, what it is made of, its history.",
    icon="heart-pulse",
    type=ScorecardSection,
    config=ScorecardConfig,
    cards=(
        Card(
            key="health",
            label="Health",
            value=OVERALL_SCORE.c.value,
            display_value=OVERALL_SCORE.c.label,
            color=OVERALL_SCORE.c.color,
            trend=OVERALL_TREND,
            fields=OVERALL,
        ),
    ),
    company_numbers={"score": CompanyNumber(value=company_score(), fields=OVERALL)},
    mutations=(
        set_score,
        renew_score,
        clear_score,
        set_score_comment,
        bulk_set_scores,
        set_overall_score,
        review_score,
        override_score,
        remove_override,
        pin_scorecard,
        unpin_scorecard,
        plan_scorecards,
        apply_scorecards,
    ),
    tables=(
        SchemeRow,
        BandRow,
        MeasureRow,
        HelpRow,
        CardRow,
        NodeRow,
        AssignmentRow,
        ScoreRow,
        EventRow,
        ReviewRow,
    ),
    topics=TOPICS,
    records_written=follow,
    demo=demo,
    commands=commands,
    jobs=(CLOSE, END),
    events=(SCORE_CHANGED, CARD_CHANGED),
    actions=ACTIONS,
    triggers=TRIGGERS,
    migrations=str(Path(__file__).parent / "migrations"),
)
