"""Demo surveys: two waves of a customer survey and an anonymous pulse.

The people of the first company, which is at risk, were promoters in the first wave; since
their sponsor left they are detractors.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row
from cyclorama.sections.surveys.rules import LEAST_PARTICIPANTS
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow

CUSTOMER, PULSE = "survey_democustomer", "survey_demopulse"
WAVES = (160, 25)
"""Days ago that the customer survey went out; answers came in the days after."""
AT_RISK = (
    ((9, "Onboarding was quick, and support answers within the hour."), 9, 10, 8),
    (
        (3, "Our sponsor has left, and nobody here knows the roadmap."),
        (2, "Tickets stay open for weeks."),
        5,
        6,
    ),
)
"""Ratings of the company at risk in each wave, some of them with words."""
COMMENTS = {
    "PROMOTER": (
        "We would not want to go back.",
        "Die Berichte sparen uns einen Tag im Monat.",
        "Great support team.",
    ),
    "PASSIVE": (
        "Good, but single sign-on is missing.",
        "機能は十分ですが、少し遅いです。",
    ),
    "DETRACTOR": ("Exports stop at 10,000 rows.", "Too many clicks for simple things."),
}


def demo(records: DemoRecords) -> Iterator[Row]:
    """Surveys, then whom they were sent to; the same rows on every run."""
    yield SurveyRow(id=CUSTOMER, key="customer", name="Customer survey")
    yield SurveyRow(id=PULSE, key="pulse", name="Team pulse", is_anonymous=True)
    people: dict[str, list[str]] = {}
    for person, company in records.people:
        people.setdefault(company, []).append(person)
    bought: dict[str, list[str]] = {}
    for relationship, company in records.relationships:
        bought.setdefault(company, []).append(relationship)
    for place, company in enumerate(records.companies):
        made = _Company(records, company, people.get(company, []), at_risk=place == 0)
        yield from made.waves(bought.get(company, []))
        yield from made.pulse()


def _dice(sides: int, *seed: object) -> int:
    return crc32("/".join(map(str, seed)).encode()) % sides


class _Company:
    """The responses of one company."""

    def __init__(
        self, records: DemoRecords, company: str, people: list[str], *, at_risk: bool
    ) -> None:
        self.company, self.people, self.at_risk = company, people, at_risk
        self.noon = datetime.combine(records.today, time(12), UTC)
        self.number = 0

    def waves(self, relationships: list[str]) -> Iterator[Row]:
        """Each person was asked in each wave, some of them about what was bought."""
        for wave, days in enumerate(WAVES):
            for place, person in enumerate(self.people):
                about = _dice(1 + len(relationships), person, "about")
                relationship = relationships[about - 1] if about else None
                yield self._asked(wave, days, place, person, relationship)

    def pulse(self) -> Iterator[Row]:
        """Of those who have enough people; nobody can tell who answered what."""
        if len(self.people) < LEAST_PARTICIPANTS:
            return
        for place in range(len(self.people)):
            days = 40 + _dice(9, self.company, "pulse", place)
            answered = _dice(4, self.company, "answered", place) > 0
            rating = self._usual("pulse", place) if answered else None
            yield self._row(PULSE, days, rating=rating)

    def _asked(
        self, wave: int, days: int, place: int, person: str, relationship: str | None
    ) -> Row:
        if self.at_risk and place < len(AT_RISK[wave]):
            given = AT_RISK[wave][place]
            rating, comment = given if isinstance(given, tuple) else (given, None)
        elif self.at_risk or _dice(10, person, wave, "answers") > 6:
            return self._row(CUSTOMER, days, person, relationship)
        else:
            rating, comment = self._usual(wave, place), None
            if _dice(3, person, wave, "writes") == 0:
                kind = "PROMOTER" if rating > 8 else "PASSIVE"
                kind = kind if rating > 6 else "DETRACTOR"
                of = COMMENTS[kind]
                comment = of[_dice(len(of), person, wave, "comment")]
        later = days - 1 - _dice(10, person, wave, "days")
        return self._row(CUSTOMER, later, person, relationship, rating, comment)

    def _usual(self, *of: object) -> int:
        """A rating near to what is usual in the company."""
        usual = 5 + _dice(5, self.company, "usual")
        return min(10, usual + _dice(4, self.company, *of, "rating"))

    def _row(
        self,
        survey: str,
        days: int,
        person: str | None = None,
        relationship: str | None = None,
        rating: int | None = None,
        comment: str | None = None,
    ) -> ResponseRow:
        self.number += 1
        own = self.company.rpartition("_")[2]
        return ResponseRow(
            id=f"survey_response_{own}n{self.number:02d}",
            survey_id=survey,
            company_id=self.company,
            relationship_id=relationship,
            person_id=person,
            state="SENT" if rating is None else "SUBMITTED",
            rating=rating,
            comment=comment,
            responded_at=self.noon - timedelta(days=days),
        )
