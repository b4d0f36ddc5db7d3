"""The rows of a benchmark: SQL that makes the same ones in PostgreSQL and in SQLite.

A company has 5 relationships, 12 cases, 48 values of usage, 60 active days of people,
3 people, 16 scores, 24 past ones, 60 answers, 12 calls to action, 40 activities, some 4
stages and an external reference; a company of the list `LARGE` has 4 or 16 times as many rows.
Companies stand in trees of ten. Ids end in numbers: `company_17`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from benchmarks import activities, ctas, scores, surveys

COMPANIES = 10_000
BEGAN = "- 400 - n % 900"
"""The day of a company's first contract, counted from today."""
LARGE = (1, 4, 16)
"""How many times the usual rows the companies behind the last one have."""


@dataclass(frozen=True, slots=True)
class Sql:
    """What the two databases write differently."""

    dialect: str
    today: date

    def day(self, offset: str) -> str:
        """The day so many days after today, an expression."""
        if self.dialect == "sqlite":
            return f"date('{self.today}', ({offset}) || ' days')"
        return f"(date '{self.today}' + ({offset}))"

    def instant(self, offset: str) -> str:
        """The first instant of that day."""
        if self.dialect == "sqlite":
            return f"({self.day(offset)} || 'T00:00:00.000Z')"
        return f"({self.day(offset)}::timestamp AT TIME ZONE 'UTC')"

    def json(self, text: str) -> str:
        """A constant."""
        return f"'{text}'" if self.dialect == "sqlite" else f"'{text}'::jsonb"

    def one_of(self, number: str, *values: str) -> str:
        """The value at the number modulo their count."""
        cases = " ".join(f"WHEN {n} THEN '{v}'" for n, v in enumerate(values))
        return f"CASE ({number}) % {len(values)} {cases} END"


def numbers(name: str, first: int, last: int) -> str:
    """A row source: the numbers from first to last, as a column of its own name."""
    return (
        f"(WITH RECURSIVE s({name}) AS (SELECT {first} UNION ALL SELECT {name} + 1 FROM s"
        f" WHERE {name} < {last}) SELECT {name} FROM s) AS {name}_s"
    )


def statements(
    dialect: str, companies: int = COMPANIES, today: date | None = None
) -> Iterator[str]:
    """SQL that fills a migrated database; the same rows for the same day."""
    sql = Sql(dialect, today or date.today())
    yield from _vocabularies(sql)
    yield from _companies(sql, 1, companies, 1)
    for place, times in enumerate(LARGE, 1):
        yield from _companies(sql, companies + place, companies + place, times)
    yield "ANALYZE"


def large(companies: int) -> dict[int, str]:
    """The ids of the companies with more rows, by how many times as many."""
    return {n: f"company_{companies + place}" for place, n in enumerate(LARGE, 1)}


def _vocabularies(sql: Sql) -> Iterator[str]:
    n = numbers("n", 1, 20)
    yield f"""INSERT INTO app_user (id, email, name, active, title, attributes, created_at)
        SELECT 'user_' || n, 'csm' || n || '@example.com', 'CSM ' || n, true, 'CSM',
            {sql.json("{}")}, {sql.instant("0")} FROM {n}"""
    yield """INSERT INTO user_group_member (group_id, user_id, by_hand, by_rule)
        SELECT g.id, 'user_1', true, false FROM user_group g WHERE g.key = 'csm'"""
    types = ("Platform", "Module", "Services")
    values = ", ".join(f"('rt_{t.lower()}', '{t.lower()}', '{t}')" for t in types)
    yield f"INSERT INTO relationship_type (id, key, name) VALUES {values}"
    industries = ("Energy", "Retail", "Software")
    values = ", ".join(
        f"('pi_{i.lower()}', 'company.industry', '{i.lower()}', '{i}', true, 0)"
        for i in industries
    )
    yield f"""INSERT INTO picklist_item (id, picklist, key, label, active, position)
        VALUES {values}"""
    yield f"""INSERT INTO usage_module (id, key, name, unit, aggregation, position)
        SELECT 'module_' || m, 'module' || m, 'Module ' || m, 'sessions', 'SUM', m
        FROM {numbers("m", 1, 4)}"""
    yield from scores.card(sql)
    yield from surveys.surveys()


def _companies(sql: Sql, first: int, last: int, times: int) -> Iterator[str]:
    """The companies of these numbers with all that belongs to them."""
    many = numbers("n", first, last)
    yield _company(sql, many)
    yield from _relationships(sql, many, times)
    yield from _people(sql, many, times)
    yield from _usage(sql, many, times)
    weeks = numbers("w", 0, scores.HISTORY * times - 1)
    yield from scores.scores(sql, many, weeks)
    asked = numbers("r", 1, surveys.ANSWERS * times)
    yield from surveys.answers(sql, many, asked, times)
    wanted, task = numbers("t", 1, ctas.CTAS * times), numbers("k", 1, ctas.MOST_TASKS)
    yield from ctas.ctas(sql, many, wanted, task, times)
    logged = numbers("a", 1, activities.ACTIVITIES * times)
    yield from activities.activities(sql, many, logged, numbers("k", 0, 3), times)
    yield from activities.stages(sql, many, BEGAN)
    yield f"""INSERT INTO external_ref
            (id, system, object_type, external_id, entity_id, url)
        SELECT 'external_ref_' || n, 'salesforce', 'Account', '001' || n, 'company_' || n,
            'https://crm.example.com/001' || n FROM {many}"""


def _item(picklist: str, key: str) -> str:
    return f"(SELECT id FROM picklist_item WHERE picklist = '{picklist}' AND key = '{key}')"


