"""The surveys of the naive variant: all answers by a loader, all else in Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import strawberry

from benchmarks import nps
from benchmarks.naive_loaders import loaders
from benchmarks.nps import Tally
from benchmarks.shapes import Instant, Named, NpsPoint

Info = strawberry.Info
Private = strawberry.Private


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a company that may be shown, the newest first."""

    rows: list[Any]
    surveys: dict[str, Any]

    @property
    def recent(self) -> list[Any]:
        """Those of the period."""
        start = datetime.now(UTC) - nps.PERIOD
        return [r for r in self.rows if r.responded_at > start]

    def latest(self, rows: Iterable[Any]) -> list[int]:
        """The latest rating of each person."""
        found: dict[str, int] = {}
        for row in sorted(rows, key=lambda r: (r.responded_at, r.id)):
            if row.rating is not None and self.surveys[row.survey_id].kind == "NPS":
                found[row.person_id or row.id] = row.rating
        return list(found.values())

    @property
    def tally(self) -> Tally:
        """Of the period."""
        return nps.tally(self.latest(self.recent))

    def is_text_shown(self, row: Any) -> bool:
        """Whether enough people of the relationship answered, where nobody is named."""
        if not self.surveys[row.survey_id].is_anonymous:
            return True
        place = (row.survey_id, row.relationship_id)
        alike = [r for r in self.rows if (r.survey_id, r.relationship_id) == place]
        return len(alike) >= nps.LEAST_FOR_TEXT


async def answered(info: Info, record: str) -> Answered:
    """The answers of a company."""
    now = datetime.now(UTC)
    rows = await loaders(info).answers.load(record)
    asked = Counter(r.survey_id for r in rows)
    found = await loaders(info).survey.load_many(list(asked))
    shown = {
        s.id: s
        for s in found
        if not s.is_anonymous or asked[s.id] >= nps.LEAST_PARTICIPANTS
    }
    kept = [
        r
        for r in rows
        if r.survey_id in shown and r.state in nps.STATES and r.responded_at <= now
    ]
    return Answered(kept, shown)


@strawberry.type
class Answer:
    row: Private[Any]
    all: Private[Answered]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return self.row.id

    @strawberry.field
    def survey(self) -> str:
        return self.all.surveys[self.row.survey_id].name

    @strawberry.field
    def rating(self) -> int | None:
        return self.row.rating

    @strawberry.field
    def comment(self) -> str | None:
        return self.row.comment if self.all.is_text_shown(self.row) else None

    @strawberry.field
    def responded_at(self) -> Instant:
        return self.row.responded_at

    @strawberry.field
    async def person(self, info: Info) -> Named | None:
        key = self.row.person_id
        row = await loaders(info).person.load(key) if key else None
        return row and Named(name=row.name)


@strawberry.type
class AnswerEdge:
    node: Answer


@strawberry.type
class AnswerConnection:
    total_count: int
    edges: list[AnswerEdge]


@strawberry.type
class Surveys:
    all: Private[Answered]
    tally: Private[Tally]
    dial_mode: str = "NPS"

    @strawberry.field
    def nps(self) -> int | None:
        return self.tally.nps

    @strawberry.field
    def average_rating(self) -> float | None:
        return self.tally.average

    @strawberry.field
    def margin_of_error(self) -> float | None:
        return self.tally.margin

    @strawberry.field
    def low_sample(self) -> bool:
        return self.tally.number < nps.LOW_SAMPLE

    @strawberry.field
    def response_count(self) -> int:
        return self.tally.number

    @strawberry.field
    def promoters(self) -> int:
        return self.tally.promoters

    @strawberry.field
    def passives(self) -> int:
        return self.tally.passives

    @strawberry.field
    def detractors(self) -> int:
        return self.tally.detractors

    @strawberry.field
    def trend(self, months: int = 12) -> list[NpsPoint]:
        rows: defaultdict[date, list[Any]] = defaultdict(list)
        for row in self.all.rows:
            rows[nps.month_of(row.responded_at)].append(row)
        tallies = {m: nps.tally(self.all.latest(found)) for m, found in rows.items()}
        return nps.trend(tallies, months, datetime.now(UTC).date())

    @strawberry.field
    def responses(self, first: int = 20) -> AnswerConnection:
        rows = self.all.recent
        edges = [AnswerEdge(node=Answer(row=r, all=self.all)) for r in rows[:first]]
        return AnswerConnection(total_count=len(rows), edges=edges)


async def surveys_of(info: Info, record: str) -> Surveys:
    """The section."""
    found = await answered(info, record)
    return Surveys(all=found, tally=found.tally)
