"""A new database is ready after one call; an old one keeps what was changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from cyclorama.app import graph
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.resolvers.book import load_book
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import ConfigurationRow, PicklistItemRow, UserGroupRow

pytestmark = pytest.mark.anyio


async def test_a_new_database_has_vocabularies_groups_and_presets(
    ready_database: Database,
) -> None:
    async with ready_database.read() as reading:
        groups = await reading.execute(sa.select(UserGroupRow.key))
        item = PicklistItemRow
        statuses = await reading.execute(
            sa.select(item.key, item.category)
            .where(item.picklist == "company.status")
            .order_by(item.position)
        )
        book = await load_book(reading)
        (version,) = await reading.execute(sa.select(ConfigurationRow.version))
    assert {g.key for g in groups} == {"admin", "csm", "exec"}
    assert [tuple(s) for s in statuses] == [
        ("active", "ACTIVE"),
        ("inactive", "INACTIVE"),
        ("churn", "CHURN"),
    ]
    assert [x.key for x in book.layouts if x.kind == "COMPANY"] == [
        "csm",
        "default",
        "essentials",
        "exec",
    ]
    exec_layout = next(x for x in book.layouts if x.key == "exec")
    assert [p.section for p in exec_layout.placements] == [
        "summary",
        "relationships",
        "company_hierarchy",
    ]
    assert version.version >= 1


async def test_what_was_changed_is_never_seeded_again(ready_database: Database) -> None:
    async with ready_database.write() as session:
        await session.execute(
            sa.update(PicklistItemRow)
            .where(PicklistItemRow.key == "churn")
            .values(label="Lost", active=False)
        )
        await session.execute(
            sa.delete(PicklistItemRow).where(
                PicklistItemRow.picklist == "company.status",
                PicklistItemRow.key == "inactive",
            )
        )
    done = await bring_up_to_date(ready_database, graph())
    assert (done.revisions, done.seeded) == ((), ())
    async with ready_database.read() as reading:
        rows = await reading.execute(
            sa.select(PicklistItemRow.label).where(
                PicklistItemRow.picklist == "company.status"
            )
        )
    assert {row.label for row in rows} == {"Active", "Lost"}
