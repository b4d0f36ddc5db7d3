"""The tables of record access: rules, teams, who is in them and which records are theirs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.rows import KEY, Row, key_column


class AccessRuleRow(Row):
    """Which records of a kind some viewers may read, or may not."""

    __tablename__ = "access_rule"

    id: Mapped[str] = key_column()
    name: Mapped[str] = mapped_column(unique=True)
    rank: Mapped[int]
    kind: Mapped[str] = mapped_column(KEY)
    effect: Mapped[str] = mapped_column(KEY)
    """`ALLOW` or `DENY`."""
    enabled: Mapped[bool] = mapped_column(default=True)
    viewer: Mapped[list[Any]]
    record: Mapped[list[Any]]


class TeamRow(Row):
    """Users who look after the same records."""

    __tablename__ = "team"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]


class TeamMemberRow(Row):
    """Who is in which team."""

    __tablename__ = "team_member"

    team_id: Mapped[str] = mapped_column(KEY, ForeignKey("team.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("app_user.id"), primary_key=True, index=True
    )


class RecordTeamRow(Row):
    """Which companies and relationships are a team's; others can't read them."""

    __tablename__ = "record_team"

    record_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    team_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("team.id"), primary_key=True, index=True
    )
