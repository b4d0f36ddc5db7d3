"""The answers to surveys of a benchmark: 60 of a company, over three years.

The three surveys are one of NPS, one of another question, and an anonymous one of NPS,
which a fifth of the companies have too few people for to be shown it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ANSWERS = 60
"""Of a company, those that have not come among them."""
SPREAD_DAYS = 1_080
ASKED_TOO_FEW = 4
"""Of an anonymous survey; from five on its answers are shown."""


def surveys() -> Iterator[str]:
    """The surveys."""
    yield """INSERT INTO surveys_survey (id, key, name, kind, status, is_anonymous) VALUES
        ('survey_0', 'relationship_nps', 'How we do', 'NPS', 'PUBLISHED', false),
        ('survey_1', 'case_csat', 'How we helped', 'CSAT', 'PUBLISHED', false),
        ('survey_2', 'anonymous_nps', 'Between us', 'NPS', 'PUBLISHED', true)"""


def answers(sql: Any, many: str, number: str, times: int) -> Iterator[str]:
    """The answers of the companies of `many`; `number` is a row source of `r`, from 1 on."""
    few = f"n % 5 = 0 AND r > {3 * ASKED_TOO_FEW}"
    survey = f"CASE WHEN r % 3 = 2 AND {few} THEN 1 ELSE r % 3 END"
    day = f"- (r * {SPREAD_DAYS // ANSWERS} / {times}) - n % 7"
    yield f"""INSERT INTO surveys_response (id, survey_id, company_id, relationship_id,
            person_id, state, rating, comment, responded_at)
        SELECT 'answer_' || n || '_' || r, 'survey_' || survey, 'company_' || n,
            CASE WHEN r % 4 > 0 THEN 'relationship_' || n || '_' || (1 + r % {5 * times})
                END,
            CASE WHEN survey < 2 THEN 'person_' || n || '_' || (1 + r / 3 % {3 * times}) END,
            CASE WHEN r % 10 = 9 THEN 'SENT' WHEN r % 10 = 4 THEN 'PARTIAL'
                ELSE 'SUBMITTED' END,
            CASE WHEN r % 10 NOT IN (4, 9) THEN 10 - (n * r + r / 2) % 11 END,
            CASE WHEN r % 10 <> 9 AND r % 2 = 0 THEN 'What somebody wrote in ' || r END,
            {sql.instant(day)}
        FROM (SELECT n, r, {survey} AS survey FROM {many}, {number}) AS a"""
