"""Answers to anonymous surveys: neither pages nor what they differ by tell of anyone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cyclorama.sections.surveys import section
from cyclorama.sections.surveys.rules import is_part_shown
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench, relationship

pytestmark = pytest.mark.anyio
ALL = [None, 11, 12, 13]
"""The company itself and its relationships."""


def answers(*counts: int, survey: str) -> Iterator[ResponseRow]:
    """So many of the company itself and of each relationship: promoters, and detractors
    of the last two."""
    for part, count in zip(ALL, counts, strict=False):
        for n in range(count):
            yield ResponseRow(
                id=f"survey_response_{survey}{part}n{n}",
                survey_id=f"survey_{survey}",
                company_id="company_1",
                relationship_id=part and f"relationship_{part}",
                rating=10 if part in (None, 11) else 0,
                responded_at=NOW - timedelta(days=1),
            )


async def filled(database: Database) -> Bench:
    bench = Bench(database, [section])
    await bench.fill()
    await bench.add(*(relationship(n, of=1) for n in ALL if n))
    return bench


@pytest.mark.parametrize(
    ("participants", "rest", "shown"),
    [(4, 0, False), (5, 0, True), (5, 1, False), (5, 4, False), (5, 5, True)],
)
def test_a_part_is_shown_from_5_where_the_rest_is_none_or_5(
    participants: int, rest: int, shown: bool
) -> None:
    given: dict[str, Any] = {"participants": participants, "rest": rest}
    assert is_part_shown(is_anonymous=True, **given) is shown
    assert is_part_shown(is_anonymous=False, **given)


async def test_what_pages_differ_by_tells_of_nobody(database: Database) -> None:
    """Of `whole` no part is too small, of `small` one relationship is, of `rest` two are
    that are large enough together."""
    bench = await filled(database)
    kinds = {"whole": (0, 5, 6), "small": (0, 5, 6, 1), "rest": (2, 5, 0, 3)}
    for key, counts in kinds.items():
        await bench.add(
            SurveyRow(id=f"survey_{key}", key=key, name=key, is_anonymous=True)
        )
        await bench.add(*answers(*counts, survey=key))
    shown = "surveys { responses(first: 50) { edges { node { survey } } } }"
    query = " ".join(
        [f'c: company(id: "company_1") {{ {shown} }}']
        + [
            f'r{n}: relationship(id: "relationship_{n}") {{ {shown} }}'
            for n in (11, 12)
        ]
    )
    found = await bench.query(f"{{ {query} }}")
    told: dict[str, dict[str, int]] = {}
    for name, page in found.items():
        names = [e["node"]["survey"] for e in page["surveys"]["responses"]["edges"]]
        told[name] = {key: names.count(key) for key in kinds}
    assert told == {
        "c": {"whole": 11, "small": 12, "rest": 10},
        "r11": {"whole": 5, "small": 0, "rest": 5},
        "r12": {"whole": 6, "small": 0, "rest": 0},
    }


async def test_an_answer_of_too_few_has_no_rating_by_its_id(database: Database) -> None:
    bench = await filled(database)
    await bench.add(
        SurveyRow(id="survey_few", key="few", name="Few", is_anonymous=True)
    )
    await bench.add(*answers(0, 4, survey="few"))
    query = """{ node(id: "survey_response_few11n0") { ... on SurveyResponse {
      rating comment survey } } }"""
    found = {"rating": None, "comment": None, "survey": "Few"}
    assert (await bench.query(query))["node"] == found
    await bench.add(*list(answers(0, 5, survey="few"))[4:])
    assert (await bench.query(query))["node"] == {**found, "rating": 10}
