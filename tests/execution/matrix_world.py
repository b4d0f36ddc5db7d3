"""The world of the authorization matrix, and what each viewer may see of it.

The reference is a walk over plain tables of this file: it knows neither bits nor views nor
plans nor statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import strawberry
from matrix_cells import Cell, Step

from cyclorama.layouts.access import AccessBook, Team
from cyclorama.layouts.model import SURFACES, Assignment, Clause, Layout, LayoutBook
from cyclorama.layouts.model import Placement as Placed
from cyclorama.layouts.presets import presets
from cyclorama.plugins import Info, Parent, Record360, Section
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import PRIORITY, STATUS, TYPE, CtaRow
from cyclorama.sections.cockpit.vocabulary import item_id, vocabulary
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.sections.timeline.tables import ActivityRow
from cyclorama.storage.access_rows import RecordTeamRow, TeamRow
from cyclorama.storage.accounts import GroupFacts, Viewer
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import (
    PersonRow,
    PicklistItemRow,
    RelationshipTypeRow,
    UserGroupRow,
    UserRow,
)
from cyclorama.testing import CSM, NOW, Bench, company, relationship


@strawberry.type(description="What the test's own section answers.")
class Echo:
    state: str


ran: list[str] = []
"""The records for which the resolver of `echo` ran."""


async def echo(record: Parent[Record360], info: Info) -> Echo:
    """A section in the resolver form."""
    ran.append(str(record.id))
    return Echo(state="READY")


ECHO = Section(key="echo", title="Echo", fields=[echo])
SECTIONS = (*discover().sections, ECHO)
GRAPH = compose(SECTIONS)
FULL = GRAPH.schema._schema
OFF = "usage"
"""The section that is switched off, for everybody."""
ALL = frozenset(s.key for s in SECTIONS) - {OFF}
EXEC = frozenset(
    {
        *("summary", "scorecard", "cockpit", "timeline"),
        *("relationships", "company_hierarchy", "surveys"),
    }
)
DEFAULT = frozenset({"summary", "attributes"})
CHURNED = frozenset({"summary", "support"})
NONE: frozenset[str] = frozenset()

PARENT = {"company_1": "company_2"}
COMPANY_OF = {
    "relationship_1": "company_1",
    "relationship_2": "company_2",
    "relationship_3": "company_1",
    "relationship_4": "company_2",
}
RECORDS = ("company_1", "company_2", *COMPANY_OF)
ARE_CHURNED = ("company_2", "relationship_2")
CASES = {"case_1": "company_1", "case_2": "company_2"}
ACTIVITIES = {"activity_1": "company_1", "activity_2": "company_2"}
ANSWERS = {"survey_response_1": "company_1", "survey_response_2": "company_2"}
CTAS = {
    "cta_1": "company_1",
    "cta_2": "company_2",
    "cta_3": "relationship_1",
    "cta_4": "relationship_2",
}
OF_RECORDS = {
    **{c: ("support", of) for c, of in CASES.items()},
    **{a: ("timeline", of) for a, of in ACTIVITIES.items()},
    **{a: ("surveys", of) for a, of in ANSWERS.items()},
    **{cta: ("cockpit", of) for cta, of in CTAS.items()},
}
"""The things of sections, with the section and the record that they are of."""
PLAIN = ("user_csm", "person_1", "group_csm", "relationship_type_1")
THINGS = (*RECORDS, *OF_RECORDS, *PLAIN)
TYPES = {
    "company": "Company",
    "relationship": "Relationship",
    "case": "SupportCase",
    "activity": "Activity",
    "survey_response": "SurveyResponse",
    "cta": "Cta",
    "user": "User",
    "person": "Person",
    "group": "UserGroup",
    "relationship_type": "RelationshipType",
}
GUARDED = {
    "company_1",
    "relationship_1",
    "relationship_3",
    "case_1",
    "activity_1",
    "survey_response_1",
    "cta_1",
    "cta_3",
}
"""What is of a team's, and below it."""
TEAM = Team(key="ours", name="Ours", members=frozenset({"user_csm"}))

