"""PostGraphile's answers in Cyclorama's shape, to hold their values against each other.

What is no value of a row (labels, paths, types of fields) is not asked of PostGraphile,
nor is a value twice; amounts and instants come as its scalars write them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from benchmarks.peers import section_shapes as sections


def shaped(variant: str, answer: Any) -> Any:
    """A variant's answer in Cyclorama's shape; one with errors stays as it is."""
    if variant != "postgraphile" or answer.get("errors") or not answer.get("data"):
        return answer
    data = answer["data"]
    if "allCompanies" in data:
        rows = data["allCompanies"]["nodes"]
        return {"data": {"companies": {"edges": [{"node": _row(r)} for r in rows]}}}
    found = data["companyByRowId"]
    page = _full(found) if "usage" in found else _light(found)
    return {"data": {"company": page}}


def _money(of: Any, name: str = "arrMinor") -> Any:
    if of[name] is None:
        return None
    return {"amount": f"{Decimal(of[name]) / 100:.2f}", "currency": of["currency"]}


def _row(of: Any) -> Any:
    """A company of the portfolio."""
    return {
        "id": of["rowId"],
        "name": of["name"],
        **{name: of[name] for name in ("status", "stage", "industry")},
        "arr": _money(of),
        "renewalDate": of["renewalDate"],
        "originalContractDate": of["originalContractDate"],
        "lifetimeInMonths": of["lifetimeInMonths"],
        **{name: of[name] for name in ("csm", "employees", "managedAs")},
    }


def _light(of: Any) -> Any:
    people, opened = of["people"], of["openByPriority"]["nodes"]
    return {
        "id": of["rowId"],
        "name": of["name"],
        "summary": _summary(
            of, of["health"], of["openByType"]["nodes"], of["nps"], people, opened
        ),
        "attributes": _attributes(of),
    }


def _full(of: Any) -> Any:
    return {
        "id": of["rowId"],
        "name": of["name"],
        "arr": _money(of),
        "renewalDate": of["renewalDate"],
        "csm": of["csm"],
        "summary": _summary(
            of,
            of["scorecard"]["overall"],
            of["cockpit"]["byType"],
            of["surveys"],
            of["usage"],
            of["support"]["byPriority"],
        ),
        "attributes": _attributes(of),
        "relationships": _relationships(of),
        "companyHierarchy": {"nodes": [_relative(n) for n in of["hierarchy"]["nodes"]]},
        "support": sections.support(of["support"], of["cases"]["nodes"]),
        "usage": {
            name: of["usage"][name]
            for name in ("utilization", "trendPercent", "activeUsers", "modules")
        },
        "scorecard": sections.scorecard(of["scorecard"]),
        "surveys": sections.surveys(of["surveys"], of["answers"]),
        "cockpit": sections.cockpit(of["cockpit"], of["openCtas"]),
        "timeline": sections.timeline(of["activities"]),
    }


def _summary(
    of: Any, health: Any, ctas: Any, nps: Any, people: Any, opened: Any
) -> Any:
    last, before = people["last"], people["before"]
    trend = "UP" if last > before else "DOWN" if last < before else "FLAT"
    todo = [{"label": c["label"], "count": c["count"]} for c in ctas]
    reached, stage = of["milestones"]["nodes"], of["stage"] or {"label": None}
    return {
        "cards": [
            _card("health", "Health", health["value"], health["trend"], []),
            _card("open_ctas", "Open CTAs", _total(todo), "NONE", todo),
            _card("milestones", "Milestones", _total(reached), "NONE", reached),
            _card("journey", "Customer journey", stage["label"], "NONE", reached),
            _card("nps", "NPS", nps["nps"], "NONE", _counts(nps)),
            _card("active_users", "Active users", last, trend, []),
            _card("open_cases", "Open cases", _total(opened), "NONE", opened),
        ],
        "fields": [
            {name: field[name] for name in ("path", "label", "value", "displayValue")}
            for field in (
                _picked("status", "Status", of["status"]),
                _picked("industry", "Industry", of["industry"]),
                _arr(of),
                _day(of, "originalContractDate", "Original contract date"),
                _day(of, "renewalDate", "Renewal date"),
                _lifetime(of["lifetimeInMonths"]),
            )
        ],
        "tags": of["tags"],
        "comment": of["comment"],
    }


def _total(breakdown: Any) -> int:
    return sum(b["count"] for b in breakdown)


def _counts(nps: Any) -> Any:
    names = ("promoters", "passives", "detractors")
    return [{"label": name.capitalize(), "count": nps[name]} for name in names]


def _card(key: str, label: str, value: Any, trend: str, breakdown: Any) -> Any:
    return {
        "key": key,
        "label": label,
        "value": value,
        "trend": trend,
        "breakdown": breakdown,
    }


def _attributes(of: Any) -> Any:
    csm = of["csm"] or {"name": None, "email": None}
    account = [
        _picked("industry", "Industry", of["industry"]),
        _picked("status", "Status", of["status"], True),
        _picked("stage", "Stage", of["stage"], True),
        _field("csm.name", "CSM", "STRING", csm["name"], csm["name"]),
        _field("csm.email", "CSM email", "EMAIL", csm["email"], csm["email"]),
    ]
    contract = [
        _arr(of),
        _day(of, "originalContractDate", "Original contract date"),
        _day(of, "renewalDate", "Renewal date", True),
    ]
    return {
        "groups": [
            {"label": "Account", "fields": account},
            {"label": "Contract", "fields": contract},
        ]
    }


def _field(
    path: str, label: str, kind: str, value: Any, shown: Any, editable: bool = False
) -> Any:
    return {
        "path": path,
        "label": label,
        "type": kind,
        "value": value,
        "displayValue": shown,
        "editable": editable,
    }


def _picked(path: str, label: str, item: Any, editable: bool = False) -> Any:
    held = item or {"key": None, "label": None}
    return _field(path, label, "PICKLIST", held["key"], held["label"], editable)


def _arr(of: Any) -> Any:
    held = _money(of)
    shown = held and f"{held['amount']} {held['currency']}"
    return _field("arr", "ARR", "CURRENCY", held, shown)


def _day(of: Any, path: str, label: str, editable: bool = False) -> Any:
    return _field(path, label, "DATE", of[path], of[path], editable)


def _lifetime(months: int | None) -> Any:
    shown = None if months is None else str(months)
    return _field("lifetimeInMonths", "Lifetime in months", "NUMBER", months, shown)


def _relationships(of: Any) -> Any:
    found = of["relationships"]
    return {
        "byType": [
            {
                "type": {"key": total["key"], "name": total["name"]},
                "count": total["count"],
                "arr": _money(total),
            }
            for total in of["relationshipTotals"]["nodes"]
        ],
        "relationships": {
            "totalCount": found["totalCount"],
            "pageInfo": found["pageInfo"],
            "edges": [{"node": _relationship(n)} for n in found["nodes"]],
        },
    }


def _relationship(of: Any) -> Any:
    return {
        "id": of["rowId"],
        "name": of["name"],
        "type": of["type"],
        "status": of["status"],
        "arr": _money(of),
        "renewalDate": of["renewalDate"],
    }


def _relative(of: Any) -> Any:
    return {
        "company": {"id": of["rowId"], "name": of["name"]},
        **{name: of[name] for name in ("parentId", "level", "childCount", "isCurrent")},
        "own": [{"path": "arr", "value": _money(of)}],
        "rolledUp": [{"path": "arr", "value": _money(of, "sumMinor")}],
    }
