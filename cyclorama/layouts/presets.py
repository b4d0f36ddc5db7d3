"""The layouts that a new installation starts with: CSM, Exec, Essentials, Default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import (
    KINDS,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
    stamped,
)

_ORDER = (
    "summary",
    "attributes",
    "scorecard",
    "cockpit",
    "timeline",
    "people",
    "contacts",
    "relationships",
    "company_hierarchy",
    "success_plans",
    "surveys",
    "usage",
    "sponsor_tracking",
    "opportunity",
    "forecast",
    "leads",
    "support",
    "reports",
    "embedded_page",
    "company_intelligence",
)
"""The page order of known sections; others follow by key."""
_EXEC = (
    "summary",
    "scorecard",
    "cockpit",
    "timeline",
    "relationships",
    "company_hierarchy",
    "surveys",
)
_READ_ONLY = {"cockpit": {"editable": False}, "timeline": {"editable": False}}
"""Settings of what executives read and others write."""
_ESSENTIALS = (
    "summary",
    "attributes",
    "contacts",
    "support",
    "scorecard",
    "opportunity",
    "cockpit",
    "company_hierarchy",
)
_DEFAULT = ("summary", "attributes")
_DESCRIPTIONS = {
    "csm": "Every section: for those who look after customers, and for admins.",
    "exec": "The state of the account at a glance.",
    "essentials": "Eight sections to start with; assigned to nobody.",
    "default": "What everybody else sees.",
}


def presets(sections: Mapping[str, SectionFacts]) -> LayoutBook:
    """The four presets for both kinds, with the sections that exist and support them."""
    layouts = [layout for kind in KINDS for layout in _presets(kind, sections)]
    assignments = [a for kind in KINDS for a in _assignments(kind)]
    return stamped(LayoutBook(tuple(layouts), tuple(assignments)), sections)


def default_layout(kind: str) -> Layout:
    """The built-in default, which answers where an organisation has none."""
    return _layout("default", "Default", kind, _DEFAULT)


def _presets(kind: str, sections: Mapping[str, SectionFacts]) -> list[Layout]:
    usable = [key for key, facts in sections.items() if kind in facts.kinds]
    held = {
        ("csm", "CSM"): sorted(usable, key=_page_order),
        ("exec", "Exec"): [k for k in _EXEC if k in usable],
        ("essentials", "Essentials"): [k for k in _ESSENTIALS if k in usable],
        ("default", "Default"): [k for k in _DEFAULT if k in usable],
    }
    return [_layout(key, name, kind, keys) for (key, name), keys in held.items()]


def _page_order(section: str) -> tuple[int, str]:
    known = section in _ORDER
    return (_ORDER.index(section) if known else len(_ORDER), section)


def _assignments(kind: str) -> list[Assignment]:
    csm = (Clause(GROUPS, "IN_GROUP", ("csm", "admin")),)
    executives = (Clause(GROUPS, "IN_GROUP", ("exec",)),)
    return [
        Assignment(10, "Customer success and admins", _key("csm", kind), viewer=csm),
        Assignment(20, "Executives", _key("exec", kind), viewer=executives),
    ]


def _key(preset: str, kind: str) -> str:
    return preset if kind == "COMPANY" else f"{preset}_relationship"


def _layout(preset: str, name: str, kind: str, sections: Iterable[str]) -> Layout:
    return Layout(
        key=_key(preset, kind),
        kind=kind,
        relationship_type=None,
        name=name,
        description=_DESCRIPTIONS[preset],
        is_default=preset == "default",
        placements=tuple(
            Placement(s, s, config=_config(preset, s, kind)) for s in sections
        ),
    )


def _config(preset: str, section: str, kind: str) -> dict[str, Any]:
    if section == "summary":
        return {"fields": _without_industry(kind, _summary_fields())}
    if section == "attributes":
        return {"groups": _groups(kind)}
    return dict(_READ_ONLY.get(section, {})) if preset == "exec" else {}


def _summary_fields() -> list[dict[str, Any]]:
    paths = ("status", "industry", "arr", "originalContractDate", "renewalDate")
    return [{"path": path} for path in (*paths, "lifetimeInMonths")]


def _groups(kind: str) -> list[dict[str, Any]]:
    account: list[dict[str, Any]] = [
        {"path": "industry"},
        {"path": "status", "editable": True},
        {"path": "stage", "editable": True},
        {"path": "csm.name", "label": "CSM"},
        {"path": "csm.email", "label": "CSM email"},
    ]
    contract: list[dict[str, Any]] = [
        {"path": "arr"},
        {"path": "originalContractDate"},
        {"path": "renewalDate", "editable": True},
    ]
    return [
        {"label": "Account", "fields": _without_industry(kind, account)},
        {"label": "Contract", "fields": contract},
    ]


def _without_industry(kind: str, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Relationships have no industry of their own."""
    return [f for f in fields if kind == "COMPANY" or f["path"] != "industry"]
