"""Groups that say by a rule who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.clauses import holds
from cyclorama.layouts.model import Clause
from cyclorama.storage.rows import MembershipRow, UserGroupRow, UserRow


async def refresh_memberships(
    session: AsyncSession, user_ids: Sequence[str] | None = None
) -> int:
    """Make memberships by rule what the rules say now, of these users or of all; how
    many changed. Whoever is in a group by hand stays in it."""
    groups = [g for g in await session.scalars(sa.select(UserGroupRow)) if g.rule]
    query = sa.select(UserRow).order_by(UserRow.id)
    held = sa.select(MembershipRow)
    if user_ids is not None:
        query = query.where(UserRow.id.in_(user_ids))
        held = held.where(MembershipRow.user_id.in_(user_ids))
    users = list(await session.scalars(query))
    found = {(m.group_id, m.user_id): m for m in await session.scalars(held)}
    wanted = {(g.id, u.id) for g in groups for u in users if matches(g.rule or [], u)}
    changed = 0
    for key in wanted | set(found):
        changed += await _settle(session, key, found.get(key), key in wanted)
    await session.flush()
    return changed


def matches(rule: Sequence[Mapping[str, Any]], user: UserRow) -> bool:
    """Whether a user meets every clause of a group's rule."""
    attributes = {
        **user.attributes,
        "email": user.email,
        "name": user.name,
        "title": user.title,
        "department": user.department,
    }
    clauses = [
        Clause(c["attribute"], c["operator"], tuple(c.get("values", ()))) for c in rule
    ]
    return all(holds(c, attributes.get(c.attribute)) for c in clauses)


async def _settle(
    session: AsyncSession,
    key: tuple[str, str],
    membership: MembershipRow | None,
    by_rule: bool,
) -> bool:
    """Bring one membership to what the rule says; whether that changed it."""
    if membership is None:
        group_id, user_id = key
        session.add(MembershipRow(group_id=group_id, user_id=user_id, by_rule=True))
        return True
    if membership.by_rule == by_rule:
        return False
    if by_rule or membership.by_hand:
        membership.by_rule = by_rule
    else:
        await session.delete(membership)
    return True
