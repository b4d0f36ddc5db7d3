"""The demo's companies, people and users as rows of the core's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from cyclorama.demo.companies import (
    INDUSTRIES,
    TYPES,
    DemoCompany,
    DemoRelationship,
    dice,
)
from cyclorama.storage.notifications import FollowRow
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    MembershipRow,
    PersonRow,
    PicklistItemRow,
    RelationshipPersonRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)
from cyclorama.storage.search import fold

USERS = (
    ("admin", "admin@example.com", "Astrid Admin", "Administrator"),
    ("csm", "csm@example.com", "Camille Moreau", "Customer Success Manager"),
    ("exec", "exec@example.com", "Emeka Okafor", "Chief Customer Officer"),
)
"""Group, address, name and title of each demo user."""
STATUSES = ("active", "active", "active", "active", "inactive")
AT_RISK = "will_churn"
"""The stage of the first company, whose story the sections tell."""
STAGES = ("kicked_off", "adopting", "launched")
Ids = Mapping[tuple[str, str], str]
"""(vocabulary, key) -> id; vocabularies are the picklists, `group` and `type`."""
Values = dict[str, Any]
Table = tuple[Any, list[Values]]


def industry_key(label: str) -> str:
    """The key of an industry's item."""
    return label.lower().replace(" ", "_")


def vocabulary() -> Iterator[tuple[Any, tuple[str, str], Values]]:
    """What the records point to beyond the seed, as (row class, key in `Ids`, values): the
    loader adds those that the database lacks."""
    for place, label in enumerate(INDUSTRIES):
        yield _industry(industry_key(label), label, place)
    for key, name, description in TYPES:
        values = {"id": f"relationship_type_demo{key}", "key": key, "name": name}
        yield (
            RelationshipTypeRow,
            ("type", key),
            {**values, "description": description},
        )


def _industry(key: str, label: str, place: int) -> tuple[Any, tuple[str, str], Values]:
    values = {
        "id": f"picklist_item_demo{key.replace('_', '')}",
        "picklist": "company.industry",
        "key": key,
        "label": label,
        "position": place,
    }
    return PicklistItemRow, ("company.industry", key), values


def user_id(group: str) -> str:
    """The id of a demo user."""
    return f"user_demo{group}"


def tables(made: Sequence[DemoCompany], ids: Ids, now: datetime) -> list[Table]:
    """Rows by table, in an order in which each table's parents come first."""
    pairs = [(c, r) for c in made for r in c.relationships]
    people = [(c, p, place) for c in made for place, p in enumerate(c.people)]
    return [
        (UserRow, [_user(*u, now) for u in USERS]),
        (MembershipRow, [_member(u[0], ids) for u in USERS]),
        (CompanyRow, [_company(c, ids, now) for c in made]),
        (RelationshipRow, [_relationship(c, r, ids, now) for c, r in pairs]),
        (PersonRow, [_person(p, now) for _, p, _ in people]),
        (CompanyPersonRow, [_at_company(c, p, place) for c, p, place in people]),
        (RelationshipPersonRow, [_in_relationship(c, r) for c, r in pairs]),
        (ExternalRefRow, [_ref(c) for c in made]),
        (FollowRow, [_follow(group, made[0], now) for group in ("csm", "exec")]),
    ]


def _user(group: str, email: str, name: str, title: str, now: datetime) -> Values:
    return {
        "id": user_id(group),
        "email": email,
        "name": name,
        "title": title,
        "department": "Customer Success",
        "created_at": now,
    }


def _member(group: str, ids: Ids) -> Values:
    return {
        "group_id": ids["group", group],
        "user_id": user_id(group),
        "by_hand": True,
    }


def _follow(group: str, company: DemoCompany, now: datetime) -> Values:
    return {"user_id": user_id(group), "record_id": company.id, "at": now}


def _record(kind: str, name: str, ids: Ids, now: datetime, age: int) -> Values:
    """What the two kinds of record have in common."""
    status = STATUSES[dice(len(STATUSES), name, kind, "status")]
    stage = STAGES[0 if age < 6 else 1 if age < 18 else 2]
    began = now.date() - timedelta(days=age * 30)
    return {
        "name": name,
        "search_key": fold(name),
        "currency": "USD",
        "original_contract_date": began,
        "renewal_date": _renewal(began, now.date()),
        "status_id": ids[f"{kind}.status", status],
        "stage_id": ids[f"{kind}.stage", stage],
        "csm_id": user_id("csm"),
        "created_at": now - timedelta(days=age * 30),
        "updated_at": now - timedelta(hours=dice(480, name, "updated")),
    }


def _renewal(began: date, today: date) -> date:
    """The next anniversary, counted in 365 days."""
    years = (today - began).days // 365 + 1
    return began + timedelta(days=365 * years)


def _company(company: DemoCompany, ids: Ids, now: datetime) -> Values:
    number = company.number
    return {
        **_record("company", company.name, ids, now, company.age),
        **({"stage_id": ids["company.stage", AT_RISK]} if number == 1 else {}),
        "id": company.id,
        "managed_as": "CUSTOMER",
        "parent_id": company.parent,
        "industry_id": ids["company.industry", industry_key(company.industry)],
        "employees": company.employees,
        "users": company.employees // 10,
        "arr_minor": company.arr_minor,
        "mrr_minor": company.arr_minor // 12,
        "tags": [("reference", "beta", "multi-year")[dice(3, number, "tag")]]
        if dice(3, number, "tagged")
        else [],
        "comment": "Asked for a roadmap session at the last review."
        if dice(4, number, "comment") == 0
        else None,
    }


def _relationship(
    company: DemoCompany, own: DemoRelationship, ids: Ids, now: datetime
) -> Values:
    ended = now.date() - timedelta(days=40) if own.ended else None
    values = _record("relationship", own.name, ids, now, company.age)
    if own.ended:
        values["status_id"] = ids["relationship.status", "churn"]
    name = f"{company.name} · {own.name}"
    return {
        **values,
        "id": own.id,
        "name": name,
        "search_key": fold(name),
        "company_id": company.id,
        "type_id": ids["type", own.type],
        "arr_minor": own.arr_minor,
        "mrr_minor": own.arr_minor // 12,
        "churned_on": ended,
    }


def _person(person: Any, now: datetime) -> Values:
    return {
        "id": person.id,
        "name": person.name,
        "search_key": fold(person.name),
        "email": person.email,
        "title": person.title,
        "created_at": now,
        "updated_at": now,
    }


def _at_company(company: DemoCompany, person: Any, place: int) -> Values:
    first = _link(company, 0)
    return {
        "id": _link(company, place),
        "person_id": person.id,
        "company_id": company.id,
        "title": person.title,
        "role": ("Sponsor", "Champion", "User")[min(place, 2)],
        "manager_id": first if place else None,
        "is_primary": place == 0,
    }


def _link(company: DemoCompany, place: int) -> str:
    return f"company_person_demo{company.number:03d}p{place}"


def _in_relationship(company: DemoCompany, own: DemoRelationship) -> Values:
    place = dice(len(company.people), own.id, "contact")
    return {
        "id": f"relationship_person_{own.id.rpartition('_')[2]}",
        "person_id": company.people[place].id,
        "company_person_id": _link(company, place),
        "relationship_id": own.id,
        "role": "Contact",
    }


def _ref(company: DemoCompany) -> Values:
    external = f"A-{company.number:04d}"
    return {
        "id": f"external_ref_demo{company.number:03d}",
        "system": "crm",
        "object_type": "Account",
        "external_id": external,
        "entity_id": company.id,
        "url": f"https://crm.example.com/accounts/{external}",
    }
