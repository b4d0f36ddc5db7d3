"""Small layout files for tests, and the names that they may use."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from cyclorama.layouts.file import LayoutFileError, parse_layouts
from cyclorama.layouts.model import LayoutBook, SectionFacts

SECTIONS = {
    "summary": SectionFacts("summary", "Summary"),
    "attributes": SectionFacts(
        "attributes", "Attributes", max_instances=None, requires_config=True
    ),
    "relationships": SectionFacts("relationships", "Relationships"),
    "company_hierarchy": SectionFacts("company_hierarchy", "Company Hierarchy"),
    "contacts": SectionFacts("contacts", "C", kinds=frozenset({"COMPANY"})),
    "support": SectionFacts("support", "Support"),
    "usage": SectionFacts("usage", "Usage"),
}


class Field(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str
    label: str | None = None
    editable: bool = False


class Group(BaseModel):
    label: str
    fields: list[Field]


class AttributesConfig(BaseModel):
    groups: list[Group]


class SummaryConfig(BaseModel):
    fields: list[Field] = []


CONFIGS = {"attributes": AttributesConfig, "summary": SummaryConfig}
NAMES: dict[str, Any] = {
    "sections": SECTIONS,
    "configs": CONFIGS,
    "attributes": {
        "COMPANY": frozenset({"arr", "status", "stage", "custom.region"}),
        "RELATIONSHIP": frozenset({"arr", "status", "type"}),
    },
    "viewer_attributes": frozenset({"level"}),
    "groups": frozenset({"admin", "csm", "exec"}),
    "relationship_types": frozenset({"product", "project"}),
}
BASE = """
layouts:
  - {key: company, kind: COMPANY, name: Company, is_default: true}
  - {key: any, kind: RELATIONSHIP, name: Any, is_default: true}
"""


def parse(text: str, **given: Any) -> LayoutBook:
    return parse_layouts(text, **{**NAMES, **given})


def problems(text: str, **given: Any) -> dict[str, tuple[str, str]]:
    """Code and message of each problem by its dotted path."""
    with pytest.raises(LayoutFileError) as refused:
        parse(text, **given)
    return {
        ".".join(map(str, p.path)): (p.code, p.message) for p in refused.value.problems
    }


def only(text: str, path: str, **given: Any) -> tuple[str, str]:
    found = problems(text, **given)
    assert list(found) == [path]
    return found[path]


def with_layout(**values: Any) -> str:
    layout = {"key": "more", "kind": "COMPANY", "name": "More", **values}
    return f"{BASE}  - {layout}".replace("True", "true").replace("None", "null")


def with_placements(*placements: dict[str, Any], kind: str = "COMPANY") -> str:
    return with_layout(kind=kind, placements=list(placements))


def with_assignments(*assignments: dict[str, Any]) -> str:
    full = [
        {"rank": n, "name": f"A{n}", "layout": "company", **given}
        for n, given in enumerate(assignments)
    ]
    return f"{BASE}assignments: {full}"


def with_clause(
    attribute: str, operator: str, *values: Any, side: str = "record", **given: Any
) -> str:
    clause = {"attribute": attribute, "operator": operator, "values": list(values)}
    return with_assignments({side: [clause], **given})
