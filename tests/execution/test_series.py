"""Rows that no table holds, and what planners make of how many they are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from cyclorama.execution.templates import make_dialect
from cyclorama.schema.series import positions
from cyclorama.storage.engine import database_url

MADE = (
    "CREATE TABLE made (id integer PRIMARY KEY, owner integer, day integer)",
    "INSERT INTO made WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 20000) SELECT i, i / 10, i % 10 FROM n",
    "CREATE INDEX made_owner ON made (owner, day)",
    "ANALYZE made",
)
PAGE = """
SELECT n.position, m.day FROM {numbers} n LEFT JOIN made m ON m.id = (
  SELECT o.id FROM made o WHERE o.owner = 7 AND o.day <= n.position
  ORDER BY o.day DESC LIMIT 1){further}
"""
EXPLAIN = {
    "sqlite": ("EXPLAIN QUERY PLAN {page}", "12", " AND m.owner = 7"),
    "postgresql": ("EXPLAIN EXECUTE page(12)", "$1", ""),
}


@pytest.mark.anyio
async def test_a_row_for_each_number_is_found_by_its_key(empty_url: str) -> None:
    engine = create_async_engine(database_url(empty_url))
    name = engine.dialect.name
    explain, count, further = EXPLAIN[name]
    compiled = positions(sa.literal_column(count)).compile(dialect=make_dialect(name))
    page = PAGE.format(numbers=compiled, further=further)
    async with engine.begin() as connection:
        for statement in MADE:
            await connection.exec_driver_sql(statement)
        if name == "postgresql":
            await connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
            await connection.exec_driver_sql(f"PREPARE page(int) AS {page}")
        rows = await connection.exec_driver_sql(explain.format(page=page))
        plan = "\n".join(str(row[-1]) for row in rows)
    await engine.dispose()
    assert "Seq Scan" not in plan
    assert "BLOOM" not in plan
    assert "SCAN m" not in plan
