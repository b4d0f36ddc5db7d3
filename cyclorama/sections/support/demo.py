"""Demo cases: up to seven for each company, two in five of them open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zlib import crc32

from cyclorama.plugins import DemoRecords
from cyclorama.sections.support.tables import SupportCaseRow

SUBJECTS = (
    "Export stops at 10,000 rows",
    "Cannot sign in after the password change",
    "Dashboard shows last week's figures",
    "How do we add a second workspace?",
    "Rechnung enthält falsche USt-IdNr.",
    "帳票が印刷できません",
    "API answers 429 during the night run",
    "Mobile app closes when a photo is attached",
    "Request: single sign-on for contractors",
    "Webhook arrives twice",
)
PRIORITIES = ("Low", "Medium", "Medium", "High", "Urgent", None)
OPEN_STATUSES = ("New", "In progress", "Waiting for customer")


def demo(records: DemoRecords) -> Iterator[SupportCaseRow]:
    """Cases of the last 180 days, the same ones on every run."""
    of_company: dict[str, list[str]] = {}
    for relationship, company in records.relationships:
        of_company.setdefault(company, []).append(relationship)
    noon = datetime.combine(records.today, time(12), UTC)
    number = 0
    for company in records.companies:
        for place in range(_dice(8, company, "cases")):
            number += 1
            yield _case(number, place, company, of_company.get(company, []), noon)


def _dice(sides: int, *seed: object) -> int:
    return crc32("/".join(map(str, seed)).encode()) % sides


def _case(
    number: int, place: int, company: str, relationships: list[str], noon: datetime
) -> SupportCaseRow:
    age = 1 + _dice(180, company, place, "age")
    opened = noon - timedelta(days=age, minutes=_dice(600, company, place, "minute"))
    took = timedelta(hours=3 + _dice(300, company, place, "took"))
    is_closed = _dice(5, company, place, "open") > 1 and opened + took < noon
    closed = opened + took if is_closed else None
    choice = _dice(1 + len(relationships), company, place, "relationship")
    scored = is_closed and _dice(3, company, place, "scored") > 0
    return SupportCaseRow(
        id=f"case_demo{number:04d}",
        company_id=company,
        relationship_id=relationships[choice - 1] if choice else None,
        number=f"{10_000 + number}",
        subject=SUBJECTS[_dice(len(SUBJECTS), company, place, "subject")],
        status="Closed"
        if is_closed
        else OPEN_STATUSES[_dice(len(OPEN_STATUSES), company, place, "status")],
        is_closed=is_closed,
        priority=PRIORITIES[_dice(len(PRIORITIES), company, place, "priority")],
        opened_at=opened,
        closed_at=closed,
        csat=3.0 + _dice(3, company, place, "csat") if scored else None,
        escalated=_dice(12, company, place, "escalated") == 0,
        updated_at=closed or opened + timedelta(hours=1),
    )
