"""Migrations: the tables they make, one at a time, and what they refuse."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import cyclorama.importers.tables  # noqa: F401  (its table is the core's)
from cyclorama.app import graph
from cyclorama.errors import ConfigError, PluginError
from cyclorama.plugins import Section
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.migration import migrate, pending
from cyclorama.storage.rows import Row

pytestmark = pytest.mark.anyio
SECTIONS = [s for s in graph().sections.values() if s.distribution == "cyclorama"]
EVERYTHING = ("core_0001", "support_0001", "usage_0001")


@pytest.fixture
async def fresh(empty_url: str) -> Any:
    opened = Database(empty_url)
    yield opened
    await opened.close()


def _differences(connection: sa.Connection) -> Any:
    classes = [m.class_ for m in Row.registry.mappers]
    ours = {c.__tablename__ for c in classes if c.__module__.startswith("cyclorama.")}

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return (
            str(parents.get("table_name") or name) in ours if kind != "schema" else True
        )

    def held(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or name in ours

    options = {"compare_type": True, "include_name": is_ours, "include_object": held}
    context = MigrationContext.configure(connection, opts=options)
    return compare_metadata(context, Row.metadata)


async def test_migrations_make_the_tables_that_the_rows_describe(
    fresh: Database,
) -> None:
    assert await pending(fresh, SECTIONS) == EVERYTHING
    assert await migrate(fresh, SECTIONS) == EVERYTHING
    assert await pending(fresh, SECTIONS) == ()
    assert await migrate(fresh, SECTIONS) == ()
    async with fresh.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
    assert {"company", "support_case", "usage_daily"} <= set(names)


async def test_two_processes_migrate_one_after_the_other(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    done = await asyncio.gather(*(migrate(d, SECTIONS) for d in databases))
    assert sorted(done) == [(), (), EVERYTHING]
    for database in databases:
        await database.close()


async def test_a_database_of_a_newer_program_is_refused(fresh: Database) -> None:
    await migrate(fresh, SECTIONS)
    async with fresh.write() as session:
        await session.execute(
            sa.text("UPDATE alembic_version SET version_num = 'core_9999'")
        )
    for attempt in (pending, migrate):
        with pytest.raises(ConfigError, match=r"newer than this program.*core_9999"):
            await attempt(fresh, SECTIONS)


async def test_a_section_that_is_gone_disturbs_nobody(fresh: Database) -> None:
    await migrate(fresh, SECTIONS)
    left = [s for s in SECTIONS if s.key != "support"]
    assert await pending(fresh, left) == ()
    assert await migrate(fresh, left) == ()


async def test_a_section_with_tables_and_no_revisions_is_refused_by_name(
    fresh: Database,
) -> None:
    section = Section(key="bare", title="Bare", tables=(SupportCaseRow,))
    with pytest.raises(PluginError, match="'bare' has tables and no `migrations`"):
        await migrate(fresh, [section])


async def test_a_revision_that_fails_leaves_everything_as_it_was(
    fresh: Database, tmp_path: Path
) -> None:
    (tmp_path / "bad_0001.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision = 'bad_0001'\ndown_revision = None\n"
        "def upgrade():\n"
        "    op.create_table('bad_one', sa.Column('id', sa.Integer()))\n"
        "    op.execute('SELECT nothing FROM nowhere')\n"
    )
    support = next(s for s in SECTIONS if s.key == "support")
    bad = replace(support, key="bad", tables=(), migrations=str(tmp_path))
    with pytest.raises(sa.exc.DBAPIError):
        await migrate(fresh, [*SECTIONS, bad])
    async with fresh.engine.connect() as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
    assert names == []
