"""Who follows which records, and what people were told of: rows of ids alone.

A notification holds nothing of what happened but where to look, so that what a person may
see is decided when they look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.ids import new_id
from cyclorama.storage.mutes import KIND, RECORD, RULE, muted
from cyclorama.storage.rows import KEY, Row, UserRow, key_column
from cyclorama.storage.types import text

MOST_FOLLOWED: Final = 1_000
"""Records that a user may follow."""
LONGEST_TEXT: Final = 1_000
MOST_KEPT: Final = 200
"""Notifications of a user; the oldest go."""
KEPT_FOR: Final = timedelta(days=90)
"""How long a notification is kept."""
FOLLOWED, CONCERNED = "FOLLOWED", "CONCERNED"


class FollowRow(Row):
    """Who follows which company or relationship."""

    __tablename__ = "follow"

    user_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("app_user.id"), primary_key=True
    )
    record_id: Mapped[str] = mapped_column(KEY, primary_key=True, index=True)
    at: Mapped[datetime]


class NotificationRow(Row):
    """That a user was told of an event; `read_at` is null until they have read of it."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_user_id", "user_id", "id"),)

    id: Mapped[str] = key_column()
    user_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(KEY)
    """The kind of the event, as `cockpit.cta_created`."""
    reason: Mapped[str] = mapped_column(KEY)
    """FOLLOWED or CONCERNED."""
    record_id: Mapped[str] = mapped_column(KEY)
    subject_id: Mapped[str | None] = mapped_column(KEY)
    text: Mapped[str | None] = mapped_column(text(LONGEST_TEXT))
    """What a rule says."""
    rule: Mapped[str | None] = mapped_column(KEY)
    """The key of the rule that did it; null where no rule did."""
    actor_id: Mapped[str | None] = mapped_column(KEY)
    """The user who did it; null where no user did."""
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