MASKS = tuple(
    FieldPermission("masked", field, "hidden")
    for field in (
        "Company.arr",
        "Company.industry",
        "Company.updatedAt",
        "User.email",
        "SupportCase.number",
        "Activity.notes",
    )
)
MASKED = {m.field for m in MASKS} | {
    "Record360.arr",
    "Record360.updatedAt",
    "CompanyFilter.arrAtLeast",
    "CompanyFilter.industryKeys",
    "CompanyOrderField.ARR",
    "CompanyOrderField.UPDATED_AT",
}
"""With the interface that loses the field, and what compares or sorts by it."""
FOR_ADMINS = {
    *(
        f"Query.{f}"
        for f in (
            "layouts",
            "layout",
            "layoutFile",
            "planLayouts",
            "layoutHistory",
            "explainLayout",
            "auditLog",
            "sectionPlugins",
            "ruleFile",
            "ruleRuns",
        )
    ),
    "Mutation.applyRules",
    "Mutation.applyLayouts",
    "Mutation.revertLayouts",
    "Mutation.setSectionPluginEnabled",
    "Layout",
    "ApplyLayoutsPayload",
    "ApplyRulesPayload",
    "SectionPluginPayload",
}
OF_SECTIONS = {
    **{f"{s.title.replace(' ', '')}Section": s.key for s in SECTIONS},
    "SupportCase": "support",
    "SurveyResponse": "surveys",
    "Mutation.updateFields": "attributes",
    "UpdateFieldsPayload": "attributes",
    "Measure": "scorecard",
    "Mutation.setScore": "scorecard",
    "Mutation.renewScore": "scorecard",
    "Mutation.clearScore": "scorecard",
    "Mutation.bulkSetScores": "scorecard",
    "Mutation.setScoreComment": "scorecard",
    "Mutation.setOverallScore": "scorecard",
    "Mutation.reviewScore": "scorecard",
    "ScoreReviewPayload": "scorecard",
    "Mutation.overrideScore": "scorecard",
    "Mutation.removeOverride": "scorecard",
    "Mutation.pinScorecard": "scorecard",
    "Mutation.unpinScorecard": "scorecard",
    "Mutation.planScorecards": "scorecard",
    "Mutation.applyScorecards": "scorecard",
    "OverallScorePayload": "scorecard",
    "ScorecardsPayload": "scorecard",
    "ScorePayload": "scorecard",
    "Activity": "timeline",
    "Mutation.saveActivity": "timeline",
    "Mutation.deleteActivity": "timeline",
    "Mutation.associateActivity": "timeline",
    "Mutation.dissociateActivity": "timeline",
    "Mutation.shareActivity": "timeline",
    "Mutation.unshareActivity": "timeline",
    "Mutation.addActivityComment": "timeline",
    "Mutation.editActivityComment": "timeline",
    "Mutation.deleteActivityComment": "timeline",
    "ActivityPayload": "timeline",
    "ActivityCommentPayload": "timeline",
    "TimelineDeletionPayload": "timeline",
    "Cta": "cockpit",
    "CtaTask": "cockpit",
    "CtaPayload": "cockpit",
    "BulkUpdateCtasPayload": "cockpit",
    **{
        f"Mutation.{name}": "cockpit"
        for name in (
            "createCta",
            "updateCta",
            "closeCta",
            "reopenCta",
            "deleteCta",
            "snoozeCta",
            "unsnoozeCta",
            "addCtaTask",
            "updateCtaTask",
            "completeCtaTask",
            "applyPlaybook",
            "bulkUpdateCtas",
            "linkCtaRecord",
            "unlinkCtaRecord",
            "setCtaRecurrence",
            "saveCtaView",
            "deleteCtaView",
            "saveCtaVocabularyItem",
            "deleteCtaVocabularyItem",
            "saveCtaPlaybook",
            "deleteCtaPlaybook",
        )
    },
    "CtaViewPayload": "cockpit",
    "CtaViewDeletionPayload": "cockpit",
    "CtaVocabularyPayload": "cockpit",
    "CtaDeletionPayload": "cockpit",
    "CtaPlaybookPayload": "cockpit",
    "SurveyResponsePayload": "surveys",
    **{
        f"Mutation.{name}": "surveys"
        for name in (
            "excludeSurveyResponse",
            "includeSurveyResponse",
            "remarkSurveyResponse",
        )
    },
    "Viewer.activities": "timeline",
    "Viewer.activityDrafts": "timeline",
    "Viewer.ctaVocabulary": "cockpit",
    "Viewer.ctaPlaybooks": "cockpit",
}
"""What goes where nobody gets the section, beside its fields on records."""
OF_ALL_COMPANIES = {
    "CompanyFilter.scoreBelow": "scorecard",
    "CompanyFilter.scoreAbove": "scorecard",
    "CompanyOrderField.SCORE": "scorecard",
}
"""What goes where some company does not show the section."""


