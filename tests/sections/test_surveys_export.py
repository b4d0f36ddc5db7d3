"""`cyclorama surveys export`: what people answered, and nothing that tells who did."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.plugins import PersonRow, Work
from cyclorama.sections.surveys import section
from cyclorama.sections.surveys.commands import export
from cyclorama.sections.surveys.tables import ResponseRow, ReviewRow, SurveyRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench
from tests.sections.ruling import ANN

pytestmark = pytest.mark.anyio


def answers() -> Iterator[ResponseRow]:
    """Of two companies; the secret survey was sent to six people of the first, of whom
    three answered about a relationship and one about the company, and one of the second."""
    given: list[tuple[str, int, dict[str, Any]]] = [
        ("open", 1, {"person_id": "person_1", "comment": "=1+1", "rating": 9}),
        ("open", 1, {"relationship_id": "relationship_1", "rating": 3}),
        ("open", 1, {"state": "SENT"}),
        *[("secret", 1, {"relationship_id": "relationship_1", "comment": "T"})] * 3,
        *[("secret", 1, {"state": "SENT"})] * 2,
        ("secret", 1, {"comment": "Alone"}),
        ("secret", 2, {"comment": "Alone", "rating": 1}),
    ]
    for n, (survey, company, values) in enumerate(given):
        yield ResponseRow(
            id=f"survey_response_{n}",
            survey_id=f"survey_{survey}",
            company_id=f"company_{company}",
            responded_at=NOW - timedelta(days=n // 2),
            **values,
        )


async def test_answers_are_exported_in_order_and_none_that_tells_who(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(database, [section])
    await bench.fill()
    person = PersonRow(
        id="person_1", name="Zoé", search_key="zoe", created_at=NOW, updated_at=NOW
    )
    surveys = [
        SurveyRow(id=f"survey_{k}", key=k, name=k, is_anonymous=k == "secret")
        for k in ("open", "secret")
    ]
    review = ReviewRow(id="survey_response_1", excluded_reason="A test")
    await bench.add(person, *surveys, *answers())
    await bench.add(review)
    monkeypatch.setitem(export.__globals__, "PAGE", 2)
    work = Work(database=database, author=ANN, today=NOW.date(), fields=())
    file = tmp_path / "answers.csv"
    assert (await export(work, output=file)).data == {"answers": 6}
    with file.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    told = [(r["id"].rpartition("_")[2], r["comment"]) for r in found]
    assert told == [
        ("8", ""),
        ("4", "T"),
        ("5", "T"),
        ("3", "T"),
        ("0", "'=1+1"),
        ("1", ""),
    ]
    first = found[4]
    assert (first["survey"], first["company"], first["person"]) == (
        "open",
        "Company 1",
        "Zoé",
    )
    assert (first["rating"], first["responded_at"]) == ("9", "2026-03-02T12:00:00.000Z")
    assert found[5]["excluded_reason"] == "A test"
    assert [r["relationship_id"] for r in found] == [*[""] * 5, "relationship_1"]
    text = (await export(work)).words
    assert text == file.read_text("utf-8").rstrip("\n")
    only = await export(work, survey="open")
    assert [r["comment"] for r in only.data] == ["=1+1", None]
    late = await export(work, survey="open", since="2026-03-03")
    assert (late.data, late.words.count("\n")) == ([], 0)
    for wrong, why in (
        ({"survey": "nope"}, "There is no survey 'nope'; there are: open, secret"),
        ({"since": "yesterday"}, "write it as 2026-01-31"),
        ({"output": tmp_path}, "can't be written"),
    ):
        with pytest.raises(ConfigError, match=why):
            await export(work, **wrong)  # type: ignore[arg-type]
    query = sa.select(AUDIT.c.details).where(AUDIT.c.action == "survey.export")
    async with database.read() as reading:
        logged = await reading.execute(query.order_by(AUDIT.c.number))
    told_of = [json.loads(row.details)["answers"][1] for row in logged]
    assert told_of == [6, 6, 2, 0]
