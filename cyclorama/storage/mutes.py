"""What users don't want to be told of: records, rules, kinds of events; for a time or
without end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.rows import KEY, Row, UserRow

MOST_MUTED: Final = 500
"""What a user may have muted at a time."""
RECORD, RULE, KIND = "RECORD", "RULE", "KIND"


class MuteRow(Row):
    """That a user is not told of something until an instant, null: ever."""

    __tablename__ = "mute"

    user_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("app_user.id"), primary_key=True
    )
    what: Mapped[str] = mapped_column(KEY, primary_key=True)
    """RECORD, RULE or KIND."""
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    """The id of the record, the key of the rule or of the kind of events."""
    until: Mapped[datetime | None]
    at: Mapped[datetime]


MUTES: Final[sa.Table] = MuteRow.__table__  # type: ignore[assignment]
Muted = frozenset[tuple[str, str, str]]
"""Users with what they have muted: its sort and its key."""


async def mute(
    session: AsyncSession, user_id: str, what: str, key: str, until: Any, at: datetime
) -> bool:
    """Whether the user has muted it now: not where they have muted as much as they may.
    What is over goes. Changes by one user follow each other."""
    await session.get(UserRow, user_id, with_for_update={"key_share": True})
    over = sa.and_(MUTES.c.user_id == user_id, MUTES.c.until <= at)
    await session.execute(sa.delete(MUTES).where(over))
    others = sa.select(sa.func.count()).where(
        MUTES.c.user_id == user_id,
        sa.not_(sa.and_(MUTES.c.what == what, MUTES.c.key == key)),
    )
    if (await session.scalar(others) or 0) >= MOST_MUTED:
        return False
    row = MuteRow(user_id=user_id, what=what, key=key, until=until, at=at)
    await session.merge(row)
    return True


async def unmute(session: AsyncSession, user_id: str, what: str, key: str) -> None:
    """The user is told of it again, if they had muted it."""
    await session.execute(
        sa.delete(MUTES).where(
            MUTES.c.user_id == user_id, MUTES.c.what == what, MUTES.c.key == key
        )
    )


def muted_by(user_id: str, now: datetime) -> sa.Select[Any]:
    """What a user has muted by now, the latest first."""
    return (
        sa.select(*MUTES.c)
        .where(MUTES.c.user_id == user_id, _holds(now))
        .order_by(MUTES.c.at.desc(), MUTES.c.what, MUTES.c.key)
        .limit(MOST_MUTED)
    )


async def muted(
    session: AsyncSession, users: Collection[str], keys: Collection[str], now: datetime
) -> Muted:
    """Which of these users have muted what has one of these ids and keys."""
    query = sa.select(MUTES.c.user_id, MUTES.c.what, MUTES.c.key).where(
        MUTES.c.user_id.in_(sorted(users)), MUTES.c.key.in_(sorted(keys)), _holds(now)
    )
    return frozenset((u, what, key) for u, what, key in await session.execute(query))


def _holds(now: datetime) -> Any:
    return sa.or_(MUTES.c.until.is_(None), MUTES.c.until > now)