def camel(key: str) -> str:
    """The field of a section."""
    first, *others = key.split("_")
    return first + "".join(o.title() for o in others)


_BY_FIELD = {camel(s.key): s.key for s in SECTIONS}


@dataclass(frozen=True)
class Who:
    """A kind of viewer, and what they get."""

    viewer: Viewer
    sections: frozenset[str]
    """Of ordinary records."""
    churned: frozenset[str] | None = None
    """Of those that have churned; None: the same."""
    is_admin: bool = False
    is_masked: bool = False
    is_stranger: bool = False

    @property
    def name(self) -> str:
        """Of the viewer."""
        return self.viewer.name

    def held(self, record: str) -> frozenset[str]:
        """The sections of a record."""
        is_churned = self.churned is not None and record in ARE_CHURNED
        return self.churned if is_churned and self.churned else self.sections

    def reads(self, thing: str) -> bool:
        """Whether there is such a thing for them."""
        if thing in OF_RECORDS:
            section, of = OF_RECORDS[thing]
            if section not in self.held(of):
                return False
        return not (self.is_stranger and thing in GUARDED)


def who(name: str, *groups: str, sections: frozenset[str], **further: Any) -> Who:
    """A viewer in these groups."""
    facts = tuple(GroupFacts(f"group_{g}", g, g) for g in groups)
    made = replace(CSM, name=name, groups=facts)
    if further.get("is_admin"):
        made = replace(made, permissions=("admin",))
    if further.get("is_stranger"):
        made = replace(made, id="user_other")
    return Who(made, sections, **further)


VIEWERS = (
    who("admin", "admin", sections=ALL, is_admin=True),
    who("csm", "csm", sections=ALL, churned=CHURNED),
    who("exec", "exec", sections=EXEC),
    who("masked", "csm", "masked", sections=ALL, churned=CHURNED, is_masked=True),
    who("no layout", sections=DEFAULT),
    who("empty layout", "bare", sections=NONE),
    who("other team", "csm", sections=ALL, churned=CHURNED, is_stranger=True),
)


def _book() -> LayoutBook:
    """The presets, and above them rules for what has churned and for who gets nothing."""
    preset = presets(GRAPH.facts({}))
    layouts, assignments = [*preset.layouts], [*preset.assignments]
    for kind in ("COMPANY", "RELATIONSHIP"):
        churned = tuple(Placed(s, s, surfaces=SURFACES) for s in sorted(CHURNED))
        key = kind.lower()
        layouts += [
            Layout(f"churned-{key}", kind, None, "Churned", placements=churned),
            Layout(f"bare-{key}", kind, None, "Bare"),
        ]
        of_csms = (Clause("groups", "IN_GROUP", ("csm",)),)
        of_bare = (Clause("groups", "IN_GROUP", ("bare",)),)
        name = (Clause("name", "EQ", ("Churned",)),)
        assignments += [
            Assignment(1, f"1 {key}", f"churned-{key}", viewer=of_csms, record=name),
            Assignment(2, f"2 {key}", f"bare-{key}", viewer=of_bare),
        ]
    ranked = sorted(assignments, key=lambda a: a.rank)
    return LayoutBook(tuple(layouts), tuple(ranked))


