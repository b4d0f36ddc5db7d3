"""What the acceptance table of the domain asks of Scorecard, Cockpit, Surveys and Timeline
is in the graph, cell by cell; `accepted.yaml` names the tests of what each does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cyclorama.app import graph
from cyclorama.layouts.yaml_text import read_yaml

CELLS: dict[str, dict[str, str]] = {
    "Scorecard, read": {
        "overall, groups, measures": "ScorecardSection.overall ScorecardSection.groups "
        "GroupScore.measures ScorecardSection.measures",
        "score, label, colour, trend": "Score.value Score.label Score.color Score.trend",
        "delta, previous": "Score.delta Score.previous",
        "set and validated at, stale": "Score.setAt Score.validatedAt Score.stale",
        "comment": "Score.comment MeasureScore.comments ScoreComment.author",
        "help": "Measure.help",
        "history": "ScorecardSection.history",
        "exception, override, coverage, explain": "ScoreExplanation.exception "
        "ScoreExplanation.override ScoreExplanation.coverage "
        "ScoreExplanation.contributions",
        "active card": "ScorecardSection.scorecardKey ScorecardSection.rollsUp",
    },
    "Scorecard, actions": {
        "set": "Mutation.setScore Mutation.setOverallScore",
        "clear": "Mutation.clearScore",
        "renew": "Mutation.renewScore",
        "comment": "Mutation.setScoreComment",
        "override": "Mutation.overrideScore Mutation.removeOverride",
        "switch card": "Mutation.pinScorecard Mutation.unpinScorecard",
        "bulk": "Mutation.bulkSetScores",
        "log activity": "Mutation.saveActivity",
    },
    "Scorecard, companies below": {"children": "ScorecardSection.children"},
    "Scorecard, R360": {"own measures and cards": "Relationship.scorecard"},
    "Cockpit, read": {
        "CTAs": "CockpitSection.ctas Cta.owner Cta.dueDate Cta.priority Cta.reason",
        "tasks": "Cta.tasks CtaTask.status CtaTask.dependsOn CtaTask.isMandatory",
        "computed values": "Cta.age Cta.daysDue Cta.daysUntilClose Cta.daysPastDue "
        "Cta.closedOverdue Cta.dueDateVariance Cta.percentComplete "
        "Cta.closedTaskCount Cta.openTaskCount Cta.totalTaskCount "
        "CockpitSection.successRate",
        "counts by status": "CockpitSection.byStatus",
        "counts by type": "CockpitSection.openByType",
        "drafts of the viewer": "Viewer.activityDrafts",
        "saved views": "CockpitSection.views",
    },
    "Cockpit, actions": {
        "create": "Mutation.createCta",
        "edit, important, assign": "Mutation.updateCta UpdateCtaInput.isImportant "
        "UpdateCtaInput.ownerId",
        "close": "Mutation.closeCta",
        "reopen": "Mutation.reopenCta",
        "snooze": "Mutation.snoozeCta Mutation.unsnoozeCta",
        "playbook": "Mutation.applyPlaybook",
        "tasks": "Mutation.addCtaTask Mutation.updateCtaTask Mutation.completeCtaTask",
        "link": "Mutation.linkCtaRecord Mutation.unlinkCtaRecord",
        "bulk": "Mutation.bulkUpdateCtas",
        "drafts edit and delete": "Mutation.saveActivity Mutation.deleteActivity",
    },
    "Cockpit, R360": {"relationship CTAs": "Relationship.cockpit"},
    "Surveys, read": {
        "nps, average, n, margin": "SurveysSection.nps SurveysSection.averageRating "
        "SurveysSection.responseCount SurveysSection.marginOfError",
        "P, Pa, D": "SurveysSection.promoters SurveysSection.passives "
        "SurveysSection.detractors",
        "trend": "SurveysSection.trend",
        "survey list": "SurveysSection.surveys SurveySummary.responseRate",
        "answers": "SurveysSection.responses SurveyResponse.comment",
    },
    "Surveys, actions": {
        "comment": "Mutation.remarkSurveyResponse",
        "CTA": "Mutation.createCta CreateCtaInput.fromId",
        "exclude": "Mutation.excludeSurveyResponse Mutation.includeSurveyResponse",
    },
    "Surveys, R360": {"relationship responses": "Relationship.surveys"},
    "Timeline, read": {
        "activities page": "TimelineSection.activities Viewer.activities",
        "drafts": "TimelineSection.drafts Viewer.activityDrafts",
        "comments": "Activity.comments",
        "attendees": "Activity.internalAttendees Activity.externalAttendees",
        "attachments": "Activity.attachments",
        "milestones": "TimelineSection.milestones",
    },
    "Timeline, actions": {
        "draft, log, edit": "Mutation.saveActivity SaveActivityInput.isDraft",
        "delete": "Mutation.deleteActivity",
        "comment": "Mutation.addActivityComment Mutation.editActivityComment "
        "Mutation.deleteActivityComment",
        "mention": "SaveActivityInput.mentionIds",
        "attach": "SaveActivityInput.attachments",
        "task": "CreateCtaInput.fromId Mutation.addCtaTask",
        "associate": "Mutation.associateActivity Mutation.dissociateActivity "
        "Activity.associations",
        "share": "Mutation.shareActivity Mutation.unshareActivity Activity.sharedWith",
    },
    "Timeline, R360": {"own": "Relationship.timeline"},
}
SETTINGS: dict[str, dict[str, str]] = {
    "scorecard": {
        "view cards or list": "view",
        "history length": "history_weeks",
        "hide comments": "show_comments",
        "editable measures": "editable_measures",
    },
    "cockpit": {
        "default view": "default_view",
        "columns": "columns",
        "snooze on": "snooze",
        "statuses": "statuses",
        "C360 may include those of relationships": "with_relationships",
    },
    "surveys": {
        "mode and dial": "mode",
        "surveys": "surveys",
        "period": "period",
        "verbatims": "show_comments",
    },
    "timeline": {
        "types, fields, categories": "types",
        "milestones": "milestones",
        "switches": "relationship_rollup",
        "associated records": "associations",
    },
}


@pytest.mark.parametrize("line", CELLS)
def test_section_14_each_cell_is_in_the_graph(line: str) -> None:
    types: Any = graph().schema._schema.type_map
    for item, coordinates in CELLS[line].items():
        for coordinate in coordinates.split():
            type_, _, field = coordinate.partition(".")
            assert field in types[type_].fields, f"{line}: {item}"


@pytest.mark.parametrize("key", SETTINGS)
def test_section_14_each_setting_is_one_of_the_layout(key: str) -> None:
    model: Any = graph().sections[key].config
    for item, name in SETTINGS[key].items():
        assert name in model.model_fields, f"{key}: {item}"


def test_section_14_answers_are_imported() -> None:
    targets = {t.name for t in graph().sections["surveys"].targets}
    assert targets == {"survey", "survey_response"}


ACCEPTED: dict[str, dict[str, str]] = read_yaml(
    Path(__file__).with_name("accepted.yaml").read_text("utf-8")
)


@cache
def names_in(module: str) -> frozenset[str]:
    """The names of the tests of a module."""
    (file,) = Path(__file__).parents[1].rglob(f"{module}.py")
    return frozenset(
        re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(), re.M)
    )


@pytest.mark.parametrize("line", ACCEPTED)
def test_each_item_of_the_table_and_each_worked_number_has_its_test(line: str) -> None:
    for item, test in ACCEPTED[line].items():
        module, _, name = test.partition(".")
        assert name in names_in(module), item
