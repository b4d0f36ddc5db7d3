"""Migrations: the tables they make, one at a time, and what they refuse."""

from __future__ import annotations

import asyncio
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
from cyclorama.storage.migration import CORE, migrate, pending
from cyclorama.storage.rows import Row

pytestmark = pytest.mark.anyio
SECTIONS = [s for s in graph().sections.values() if s.distribution == "cyclorama"]
EVERYTHING = (
    "core_0001",
    "core_0002",
    "core_0003",
    "core_0004",
    "cockpit_0001",
    "cockpit_0002",
    "cockpit_0003",
    "cockpit_0004",
    "scorecard_0001",
    "scorecard_0002",
    "scorecard_0003",
    "scorecard_0004",
    "scorecard_0005",
    "support_0001",
    "surveys_0001",
    "surveys_0002",
    "timeline_0001",
    "timeline_0002",
    "timeline_0003",
    "timeline_0004",
    "timeline_0005",
    "usage_0001",
)
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {revision!r}, {below!r}


def upgrade():
    {body}
"""


def revision(folder: Path, name: str, body: str, below: str | None = None) -> None:
    """Write a revision into a folder, which is made where it is missing."""
    folder.mkdir(exist_ok=True)
    text = REVISION.format(revision=name, below=below, body=body)
    (folder / f"{name}.py").write_text(text)


def section(key: str, folder: Path) -> Section:
    """A section that has nothing but revisions."""
    return Section(key=key, title=key.title(), migrations=str(folder))


def ours() -> list[sa.Table]:
    """The tables of the package, parents first, without those of other tests."""
    classes = [m.class_ for m in Row.registry.mappers]
    names = {c.__tablename__ for c in classes if c.__module__.startswith("cyclorama.")}
    return [t for t in Row.metadata.sorted_tables if t.name in names]


def differences(connection: sa.Connection) -> Any:
    names = {table.name for table in ours()}

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        return kind == "schema" or str(parents.get("table_name") or name) in names

    def held(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or name in names

    options = {"compare_type": True, "include_name": is_ours, "include_object": held}
    context = MigrationContext.configure(connection, opts=options)
    return compare_metadata(context, Row.metadata)


COLUMNS = {
    "sqlite": 'SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk '
    "FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'",
    "postgresql": "SELECT table_name, column_name, data_type, is_nullable, "
    "character_maximum_length, collation_name, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public'",
}
"""What a database says of its columns, collations included; table and column first."""


def columns(connection: sa.Connection) -> set[tuple[Any, ...]]:
    names = {table.name for table in ours()}
    rows = connection.exec_driver_sql(COLUMNS[connection.dialect.name])
    return {tuple(row) for row in rows if row[0] in names}


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
    return set(names)


# -- refusals


async def test_a_database_of_a_newer_program_is_refused(
    ready_database: Database,
) -> None:
    async with ready_database.write() as session:
        await session.execute(
            sa.text("UPDATE alembic_version SET version_num = 'core_9999'")
        )
    for attempt in (pending, migrate):
        with pytest.raises(ConfigError, match=r"newer than this program.*core_9999"):
            await attempt(ready_database, SECTIONS)


async def test_a_section_with_tables_and_no_revisions_is_refused_by_name(
    fresh_database: Database,
) -> None:
    bare = Section(key="bare", title="Bare", tables=(SupportCaseRow,))
    with pytest.raises(PluginError, match="'bare' has tables and no `migrations`"):
        await migrate(fresh_database, [bare])


async def test_a_section_whose_revisions_cannot_be_read_is_refused_by_name(
    fresh_database: Database, tmp_path: Path
) -> None:
    lost = section("lost", tmp_path / "nowhere")
    revision(tmp_path / "torn", "torn_0001", "nonsense(")
    torn = section("torn", tmp_path / "torn")
    revision(tmp_path / "gap", "gap_0002", "pass", below="gap_0001")
    gap = section("gap", tmp_path / "gap")
    for broken in (lost, torn, gap):
        named = f"revisions of '{broken.key}' in .* can't be read"
        for attempt in (pending, migrate):
            with pytest.raises(PluginError, match=named):
                await attempt(fresh_database, [*SECTIONS, broken])
    assert await tables(fresh_database) == set()


async def test_whether_a_database_is_up_to_date_is_asked_without_running_a_revision(
    fresh_database: Database, tmp_path: Path
) -> None:
    revision(tmp_path, "odd_0001", "pass\n\nraise RuntimeError('odd')")
    odd = section("odd", tmp_path)
    assert "odd_0001" in await pending(fresh_database, [odd])
    with pytest.raises(PluginError, match=r"revisions of 'odd' in .* can't be read"):
        await migrate(fresh_database, [*SECTIONS, odd])
    assert await tables(fresh_database) == set()


async def test_a_revision_that_fails_leaves_everything_as_it_was(
    fresh_database: Database, tmp_path: Path
) -> None:
    body = "op.create_table('bad_one', sa.Column('id', sa.Integer()))"
    revision(tmp_path, "bad_0001", f"{body}; op.execute('SELECT 1 FROM nowhere')")
    with pytest.raises(ConfigError, match=r"nothing was changed: .*nowhere"):
        await migrate(fresh_database, [*SECTIONS, section("bad", tmp_path)])
    assert await tables(fresh_database) == set()


async def test_a_database_that_holds_another_programs_table_is_left_alone(
    fresh_database: Database,
) -> None:
    async with fresh_database.write() as session:
        await session.execute(sa.text("CREATE TABLE company (name TEXT)"))
    with pytest.raises(ConfigError, match=r"nothing was changed: .*company"):
        await migrate(fresh_database, SECTIONS)
    assert await tables(fresh_database) == {"company"}


def test_revisions_go_up_only() -> None:
    folders = [CORE.folder, *(s.migrations for s in SECTIONS if s.migrations)]
    files = [f for folder in folders for f in Path(folder).glob("*.py")]
    assert len(files) >= len(EVERYTHING)
    assert [f.name for f in files if "def downgrade" in f.read_text()] == []


# -- what they make


async def test_migrations_make_the_tables_that_the_rows_describe(
    fresh_database: Database,
) -> None:
    assert await pending(fresh_database, SECTIONS) == EVERYTHING
    assert await migrate(fresh_database, SECTIONS) == EVERYTHING
    assert await pending(fresh_database, SECTIONS) == ()
    assert await migrate(fresh_database, SECTIONS) == ()
    async with fresh_database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert {t.name for t in ours()} <= await tables(fresh_database)


async def test_columns_are_the_same_to_the_letter_as_those_of_the_rows(
    ready_database: Database,
) -> None:
    async with ready_database.engine.begin() as connection:
        migrated = await connection.run_sync(columns)
        await connection.run_sync(Row.metadata.drop_all, ours())
        await connection.run_sync(Row.metadata.create_all, ours())
        assert await connection.run_sync(columns) == migrated
    described = {(t.name, c.name) for t in ours() for c in t.columns}
    assert {place[:2] for place in migrated} == described


async def test_two_processes_migrate_one_after_the_other(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    done = await asyncio.gather(*(migrate(d, SECTIONS) for d in databases))
    assert sorted(done) == [(), (), EVERYTHING]
    for database in databases:
        await database.close()


async def test_a_later_revision_is_applied_to_what_is_there(
    fresh_database: Database, tmp_path: Path
) -> None:
    revision(
        tmp_path, "more_0001", "op.create_table('more', sa.Column('a', sa.Text()))"
    )
    more = section("more", tmp_path)
    assert await migrate(fresh_database, [more]) == (
        "core_0001",
        "core_0002",
        "core_0003",
        "core_0004",
        "more_0001",
    )
    body = "op.add_column('more', sa.Column('b', sa.Text()))"
    revision(tmp_path, "more_0002", body, below="more_0001")
    assert await pending(fresh_database, [more]) == ("more_0002",)
    assert await migrate(fresh_database, [more]) == ("more_0002",)
    assert await pending(fresh_database, [more]) == ()
    async with fresh_database.read() as reading:
        assert await reading.execute(sa.text("SELECT a, b FROM more")) == []


async def test_a_section_that_is_gone_disturbs_nobody(ready_database: Database) -> None:
    left = [s for s in SECTIONS if s.key != "support"]
    assert await pending(ready_database, left) == ()
    assert await migrate(ready_database, left) == ()
    assert await migrate(ready_database, SECTIONS) == ()


async def test_looking_for_revisions_asks_little_and_changes_nothing(
    fresh_database: Database,
) -> None:
    await pending(fresh_database, SECTIONS)
    assert await tables(fresh_database) == set()
    await migrate(fresh_database, SECTIONS)
    told: list[str] = []
    fresh_database.watches.append(told.append)
    await pending(fresh_database, SECTIONS)
    branches = 1 + sum(s.migrations is not None for s in SECTIONS)
    assert len([t for t in told if "BEGIN" not in t]) <= 2 * branches
