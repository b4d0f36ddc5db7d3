"""Layouts in the database: saving, loading, versions, seeding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
)
from cyclorama.layouts.presets import presets
from cyclorama.resolvers.book import (
    Saved,
    bump_configuration,
    load_book,
    load_vocabulary,
    save_book,
    seed_layouts,
)
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    ConfigurationRow,
    LayoutRow,
    PlacementRow,
    RelationshipTypeRow,
    UserGroupRow,
    UserRow,
)

pytestmark = pytest.mark.anyio

BOOK = LayoutBook(
    (
        Layout(
            "base",
            "COMPANY",
            None,
            "Base",
            is_default=True,
            placements=(
                Placement("summary", "summary", config={"fields": [{"path": "arr"}]}),
                Placement("more", "attributes", "More", "list", ("PAGE", "EMBED")),
            ),
        ),
        Layout("prod", "RELATIONSHIP", "product", "Product", "For products."),
    ),
    (
        Assignment(
            10,
            "Big",
            "base",
            viewer=(Clause("groups", "IN_GROUP", ("csm",)),),
            record=(Clause("arr", "GT", (1.5,)), Clause("status", "IS_NULL")),
        ),
        Assignment(20, "Off", "prod", enabled=False),
    ),
)


async def save(database: Database, book: LayoutBook, **given: Any) -> Saved:
    async with database.write() as session:
        return await save_book(session, book, **given)


async def load(database: Database) -> LayoutBook:
    async with database.read() as reading:
        return await load_book(reading)


async def ids(database: Database, row: Any) -> dict[str, str]:
    key = row.key if row is LayoutRow else row.instance_key
    async with database.read() as reading:
        found = await reading.execute(sa.select(key, row.id))
    return {row[0]: row[1] for row in found}


def with_config(config: dict[str, Any]) -> LayoutBook:
    base, prod = BOOK.layouts
    first = replace(base.placements[0], config=config)
    changed = replace(base, placements=(first, *base.placements[1:]))
    return LayoutBook((changed, prod), BOOK.assignments)


async def test_another_expected_version_is_refused_and_changes_nothing(
    database: Database,
) -> None:
    saved = await save(database, BOOK)
    with pytest.raises(ConfigError, match="is at version 1, not 7: it was changed"):
        await save(database, LayoutBook(), expected_version=7)
    assert await load(database) == BOOK
    assert (await save(database, BOOK, expected_version=saved.version)).version == 1


async def test_a_failing_save_changes_nothing(database: Database) -> None:
    await save(database, BOOK)
    broken = LayoutBook(BOOK.layouts[:1], (Assignment(1, "A", "missing"),))
    with pytest.raises(KeyError):
        await save(database, broken)
    assert await load(database) == BOOK


async def test_an_empty_database_has_no_layouts(database: Database) -> None:
    assert await load(database) == LayoutBook()


async def test_a_saved_book_is_loaded_as_it_was(database: Database) -> None:
    saved = await save(database, BOOK)
    assert (saved.added, saved.changed, saved.removed) == (("base", "prod"), (), ())
    assert saved.anything
    loaded = await load(database)
    assert loaded == BOOK
    assert [layout.version for layout in loaded.layouts] == [1, 1]


async def test_an_unchanged_book_changes_nothing_and_says_so(
    database: Database,
) -> None:
    first = await save(database, BOOK)
    before = await ids(database, PlacementRow)
    turned = LayoutBook(BOOK.layouts[::-1], BOOK.assignments[::-1])
    again = await save(database, turned)
    assert not again.anything
    assert again.version == first.version
    assert await ids(database, PlacementRow) == before


async def test_only_a_changed_layout_gets_a_new_version(database: Database) -> None:
    await save(database, BOOK)
    before = await ids(database, LayoutRow)
    saved = await save(database, with_config({"fields": []}))
    assert (saved.changed, saved.assignments, saved.version) == (("base",), False, 2)
    loaded = await load(database)
    assert {x.key: x.version for x in loaded.layouts} == {"base": 2, "prod": 1}
    assert loaded.layouts[0].placements[0].config == {"fields": []}
    assert await ids(database, LayoutRow) == before


async def test_true_in_place_of_one_is_a_change(database: Database) -> None:
    await save(database, with_config({"a": 1}))
    assert (await save(database, with_config({"a": True}))).changed == ("base",)


async def test_what_a_book_leaves_out_is_removed(database: Database) -> None:
    await save(database, BOOK)
    saved = await save(database, LayoutBook(BOOK.layouts[1:], BOOK.assignments[1:]))
    assert (saved.removed, saved.assignments) == (("base",), True)
    assert await load(database) == LayoutBook(BOOK.layouts[1:], BOOK.assignments[1:])
    assert await ids(database, PlacementRow) == {}


async def test_changed_assignments_leave_the_layouts_alone(database: Database) -> None:
    await save(database, BOOK)
    saved = await save(database, LayoutBook(BOOK.layouts, BOOK.assignments[:1]))
    assert (saved.changed, saved.assignments) == ((), True)
    assert [x.version for x in (await load(database)).layouts] == [1, 1]


async def test_the_configuration_version_grows_by_one(database: Database) -> None:
    async with database.write() as session:
        session.add(ConfigurationRow(id=1, version=7))
    async with database.write() as session:
        assert await bump_configuration(session) == 8
        assert await bump_configuration(session) == 9
    assert (await save(database, BOOK)).version == 10


async def test_layouts_are_seeded_only_where_there_are_none(database: Database) -> None:
    book = presets({"summary": SectionFacts("summary", "Summary")})
    async with database.write() as session:
        assert await seed_layouts(session, book)
    async with database.write() as session:
        assert not await seed_layouts(session, BOOK)
    loaded = await load(database)
    assert {x.key: x for x in loaded.layouts} == {x.key: x for x in book.layouts}


async def test_the_vocabulary_holds_what_exists(database: Database) -> None:
    async with database.write() as session:
        session.add(UserGroupRow(id="user_group_1", key="csm", name="CSM"))
        session.add(RelationshipTypeRow(id="t1", key="product", name="Product"))
        for n, attributes in enumerate([{"region": "emea"}, {"level": 2}, {}]):
            session.add(
                UserRow(
                    id=f"user_{n}",
                    email=f"{n}@example.com",
                    name="U",
                    attributes=attributes,
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
    async with database.read() as reading:
        found = await load_vocabulary(reading)
    assert found.groups == {"csm"}
    assert found.relationship_types == {"product"}
    assert found.viewer_attributes == {"region", "level"}
