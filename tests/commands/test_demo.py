"""`cyclorama demo`: made once, the same everywhere, with a token for each of its users."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.app import graph
from cyclorama.commands.demo import prepare
from cyclorama.demo import USERS
from cyclorama.errors import ConfigError
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    PersonRow,
    RelationshipRow,
    RelationshipTypeRow,
)
from cyclorama.testing import NOW


def asked(url: str, query: sa.Select[Any]) -> list[Any]:
    async def ask() -> list[Any]:
        database = Database(url)
        async with database.read() as reading:
            found = [tuple(row) for row in await reading.execute(query)]
        await database.close()
        return found

    return asyncio.run(ask())


def test_a_file_with_other_companies_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"

    async def fill() -> None:
        database = Database(url)
        await bring_up_to_date(database, graph())
        async with database.write() as session:
            stamps = {"created_at": NOW, "updated_at": NOW}
            session.add(
                CompanyRow(
                    id="company_other", name="Other", search_key="other", **stamps
                )
            )
        await database.close()

    asyncio.run(fill())
    with pytest.raises(ConfigError, match="choose another with --file"):
        asyncio.run(prepare(url))
    assert asked(url, sa.select(CompanyRow.id)) == [("company_other",)]


def test_the_demo_is_made_once_and_gives_new_tokens_each_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    tokens = asyncio.run(prepare(url))
    assert list(tokens) == [email for _, email, *_ in USERS]
    people = asked(url, sa.select(PersonRow.id).order_by(PersonRow.id))
    again = asyncio.run(prepare(url))
    assert list(again) == list(tokens)
    assert not set(again.values()) & set(tokens.values())
    assert asked(url, sa.select(PersonRow.id).order_by(PersonRow.id)) == people
    parents = asked(url, sa.select(CompanyRow.parent_id))
    assert len(parents) == 200
    assert 0 < sum(parent is not None for (parent,) in parents) < 200
    log = sa.select(AUDIT.c.action, AUDIT.c.actor_kind, AUDIT.c.operation)
    noted = asked(url, log.order_by(AUDIT.c.number))
    assert {entry[1:] for entry in noted} == {("COMMAND", "cyclorama demo")}
    actions = [action for action, *_ in noted]
    start = actions.index("setup.seed") + 1
    assert set(actions[:start]) == {"layout.add", "assignments.change", "setup.seed"}
    assert actions[-6:] == ["token.create"] * 6
    assert actions[start:-6] == ["layout.add", "assignments.change", "demo.load"]
    kinds = sa.select(RelationshipTypeRow.name).join(
        RelationshipRow, RelationshipRow.type_id == RelationshipTypeRow.id
    )
    assert len(asked(url, kinds.distinct())) == 3
