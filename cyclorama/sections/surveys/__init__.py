"""Surveys: NPS with its margin and trend, and what people answered."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, ImportTarget, Section
from cyclorama.sections.surveys.commands import commands
from cyclorama.sections.surveys.config import SurveysConfig
from cyclorama.sections.surveys.demo import demo
from cyclorama.sections.surveys.events import EVENTS, events_of_import
from cyclorama.sections.surveys.imports import check_responses, check_surveys
from cyclorama.sections.surveys.measures import breakdown, card_value
from cyclorama.sections.surveys.mutations import (
    exclude_survey_response,
    include_survey_response,
    remark_survey_response,
)
from cyclorama.sections.surveys.tables import ResponseRow, ReviewRow, SurveyRow
from cyclorama.sections.surveys.types import SurveyResponse, SurveysSection

section = Section(
    key="surveys",
    title="Surveys",
    description="How likely the customer is to recommend us, and what people answered.",
    sensitive={
        "pii.view": ("SurveyResponse.person",),
        "verbatim.view": (
            "SurveyResponse.comment",
            "SurveyResponse.remark",
            "SurveyResponse.excludedReason",
        ),
    },
    icon="message-circle",
    max_instances=None,
    type=SurveysSection,
    config=SurveysConfig,
    cards=(
        Card(
            key="nps",
            label="NPS",
            value=card_value,
            breakdown=breakdown,
            fields=("SurveysSection.nps",),
        ),
    ),
    tables=(SurveyRow, ResponseRow, ReviewRow),
    mutations=(
        exclude_survey_response,
        include_survey_response,
        remark_survey_response,
    ),
    targets=(
        ImportTarget("survey", SurveyRow, "survey", check_surveys),
        ImportTarget(
            "survey_response",
            ResponseRow,
            "survey_response",
            check_responses,
            events=events_of_import,
        ),
    ),
    events=EVENTS,
    nodes={"survey_response": SurveyResponse},
    demo=demo,
    commands=commands,
    migrations=str(Path(__file__).parent / "migrations"),
)