FOLLOWS: Final[sa.Table] = FollowRow.__table__  # type: ignore[assignment]
NOTIFICATIONS: Final[sa.Table] = NotificationRow.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something of which people are told."""

    kind: str
    record_id: str
    subject_id: str | None
    actor_id: str | None
    at: datetime
    to_followers: bool
    people: Collection[str] = ()
    """Users whom it concerns."""
    text: str | None = None
    """What is said, word by word."""
    rule: str | None = None
    """The key of the rule that did it."""


async def follow(
    session: AsyncSession, user_id: str, record_id: str, at: datetime
) -> bool:
    """Whether the user follows the record now: not where they follow as many as they
    may. Changes by one user follow each other."""
    await session.get(UserRow, user_id, with_for_update={"key_share": True})
    if await session.get(FollowRow, (user_id, record_id)) is not None:
        return True
    query = sa.select(sa.func.count()).where(FOLLOWS.c.user_id == user_id)
    if (await session.scalar(query) or 0) >= MOST_FOLLOWED:
        return False
    session.add(FollowRow(user_id=user_id, record_id=record_id, at=at))
    return True


async def unfollow(session: AsyncSession, user_id: str, record_id: str) -> None:
    """The user follows the record no more, if they did."""
    await session.execute(
        sa.delete(FOLLOWS).where(
            FOLLOWS.c.user_id == user_id, FOLLOWS.c.record_id == record_id
        )
    )


async def leave(session: AsyncSession, news: Sequence[News], now: datetime) -> int:
    """Tell active users, each once of each, and nobody of what they did themselves or have
    muted; how many notifications that made. What a user has beyond the limits goes."""
    told = [n for n in news if n.to_followers or n.people]
    if not told:
        return 0
    followers = await _followers(session, {n.record_id for n in told if n.to_followers})
    wanted = [
        (one, user, reason)
        for one in told
        for user, reason in _recipients(one, followers).items()
    ]
    users = {user for _, user, _ in wanted}
    query = sa.select(UserRow.id).where(UserRow.id.in_(users), UserRow.active)
    active = set(await session.scalars(query)) if users else set()
    wanted = [w for w in wanted if w[1] in active]
    wanted = await _unmuted(session, wanted, now)
    if not wanted:
        return 0
    # Ids of one millisecond are in no order by themselves.
    ids = sorted(new_id("notification") for _ in wanted)
    rows = [_row(i, *given) for i, given in zip(ids, wanted, strict=True)]
    await session.execute(sa.insert(NOTIFICATIONS), rows)
    await _prune(session, active, now)
    return len(rows)


async def mark_read(
    session: AsyncSession, user_id: str, ids: Iterable[str], at: datetime
) -> None:
    """Note that the user has read of these; what they have read before stays as it is."""
    given: dict[str, Any] = {"read_at": at}
    await session.execute(
        sa.update(NOTIFICATIONS)
        .where(
            NOTIFICATIONS.c.user_id == user_id,
            NOTIFICATIONS.c.id.in_(sorted(ids)),
            NOTIFICATIONS.c.read_at.is_(None),
        )
        .values(given)
    )


def kept(user_id: str, now: datetime) -> sa.Select[Any]:
    """What a user was told of and is kept, the newest first."""
    return (
        sa.select(*NOTIFICATIONS.c)
        .where(NOTIFICATIONS.c.user_id == user_id, NOTIFICATIONS.c.at > now - KEPT_FOR)
        .order_by(NOTIFICATIONS.c.id.desc())
        .limit(MOST_KEPT)
    )


def _recipients(news: News, followers: dict[str, list[str]]) -> dict[str, str]:
    """Whom to tell, and why; that it concerns somebody goes before."""
    found = dict.fromkeys(
        followers.get(news.record_id, ()) if news.to_followers else (), FOLLOWED
    )
    found |= dict.fromkeys(news.people, CONCERNED)
    found.pop(news.actor_id or "", None)
    return found


async def _unmuted(
    session: AsyncSession, wanted: list[tuple[News, str, str]], now: datetime
) -> list[tuple[News, str, str]]:
    """Those of news and users of which the users want to be told."""
    if not wanted:
        return []
    users = {user for _, user, _ in wanted}
    keys = {key for one, _, _ in wanted for _, key in _sorts(one)}
    held = await muted(session, users, keys, now)
    return [
        w for w in wanted if held.isdisjoint((w[1], *sort) for sort in _sorts(w[0]))
    ]


def _sorts(news: News) -> list[tuple[str, str]]:
    """By what users may have muted it."""
    found = [(RECORD, news.record_id), (KIND, news.kind)]
    return found if news.rule is None else [*found, (RULE, news.rule)]


async def _followers(
    session: AsyncSession, records: Collection[str]
) -> dict[str, list[str]]:
    """Users by the record that they follow."""
    found: dict[str, list[str]] = {}
    if records:
        query = sa.select(FOLLOWS.c.record_id, FOLLOWS.c.user_id)
        query = query.where(FOLLOWS.c.record_id.in_(sorted(records)))
        for record, user in await session.execute(query.order_by(FOLLOWS.c.user_id)):
            found.setdefault(record, []).append(user)
    return found


def _row(id: str, news: News, user: str, reason: str) -> dict[str, Any]:
    return {
        "id": id,
        "user_id": user,
        "kind": news.kind,
        "reason": reason,
        "record_id": news.record_id,
        "subject_id": news.subject_id,
        "text": news.text and news.text[:LONGEST_TEXT],
        "rule": news.rule,
        "actor_id": news.actor_id,
        "at": news.at,
        "read_at": None,
    }


async def _prune(session: AsyncSession, users: Collection[str], now: datetime) -> None:
    """Delete what these users have beyond the limits."""
    n = NOTIFICATIONS.c
    place = sa.func.row_number().over(partition_by=n.user_id, order_by=n.id.desc())
    of = n.user_id.in_(sorted(users))
    placed = sa.select(n.id, n.at, place.label("place")).where(of).subquery()
    gone = sa.or_(placed.c.place > MOST_KEPT, placed.c.at <= now - KEPT_FOR)
    ids = sa.select(placed.c.id).where(gone)
    await session.execute(sa.delete(NOTIFICATIONS).where(n.id.in_(ids)))
