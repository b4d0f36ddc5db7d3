"""Surveys: NPS with its margin and trend, and what people answered."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, ImportTarget, Section
from cyclorama.sections.surveys.config import SurveysConfig
from cyclorama.sections.surveys.demo import demo
from cyclorama.sections.surveys.imports import check_responses, check_surveys
from cyclorama.sections.surveys.measures import breakdown, card_value
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.sections.surveys.types import SurveyResponse, SurveysSection

section = Section(
    key="surveys",
    title="Surveys",
    description="How likely the customer is to recommend us, and what people answered.",
    sensitive={
        "pii.view": ("SurveyResponse.person",),
        "verbatim.view": ("SurveyResponse.comment",),
    },
    icon="message-circle",
    max_instances=None,
    type=SurveysSection,
    config=SurveysConfig,
    cards=(Card(key="nps", label="NPS", value=card_value, breakdown=breakdown),),
    tables=(SurveyRow, ResponseRow),
    targets=(
        ImportTarget("survey", SurveyRow, "survey", check_surveys),
        ImportTarget(
            "survey_response", ResponseRow, "survey_response", check_responses
        ),
    ),
    nodes={"survey_response": SurveyResponse},
    demo=demo,
    migrations=str(Path(__file__).parent / "migrations"),
)