def _activity(activity: str, of: str) -> ActivityRow:
    return ActivityRow(
        id=activity,
        company_id=of,
        type="call",
        subject=f"subject of {activity}",
        subject_key=f"subject of {activity}",
        notes=f"notes of {activity}",
        activity_date=NOW,
        context="COMPANY",
        context_id=of,
        author_id="user_csm",
        updated_by_id="user_csm",
        created_at=NOW,
        updated_at=NOW,
    )


def _cta(name: str, of: str) -> CtaRow:
    day = NOW.date()
    return CtaRow(
        id=name,
        company_id=COMPANY_OF.get(of, of),
        relationship_id=of if of in COMPANY_OF else None,
        name=f"name of {name}",
        type_id=item_id(TYPE, "risk"),
        priority_id=item_id(PRIORITY, "low"),
        status_id=item_id(STATUS, "new"),
        owner_id="user_jo",
        due_date=day,
        original_due_date=day,
        created_on=day,
        created_at=NOW,
        updated_at=NOW,
    )


async def made_bench(database: Database) -> Bench:
    """The world on a database."""
    access = AccessBook(teams=(TEAM,), has_records=True)
    bench = Bench(database, SECTIONS, book=_book(), permissions=MASKS, access=access)
    bench.switches = {OFF: False}
    await bench.fill(0)
    names = dict.fromkeys(ARE_CHURNED, "Churned")
    person = {"name": "Nan", "search_key": "nan", "created_at": NOW, "updated_at": NOW}
    await bench.add(
        UserRow(id="user_jo", email="jo@else.example", name="Jo", created_at=NOW),
        PicklistItemRow(
            id="item_1", picklist="company.industry", key="quarry", label="Quarrying"
        ),
        company(2, name=names["company_2"], csm_id="user_jo"),
        company(
            1,
            name="Guarded one",
            parent_id="company_2",
            arr_minor=77043177,
            csm_id="user_jo",
            industry_id="item_1",
        ),
        *(
            relationship(
                n := int(r[-1]),
                of=int(of[-1]),
                name=names.get(r, f"Relationship {n}"),
            )
            for r, of in COMPANY_OF.items()
        ),
        *(
            SupportCaseRow(
                id=case,
                company_id=of,
                number=f"number of {case}",
                subject=f"subject of {case}",
                status="New",
                opened_at=NOW,
                updated_at=NOW,
            )
            for case, of in CASES.items()
        ),
        *(_activity(activity, of) for activity, of in ACTIVITIES.items()),
        *vocabulary({}),
        *(_cta(name, of) for name, of in CTAS.items()),
        UserGroupRow(id="group_csm", key="csm", name="CSM"),
        RelationshipTypeRow(id="relationship_type_1", key="other", name="Other"),
        PersonRow(id="person_1", email="n@example.com", **person),
        SurveyRow(id="survey_1", key="customer", name="Customer"),
        *(
            ResponseRow(
                id=answer,
                survey_id="survey_1",
                company_id=of,
                person_id="person_1",
                rating=9,
                comment=f"comment of {answer}",
                responded_at=NOW,
            )
            for answer, of in ANSWERS.items()
        ),
        TeamRow(id="team_1", key=TEAM.key, name=TEAM.name),
        RecordTeamRow(record_id="company_1", team_id="team_1"),
    )
    return bench


EDGES = {
    "Query.node",
    "Query.nodes",
    "Query.company",
    "Query.relationship",
    "CompanyEdge.node",
    "SearchEdge.node",
    "Company.parent",
    "Relationship.company",
    "RelationshipEdge.node",
    "CompanyHierarchySection.root",
    "HierarchyNode.company",
    "Cta.company",
    "Cta.relationship",
    "NotificationEdge.node",
    "NotificationMute.record",
}
"""The fields that lead from one thing to others."""


def expected(cell: Cell, who: Who) -> frozenset[str]:
    """`absent`; or what is at the ends of the way: `open`, `gated`, or nothing."""
    if any(is_absent(name, who) for name in cell.names):
        return frozenset({"absent"})
    if cell.root == "mutation":
        return frozenset()
    found, places, _ = _walked(cell, who)
    return frozenset(found | ({"open"} if places else set()))


