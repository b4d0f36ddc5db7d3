"""`cyclorama surveys`: what people answered, as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, Final

import sqlalchemy as sa

from cyclorama.plugins import (
    Commands,
    CompanyRow,
    ConfigError,
    PersonRow,
    RelationshipRow,
    Told,
    Work,
    append_entries,
    audit_entry,
)
from cyclorama.sections.surveys import measures
from cyclorama.sections.surveys.tables import (
    ANSWERED,
    ResponseRow,
    ReviewRow,
    SurveyRow,
)

PAGE: Final = 1_000
OWN: Final[Any] = ResponseRow.__table__
_FORMULA: Final = tuple("=+-@\t\r")
"""What a spreadsheet takes for the beginning of a formula."""
_TEXTS: Final = ("company", "relationship", "person", "comment", "excluded_reason")
COLUMNS: Final[dict[str, Any]] = {
    "id": OWN.c.id,
    "survey": SurveyRow.key,
    "kind": SurveyRow.kind,
    "company_id": OWN.c.company_id,
    "company": CompanyRow.name,
    "relationship_id": sa.case((measures.is_part_shown(OWN), OWN.c.relationship_id)),
    "relationship": sa.case((measures.is_part_shown(OWN), RelationshipRow.name)),
    "person_id": OWN.c.person_id,
    "person": PersonRow.name,
    "state": OWN.c.state,
    "rating": OWN.c.rating,
    "comment": sa.case((measures.is_text_shown(OWN), OWN.c.comment)),
    "responded_at": OWN.c.responded_at,
    "excluded_reason": ReviewRow.excluded_reason,
}


async def export(
    work: Work,
    survey: str | None = None,
    since: str | None = None,
    output: Path | None = None,
) -> Told:
    """Write what people answered as CSV, the oldest first: to all surveys, or to the one
    with this key; of all time, or since a day (UTC). What is too little to stay anonymous
    is left out, as on pages."""
    where = await _conditions(work, survey, since)
    found: list[dict[str, Any]] = []
    count, memory = 0, io.StringIO()
    with _opened(output, memory) as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        async for page in _pages(work, where):
            writer.writerows(map(_harmless, page))
            count += len(page)
            found += [] if output else page
    async with work.database.write() as session:
        told = {"survey": survey, "since": since, "answers": count}
        entry = audit_entry(work.author, "survey.export", None, None, told)
        await append_entries(session, [entry])
    if output is None:
        return Told(memory.getvalue().rstrip("\n"), found)
    return Told(f"{count:,} answers.", {"answers": count})


async def _conditions(work: Work, survey: str | None, since: str | None) -> list[Any]:
    where: list[Any] = [OWN.c.state.in_(ANSWERED), measures.is_shown(OWN)]
    if survey is not None:
        async with work.database.read() as reading:
            known = await reading.execute(sa.select(SurveyRow.id, SurveyRow.key))
        ids = [s.id for s in known if s.key == survey]
        if not ids:
            keys = ", ".join(sorted(s.key for s in known)[:20]) or "none"
            raise ConfigError(f"There is no survey {survey!r}; there are: {keys}.")
        where.append(OWN.c.survey_id == ids[0])
    if since is not None:
        try:
            day = date.fromisoformat(since)
        except ValueError:
            message = f"{since!r} is no day; write it as 2026-01-31."
            raise ConfigError(message) from None
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        where.append(OWN.c.responded_at >= begin)
    return where


async def _pages(
    work: Work, where: Sequence[Any]
) -> AsyncIterator[list[dict[str, Any]]]:
    """The answers in the order of their instants, page by page, as they were at one
    moment."""
    columns = [column.label(name) for name, column in COLUMNS.items()]
    query = (
        sa.select(*columns)
        .select_from(OWN)
        .join(SurveyRow, SurveyRow.id == OWN.c.survey_id)
        .join(CompanyRow, CompanyRow.id == OWN.c.company_id)
        .outerjoin(RelationshipRow, RelationshipRow.id == OWN.c.relationship_id)
        .outerjoin(PersonRow, PersonRow.id == OWN.c.person_id)
        .outerjoin(ReviewRow, ReviewRow.id == OWN.c.id)
        .where(*where)
        .order_by(OWN.c.responded_at, OWN.c.id)
        .limit(PAGE)
    )
    at, page = OWN.c.responded_at, query
    async with work.database.read() as reading:
        while rows := await reading.execute(page):
            yield [_shown(row) for row in rows]
            last = rows[-1]
            behind = sa.and_(at == last.responded_at, OWN.c.id > last.id)
            page = query.where(sa.or_(at > last.responded_at, behind))


def _shown(row: Any) -> dict[str, Any]:
    when = row.responded_at.isoformat(timespec="milliseconds")
    return {**row._mapping, "responded_at": when.replace("+00:00", "Z")}


def _harmless(row: dict[str, Any]) -> dict[str, Any]:
    """The row with an apostrophe before texts that a spreadsheet would compute."""
    return {
        name: f"'{value}"
        if name in _TEXTS and value and value.startswith(_FORMULA)
        else value
        for name, value in row.items()
    }


@contextmanager
def _opened(output: Path | None, memory: IO[str]) -> Iterator[IO[str]]:
    """Where the text goes; `ConfigError` where that can't be."""
    if output is None:
        yield memory
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        message = f"{output} can't be written: {error.strerror}."
        raise ConfigError(message) from None


commands = Commands(
    name="surveys", help="What people answered, as a file.", functions=(export,)
)
