"""The loaders of the naive variant: whole rows through the ORM, a session for each batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from strawberry.dataloader import DataLoader

from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.scorecard.tables import (
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.sections.timeline.tables import ActivityRow, AttendeeRow, CommentRow
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
    UsageModuleRow,
)
from cyclorama.storage.rows import (
    CompanyRow,
    PersonRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)

Sessions = async_sessionmaker[AsyncSession]
Load = Callable[[list[Any]], Awaitable[Sequence[Any]]]


def one(sessions: Sessions, row: Any) -> DataLoader[str, Any]:
    """Rows by id."""

    async def load(keys: list[str]) -> list[Any]:
        async with sessions() as session:
            found = await session.scalars(select(row).where(row.id.in_(keys)))
            by_id = {r.id: r for r in found}
        return [by_id.get(key) for key in keys]

    return DataLoader(load)


def many(
    sessions: Sessions, row: Any, column: str, *order: Any
) -> DataLoader[str, Any]:
    """Lists of the rows whose column refers to a key."""

    async def load(keys: list[str]) -> list[list[Any]]:
        query = select(row).where(getattr(row, column).in_(keys)).order_by(*order)
        found: defaultdict[str, list[Any]] = defaultdict(list)
        async with sessions() as session:
            for r in await session.scalars(query):
                found[getattr(r, column)].append(r)
        return [found[key] for key in keys]

    return DataLoader(load)


class Loaders:
    """Those of one request."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.company = one(sessions, CompanyRow)
        self.item = one(sessions, PicklistItemRow)
        self.user = one(sessions, UserRow)
        self.type = one(sessions, RelationshipTypeRow)
        self.module = one(sessions, UsageModuleRow)
        self.children = many(
            sessions, CompanyRow, "parent_id", CompanyRow.search_key, CompanyRow.id
        )
        self.relationships = many(
            sessions,
            RelationshipRow,
            "company_id",
            RelationshipRow.search_key,
            RelationshipRow.id,
        )
        self.cases = self._both(
            SupportCaseRow, SupportCaseRow.opened_at.desc(), SupportCaseRow.id
        )
        self.active = self._both(UsageActiveDayRow, UsageActiveDayRow.day)
        self.used = self._both(UsageDailyRow, UsageDailyRow.day)
        self.entitlements = self._both(UsageEntitlementRow)
        self.person = one(sessions, PersonRow)
        self.survey = one(sessions, SurveyRow)
        self.answers = many(
            sessions,
            ResponseRow,
            "company_id",
            ResponseRow.responded_at.desc(),
            ResponseRow.id,
        )
        self.ctas = many(sessions, CtaRow, "company_id", CtaRow.due_date, CtaRow.id)
        self.activities = many(
            sessions,
            ActivityRow,
            "company_id",
            ActivityRow.activity_date.desc(),
            ActivityRow.id.desc(),
        )
        self.attendees = many(sessions, AttendeeRow, "activity_id")
        self.comments = many(
            sessions,
            CommentRow,
            "activity_id",
            CommentRow.created_at,
            CommentRow.id,
        )
        self.card = one(sessions, CardRow)
        self.measure = one(sessions, MeasureRow)
        self.cards = many(sessions, CardRow, "record_kind", CardRow.rank, CardRow.id)
        self.assignment = many(sessions, AssignmentRow, "record_id")
        self.bands = many(sessions, BandRow, "scheme_id", BandRow.position)
        self.nodes = many(sessions, NodeRow, "card_id", NodeRow.position, NodeRow.id)
        self.scores = many(sessions, ScoreRow, "record_id")
        self.events = many(
            sessions, EventRow, "record_id", EventRow.day, EventRow.number
        )

    def _both(self, row: Any, *order: Any) -> dict[str, DataLoader[str, Any]]:
        """Loaders by kind of record."""
        return {
            "company": many(self.sessions, row, "company_id", *order),
            "relationship": many(self.sessions, row, "relationship_id", *order),
        }


def loaders(info: strawberry.Info) -> Loaders:
    """The request's loaders."""
    found: Loaders = info.context["loaders"]
    return found