def allowed(cell: Cell, who: Who) -> tuple[Step, ...]:
    """The way to the last thing that may be read, where the rest is denied: it is gated,
    or the record that the question begins with is out of reach."""
    found, _, last = _walked(cell, who)
    begins = _led(cell.way[0], cell.way[0].names[0], "")
    if not found and (last or not begins):
        return ()
    edges = [n for n in range(last + 1) if EDGES & {*cell.way[n].names}]
    end = edges[-1] + 1
    is_looked_at = end < len(cell.way) and cell.way[end].key is None
    return cell.way[: end + is_looked_at]


def _walked(cell: Cell, who: Who) -> tuple[set[str], list[str], int]:
    """Whether something is gated; the places at the end; and the step that led nowhere."""
    places: list[str] = [""]
    found: set[str] = set()
    for n, step in enumerate(cell.way):
        passed = [t for place in places for t in _passed(step, place, who)]
        found |= {"gated"} & {*passed}
        places = [t for t in passed if t != "gated"]
        if not places:
            return found, [], n
    return found, places, len(cell.way) - 1


def is_absent(name: str, who: Who) -> bool:
    """Whether a coordinate or a type does not exist for somebody."""
    if name in FOR_ADMINS:
        return not who.is_admin
    if who.is_masked and name in MASKED:
        return True
    if name in OF_ALL_COMPANIES:
        everywhere = who.sections if who.churned is None else who.churned & who.sections
        return OF_ALL_COMPANIES[name] not in everywhere
    reachable = who.sections | (who.churned or NONE)
    section = OF_SECTIONS.get(name) or _section(name)
    return section is not None and section not in reachable


def _section(name: str) -> str | None:
    """The section whose field on a record this is."""
    type_, _, field = name.partition(".")
    if type_ not in ("Company", "Relationship"):
        return None
    return _BY_FIELD.get(field)


def _passed(step: Step, place: str, who: Who) -> Sequence[str]:
    """Where a step leads to from a place: a thing's id, or empty where there is none."""
    name = step.names[0] if step.names else ""
    if step.key is None:
        return _looked_at(name, place, who)
    section = _section(name)
    if section is not None:
        return [place] if section in who.held(place) else ["gated"]
    led = _led(step, name, place)
    return [place] if led is None else [t for t in led if who.reads(t)]


def _looked_at(name: str, place: str, who: Who) -> Sequence[str]:
    if name in OF_SECTIONS and name.endswith("Section"):
        return [place] if OF_SECTIONS[name] in who.held(place) else []
    if not place or name in ("Section", "Payload"):
        return [place]
    type_ = TYPES[place.rpartition("_")[0]]
    is_record = name == "Record360" and place in RECORDS
    return [place] if name in (type_, "Node") or is_record else []


def _led(step: Step, name: str, place: str) -> Sequence[str] | None:
    """The things that a field leads to; None where it stays at its own."""
    subject = CTAS.get(place, place)
    own = COMPANY_OF.get(subject, subject)
    match name:
        case "Query.node" | "Query.company" | "Query.relationship":
            return [t for t in THINGS if f'"{t}"' in step.text]
        case "Query.nodes":
            return THINGS
        case "CompanyEdge.node":
            return ["company_1", "company_2"]
        case "SearchEdge.node":
            return [*RECORDS, "person_1"]
        case "Company.parent":
            return [PARENT[place]] if place in PARENT else []
        case "Relationship.company" | "Cta.company":
            return [own]
        case "RelationshipEdge.node":
            return [r for r, of in COMPANY_OF.items() if of == own and r != place]
        case "Cta.relationship":
            below = place in RECORDS and subject == own
            about = [r for r in CTAS.values() if COMPANY_OF.get(r) == own]
            return about if below or subject != own else []
        case "CompanyHierarchySection.root":
            return ["company_2"]
        case "HierarchyNode.company":
            return ["company_1", "company_2"]
        case "NotificationEdge.node" | "NotificationMute.record":
            return []  # nobody was told of anything, nor has muted anything
    return None
