"""Idempotency keys: what is sent again is answered as it was the first time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.audit import canonical
from cyclorama.storage.rows import KEY, Row
from cyclorama.storage.types import text

LONGEST: Final = 255


class IdempotencyRow(Row):
    """What a key of somebody stands for; `result` is the id of what it made, `digest`
    the hash of the input that it came with."""

    __tablename__ = "idempotency_key"

    actor_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    action: Mapped[str] = mapped_column(KEY, primary_key=True)
    key: Mapped[str] = mapped_column(text(LONGEST), primary_key=True)
    digest: Mapped[str] = mapped_column(text(64))
    result: Mapped[str] = mapped_column(KEY)
    at: Mapped[datetime]


class KeyReusedError(Exception):
    """A key that came with another input before."""


ROWS: Final[Any] = IdempotencyRow.__table__


async def claim(
    session: AsyncSession,
    *,
    actor_id: str,
    action: str,
    key: str,
    input: Mapping[str, Any],
    result: str,
    at: datetime,
) -> str:
    """The id of what the key made: `result` where the key is new, which it stands for
    once the transaction is committed, or the earlier one where it was sent before.

    Others with the same key wait for the end of the transaction. `KeyReusedError` where
    it was sent with another input."""
    digest = sha256(canonical(input).encode()).hexdigest()
    values = {
        "actor_id": actor_id,
        "action": action,
        "key": key,
        "digest": digest,
        "result": result,
        "at": at,
    }
    found: Any = await session.execute(_insert(session.get_bind().dialect.name), values)
    if found.rowcount:
        return result
    same = [ROWS.c[name] == values[name] for name in ("actor_id", "action", "key")]
    query = sa.select(ROWS.c.digest, ROWS.c.result).where(*same)
    held = (await session.execute(query)).one()
    if held.digest != digest:
        raise KeyReusedError
    earlier: str = held.result
    return earlier


@cache
def _insert(dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(ROWS).on_conflict_do_nothing()
