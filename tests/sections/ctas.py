"""Builders of calls to action for tests: the vocabularies of a new database, and rows."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    STATUS,
    TYPE,
    CtaRow,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
    TaskRow,
)
from cyclorama.sections.cockpit.vocabulary import item_id, vocabulary
from cyclorama.storage.rows import Row, UserRow
from cyclorama.testing import NOW, Bench

TODAY = NOW.date()


def day(offset: int) -> date:
    """A day so many days from today."""
    return TODAY + timedelta(days=offset)


def cta(
    number: int = 1,
    *,
    of: str = "company_1",
    type: str = "risk",
    reason: str = "other",
    status: str = "new",
    due: int = 10,
    created: int = 0,
    closed: int | None = None,
    **values: Any,
) -> CtaRow:
    """A CTA, by default `cta_1` of `company_1`; days from today."""
    number_of = of.rpartition("_")[2]
    is_company = of.startswith("company_")
    given: dict[str, Any] = {
        "name": f"CTA {number}",
        "owner_id": "user_csm",
        "priority_id": item_id(PRIORITY, "medium"),
        "original_due_date": day(due),
        "is_closed": closed is not None,
        "closed_on": None if closed is None else day(closed),
        "closed_at": None if closed is None else NOW + timedelta(days=closed),
        **values,
    }
    return CtaRow(
        id=f"cta_{number}",
        company_id=f"company_{number_of}",
        relationship_id=None if is_company else of,
        type_id=item_id(TYPE, type),
        reason_id=item_id(REASON, reason),
        status_id=item_id(STATUS, status),
        due_date=day(due),
        created_on=day(created),
        created_at=NOW + timedelta(days=created),
        updated_at=NOW,
        **given,
    )


def task(number: int, *, of: int = 1, **values: Any) -> TaskRow:
    """A task of a CTA of `company_1`; the CTA's counts are not touched."""
    given: dict[str, Any] = {"owner_id": "user_csm", "name": f"Task {number}", **values}
    return TaskRow(
        id=f"cta_task_{number}",
        cta_id=f"cta_{of}",
        company_id="company_1",
        position=number,
        created_at=NOW,
        **given,
    )


def playbook(key: str, *offsets: tuple[str, int], **values: Any) -> list[Row]:
    """A playbook for CTAs of the type Risk with tasks of these anchors and days."""
    return [
        PlaybookRow(id=f"cta_playbook_{key}", key=key, name=key.title()),
        PlaybookTypeRow(
            playbook_id=f"cta_playbook_{key}", type_id=item_id(TYPE, "risk")
        ),
        *(
            PlaybookTaskRow(
                id=f"cta_playbook_task_{key}{n}",
                playbook_id=f"cta_playbook_{key}",
                position=n,
                name=f"{key} {n}",
                anchor=anchor,
                offset_days=days,
                **values,
            )
            for n, (anchor, days) in enumerate(offsets)
        ),
    ]


async def filled(bench: Bench, *rows: Row) -> Bench:
    """The bench with records, vocabularies, a second and a deactivated user, and rows."""
    await bench.fill()
    async with bench.database.write() as session:
        held = (
            UserRow(id="user_jo", email="jo@example.com", name="Jo", created_at=NOW),
            UserRow(
                id="user_gone",
                email="gone@example.com",
                name="Gone",
                active=False,
                created_at=NOW,
            ),
            *vocabulary({}),
            *rows,
        )
        for _, alike in groupby(held, lambda row: row.__tablename__):
            session.add_all(alike)
            await session.flush()
    return bench