def _company(sql: Sql, many: str) -> str:
    industry = sql.one_of("n", "pi_energy", "pi_retail", "pi_software")
    launched, adopting = (_item("company.stage", k) for k in ("launched", "adopting"))
    return f"""INSERT INTO company (id, name, search_key, arr_minor, currency,
            renewal_date, original_contract_date, tags, custom, version, created_at,
            updated_at, status_id, stage_id, csm_id, managed_as, industry_id, employees,
            parent_id, comment)
        SELECT 'company_' || n, 'Company ' || n, 'company ' || n, 100000 * (n % 97), 'USD',
            {sql.day("n % 365")}, {sql.day(BEGAN)},
            {sql.json('["reference", "beta"]')}, {sql.json("{}")}, 1,
            {sql.instant("- 1 - n % 30")}, {sql.instant("0")},
            {_item("company.status", "active")},
            CASE WHEN n % 3 = 0 THEN {launched} ELSE {adopting} END,
            'user_' || (1 + n % 20), 'CUSTOMER', {industry}, n % 5000,
            CASE WHEN (n - 1) % 10 = 0 THEN NULL
                 WHEN (n - 1) % 10 < 4 THEN 'company_' || (n - (n - 1) % 10)
                 ELSE 'company_' || (n - (n - 1) % 10 + 1 + ((n - 1) % 10 - 4) / 2) END,
            'A remark that somebody wrote about company ' || n
        FROM {many} ORDER BY n"""


def _relationships(sql: Sql, many: str, times: int) -> Iterator[str]:
    kind = sql.one_of("r", "rt_platform", "rt_module", "rt_services")
    yield f"""INSERT INTO relationship (id, name, search_key, company_id, type_id,
            arr_minor, currency, renewal_date, tags, custom, version, created_at,
            updated_at, status_id, csm_id)
        SELECT 'relationship_' || n || '_' || r, 'Part ' || r || ' of ' || n,
            'part ' || r || ' of ' || n, 'company_' || n, {kind},
            20000 * (n % 97) + r, 'USD', {sql.day("30 * r")}, {sql.json("[]")},
            {sql.json("{}")}, 1, {sql.instant("- 1")}, {sql.instant("0")},
            {_item("relationship.status", "active")}, 'user_' || (1 + n % 20)
        FROM {many}, {numbers("r", 1, 5 * times)}"""
    opened = "- c * 9 - n % 7"
    yield f"""INSERT INTO support_case (id, company_id, relationship_id, number, subject,
            status, is_closed, priority, opened_at, closed_at, escalated, updated_at)
        SELECT 'case_' || n || '_' || c, 'company_' || n,
            'relationship_' || n || '_' || (1 + c % {5 * times}), n || '-' || c,
            'Something does not work', CASE WHEN c > 2 THEN 'Closed' ELSE 'New' END,
            c > 2, {sql.one_of("c", "Low", "Medium", "High")}, {sql.instant(opened)},
            CASE WHEN c > 2 THEN {sql.instant(opened + " + 3")} END, false,
            {sql.instant("0")}
        FROM {many}, {numbers("c", 1, 12 * times)}"""


def _people(sql: Sql, many: str, times: int) -> Iterator[str]:
    p = numbers("p", 1, 3 * times)
    yield f"""INSERT INTO person (id, name, search_key, email, title, created_at, updated_at)
        SELECT 'person_' || n || '_' || p, 'Person ' || p || ' of ' || n,
            'person ' || p || ' of ' || n, 'p' || p || '@company' || n || '.example.com',
            'Manager', {sql.instant("- 1")}, {sql.instant("0")} FROM {many}, {p}"""
    yield f"""INSERT INTO company_person (id, person_id, company_id, title, role, active,
            is_primary)
        SELECT 'company_person_' || n || '_' || p, 'person_' || n || '_' || p,
            'company_' || n, 'Manager', 'Sponsor', true, p = 1 FROM {many}, {p}"""
    yield f"""INSERT INTO relationship_person (id, person_id, company_person_id,
            relationship_id, role, active)
        SELECT 'relationship_person_' || n || '_' || p, 'person_' || n || '_' || p,
            'company_person_' || n || '_' || p, 'relationship_' || n || '_' || p,
            'Sponsor', true FROM {many}, {p}"""


def _usage(sql: Sql, many: str, times: int) -> Iterator[str]:
    """Weekly values of four modules and weekly active people; the rows that a larger
    company has more are those of further relationships and people."""
    week = numbers("d", 0, 11)
    yield f"""INSERT INTO usage_daily (id, company_id, relationship_id, module_id, day, value)
        SELECT 'usage_' || n || '_' || m || '_' || d || '_' || t, 'company_' || n,
            'relationship_' || n || '_' || (m + 1 + 5 * t), 'module_' || m,
            {sql.day("- 7 * d")}, (n + m + d) % 50
        FROM {many}, {numbers("m", 1, 4)}, {week}, {numbers("t", 0, times - 1)}"""
    yield f"""INSERT INTO usage_active_day (id, company_id, relationship_id, person_key, day)
        SELECT 'active_' || n || '_' || p || '_' || d, 'company_' || n,
            'relationship_' || n || '_' || p, 'person' || p, {sql.day("- 7 * d - p % 5")}
        FROM {many}, {numbers("p", 1, 5 * times)}, {week}"""
    yield f"""INSERT INTO usage_entitlement (id, company_id, relationship_id, quantity,
            modules, starts_on)
        SELECT 'entitlement_' || n || '_' || r, 'company_' || n,
            'relationship_' || n || '_' || r, 2, 4, {sql.day("- 500")}
        FROM {many}, {numbers("r", 1, 5 * times)}"""
