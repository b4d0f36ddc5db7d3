"""Groups by rule: who comes, who goes, who stays by hand."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.resolvers.membership import refresh_memberships
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import MembershipRow, UserGroupRow, UserRow
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
RULE = [
    {"attribute": "department", "operator": "EQ", "values": ["Success"]},
    {"attribute": "region", "operator": "IN", "values": ["EU", "UK"]},
]


def user(number: int, **values: Any) -> UserRow:
    email = f"user{number}@example.com"
    return UserRow(
        id=f"user_{number}",
        email=email,
        name=f"User {number}",
        created_at=NOW,
        **values,
    )


async def members(database: Database) -> dict[str, tuple[bool, bool]]:
    row = MembershipRow
    async with database.read() as reading:
        rows = await reading.execute(sa.select(row.user_id, row.by_hand, row.by_rule))
    return {r.user_id: (r.by_hand, r.by_rule) for r in rows}


async def test_a_rule_takes_in_who_meets_all_of_it_and_lets_go_who_does_not(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(UserGroupRow(id="group_1", key="eu", name="EU", rule=RULE))
        session.add(UserGroupRow(id="group_2", key="all", name="All", rule=[]))
        session.add(UserGroupRow(id="group_3", key="hand", name="Hand"))
        session.add(user(1, department="Success", attributes={"region": "EU"}))
        session.add(user(2, department="Success", attributes={"region": "US"}))
        session.add(user(3, department="Sales", attributes={"region": "EU"}))
        session.add(user(4, department="Success", attributes={"region": "UK"}))
        await session.flush()
        for number in (3, 4):
            session.add(
                MembershipRow(
                    group_id="group_1", user_id=f"user_{number}", by_hand=True
                )
            )
        await session.flush()
        assert await refresh_memberships(session) == 2
    assert await members(database) == {
        "user_1": (False, True),
        "user_3": (True, False),
        "user_4": (True, True),
    }
    async with database.write() as session:
        await session.execute(sa.update(UserRow).values(department="Sales"))
        assert await refresh_memberships(session, ["user_1"]) == 1
        assert await refresh_memberships(session) == 1
        assert await refresh_memberships(session) == 0
    assert await members(database) == {
        "user_3": (True, False),
        "user_4": (True, False),
    }
