"""Declared expressions become text with holes; what can't stand alone is refused."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from cyclorama.execution.binds import Binds
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.templates import Compiler, Scope
from cyclorama.schema.series import weeks_back
from cyclorama.schema.sql import days_between, months_between
from cyclorama.schema.symbols import record, today
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, RelationshipRow

DIALECTS = ("sqlite", "postgresql")
OWN = Scope("COMPANY", own=CompanyRow)


@pytest.fixture(params=DIALECTS)
def compiler(request: pytest.FixtureRequest) -> Compiler:
    return Compiler(request.param)


def test_a_select_over_the_own_row_needs_an_alias(compiler: Compiler) -> None:
    count = sa.select(sa.func.count()).select_from(CompanyRow)
    with pytest.raises(TypeError, match="use aliased"):
        compiler.expression(count.scalar_subquery(), OWN)


def test_a_select_without_rows_of_its_own_is_refused(compiler: Compiler) -> None:
    count = sa.select(sa.func.count()).where(CompanyRow.parent_id == record.id)
    with pytest.raises(TypeError, match="no rows of its own"):
        compiler.expression(count.scalar_subquery(), OWN)


def test_a_row_that_is_not_there_is_refused(compiler: Compiler) -> None:
    with pytest.raises(TypeError, match="reads a row that is not there"):
        compiler.expression(RelationshipRow.name, OWN)


def test_a_recursive_cte_must_be_nested(compiler: Compiler) -> None:
    series = sa.select(sa.literal(1).label("n")).cte(recursive=True)
    count = sa.select(sa.func.count()).select_from(series).scalar_subquery()
    with pytest.raises(TypeError, match="nesting=True"):
        compiler.expression(count, Scope("COMPANY"))


def test_a_template_knows_the_columns_that_it_reads(compiler: Compiler) -> None:
    lifetime = months_between(CompanyRow.original_contract_date, today)
    template = compiler.expression(lifetime, OWN)
    assert template.own == {"original_contract_date"}
    assert {b.name for _, b in template.binds} == {"cy_today"}


def test_a_condition_by_kind_compares_a_column(compiler: Compiler) -> None:
    company = compiler.condition(
        record.owns(RelationshipRow), Scope("COMPANY", child=RelationshipRow)
    )
    assert company.parts == ("", "@c", ".company_id = ", "@r", ".id")


def test_another_row_of_the_same_table_is_an_alias(compiler: Compiler) -> None:
    child = aliased(CompanyRow)
    count = sa.select(sa.func.count()).where(child.parent_id == CompanyRow.id)
    template = compiler.expression(count.scalar_subquery(), OWN)
    assert template.own == {"id"}
    assert "FROM company AS company_1" in template.parts[0]


def test_a_series_of_weeks_stands_in_a_from(compiler: Compiler) -> None:
    weeks = weeks_back(today, sa.literal(4))
    template = compiler.rows(sa.select(weeks.c.day), Scope("COMPANY"))
    text = "".join(template.parts)
    numbers = {
        "sqlite": "(WITH RECURSIVE cy_n",
        "postgresql": "(SELECT generate_series(",
    }
    assert text.startswith("(SELECT ")
    assert numbers[compiler.name] in text


def test_sqlite_is_asked_once_whether_it_can_follow_a_statement() -> None:
    library = Declarations("sqlite")
    deep = "SELECT " + "(SELECT " * 60 + "1" + ")" * 60
    for _ in range(2):
        assert not library.parses(deep)
        assert library.parses("SELECT 1 FROM nowhere")
    assert library.cache.hits == 2


def test_days_are_whole(compiler: Compiler) -> None:
    template = compiler.expression(days_between(CompanyRow.renewal_date, today), OWN)
    assert "cy_out" not in "".join(template.parts)


@pytest.mark.parametrize("values", [["CUSTOMER", "PARTNER"], ["CUSTOMER"], []])
@pytest.mark.anyio
async def test_a_fixed_list_is_part_of_the_text(
    database: Database, values: list[str]
) -> None:
    compiler = Compiler(database.dialect)
    scope = Scope("COMPANY", own=CompanyRow)
    for condition in (
        CompanyRow.managed_as.in_(values),
        CompanyRow.managed_as.not_in(values),
    ):
        template = compiler.condition(condition, scope)
        assert len(template.binds) >= len(values)
        assert "POSTCOMPILE" not in "".join(template.parts)
        binds = Binds(database.dialect)
        text = binds.put(template, {"o": "company"}, {})
        async with database.read() as reading:
            given = binds.values(None)  # type: ignore[arg-type]
            await reading.fetch(f"SELECT id FROM company WHERE {text}", given)
