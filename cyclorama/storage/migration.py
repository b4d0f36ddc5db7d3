"""Bringing the tables up to date: Alembic revisions of the core and of each section.

The core and every section have a folder of revisions and a version table of their own, so
that sections come and go without each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.errors import ConfigError, PluginError
from cyclorama.storage.engine import Database
from cyclorama.storage.revisions import Downs, read_revisions, with_those_below

LOCK: Final = 0x6379_6D69_6772
"""The advisory lock that only one migrating or seeding process holds."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A folder of revisions and the table that says which of them were applied."""

    name: str
    folder: str
    version_table: str

    def revisions(self) -> Downs:
        """Those of the folder, the oldest first; `PluginError` if they can't be read."""
        try:
            return read_revisions(self.folder)
        except (OSError, SyntaxError, ValueError) as error:
            raise self.unreadable(error) from error

    def unreadable(self, error: Exception) -> PluginError:
        """What is wrong with the folder, for its author."""
        return PluginError(
            f"The revisions of {self.name!r} in {self.folder} can't be read: {error}"
        )


Branches = Mapping[Branch, Downs]
CORE: Final = Branch(
    "core", str(Path(__file__).parent / "migrations"), "alembic_version"
)


async def migrate(database: Database, sections: Iterable[Any] = ()) -> tuple[str, ...]:
    """Apply all revisions that are missing, in one transaction; which they were.

    One process at a time; the others wait and find nothing left. `ConfigError` where the
    database is newer than the program or refuses a revision, `PluginError` for a section
    that has tables and no revisions; then nothing was changed."""
    branches = _known(sections)
    try:
        async with database.engine.begin() as connection:
            await wait_for_turn(connection)
            return await connection.run_sync(_upgrade, branches)
    except DBAPIError as error:
        raise ConfigError(
            f"The database can't be migrated, and nothing was changed: {error.orig}"
        ) from error


async def wait_for_turn(connection: AsyncConnection) -> None:
    """Wait until no other process migrates or seeds; none starts before the transaction
    ends. A writing transaction of SQLite is alone from its first moment."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


async def pending(database: Database, sections: Iterable[Any] = ()) -> tuple[str, ...]:
    """The revisions that `migrate` would apply."""
    branches = _known(sections)
    async with database.read() as reading:
        return await reading.connection.run_sync(_missing, branches)


def _known(sections: Iterable[Any]) -> Branches:
    """The branches and their revisions. They are parsed here, not inside of a greenlet,
    where Python 3.11 counts the depth of its parser wrongly."""
    return {branch: branch.revisions() for branch in _branches(sections)}


def _branches(sections: Iterable[Any]) -> Iterator[Branch]:
    yield CORE
    for section in sorted(sections, key=lambda s: s.key):
        if section.migrations is not None:
            table = f"{section.key}_alembic_version"
            yield Branch(section.key, section.migrations, table)
        elif section.tables:
            raise PluginError(
                f"The section {section.key!r} has tables and no `migrations`; give it "
                "the folder of its Alembic revisions."
            )


def _missing(connection: Connection, branches: Branches) -> tuple[str, ...]:
    found = (_steps(connection, branch, known) for branch, known in branches.items())
    return tuple(revision for steps in found for revision in steps)


def _steps(connection: Connection, branch: Branch, known: Downs) -> list[str]:
    """The revisions of a branch that were not applied, the oldest first."""
    applied = _applied(connection, branch)
    strange = sorted(applied - set(known))
    if strange:
        raise ConfigError(
            f"The database is newer than this program: it is at {strange[0]!r} of "
            f"{branch.name}, which is not known here. Install the newer version."
        )
    done = with_those_below(known, applied)
    return [r for r in known if r not in done]


def _applied(connection: Connection, branch: Branch) -> set[str]:
    """The newest revisions that were applied."""
    if not sa.inspect(connection).has_table(branch.version_table):
        return set()
    table = sa.table(branch.version_table, sa.column("version_num", sa.String()))
    return set(connection.scalars(sa.select(table.c.version_num)))


def _upgrade(connection: Connection, branches: Branches) -> tuple[str, ...]:
    applied: list[str] = []
    for branch, known in branches.items():
        steps = _steps(connection, branch, known)
        if steps:
            _run(connection, branch)
            applied += steps
    return tuple(applied)


def _run(connection: Connection, branch: Branch) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    try:
        script = ScriptDirectory(branch.folder, version_locations=[branch.folder])
        script.get_heads()
    except Exception as error:  # a revision is a plugin's code
        raise branch.unreadable(error) from error
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": branch.version_table,
            "script": script,
            "fn": lambda current, _: script._upgrade_revs("heads", current),
        },
    )
    with Operations.context(context):
        context.run_migrations()
