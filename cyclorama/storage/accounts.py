"""Users, their groups and tokens: who may sign in, and as whom."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from cyclorama.errors import ConfigError
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import (
    ConfigurationRow,
    MembershipRow,
    PersonalisationRow,
    TokenRow,
    UserGroupRow,
    UserRow,
)

PREFIX: Final = "cyc_"
LONGEST_TOKEN: Final = 200
MOST_DAYS: Final = 365
ADMINS: Final = "admin"
"""The key of the group whose members may change the configuration."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group that a viewer is in."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks."""

    id: str
    kind: str
    name: str
    email: str | None
    groups: tuple[GroupFacts, ...]
    """By key."""
    attributes: Mapping[str, Any]
    """What assignment rules may ask: the user's columns over their own attributes."""
    permissions: tuple[str, ...]
    personal: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What they made of layouts for themselves, by the layout's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A viewer, and the configuration's version at that moment."""

    viewer: Viewer
    configuration_version: int
    token_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """A user in a list."""

    id: str
    email: str
    name: str
    active: bool
    groups: tuple[str, ...]
    """Keys, in order."""


USER_FACTS: Final = ("email", "name", "title", "department")
"""The columns of a user that assignment rules may ask."""


class Joined(FunctionElement[str]):
    """Texts of several rows as one, with commas; null where there is none."""

    name = "joined"
    type = sa.Text()
    inherit_cache = True


@compiles(Joined, "sqlite")
def _joined_on_sqlite(element: Joined, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, ',')"


@compiles(Joined, "postgresql")
def _joined_on_postgresql(element: Joined, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"string_agg({text}, ',' ORDER BY {text})"


def _signing(*further: Any) -> sa.Select[Any]:
    """One row for each group of a user, or one without: everything that signing in
    needs, in one statement."""
    version = sa.select(sa.func.max(ConfigurationRow.version)).scalar_subquery()
    user = [getattr(UserRow, n) for n in ("id", *USER_FACTS, "attributes")]
    group = [
        getattr(UserGroupRow, n).label(f"group_{n}") for n in ("id", "key", "name")
    ]
    own = Joined(PersonalisationRow.settings)
    personal = sa.select(own).where(PersonalisationRow.user_id == UserRow.id)
    columns = (version.label("version"), personal.scalar_subquery().label("personal"))
    return (
        sa.select(*user, *group, *columns, *further)
        .select_from(UserRow)
        .outerjoin(MembershipRow, MembershipRow.user_id == UserRow.id)
        .outerjoin(UserGroupRow, UserGroupRow.id == MembershipRow.group_id)
        .where(UserRow.active)
        .order_by(UserGroupRow.key)
    )


def credential_of(token: str) -> str | None:
    """The digest by which a bearer token is known; None for what can't be one."""
    if not token.startswith(PREFIX) or len(token) > LONGEST_TOKEN:
        return None
    return _hashed(token)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def sign_in(reading: Reading, token: str, now: datetime) -> SignedIn | None:
    """Whom a bearer token stands for; None if it is unknown or expired, or its user was
    deactivated. One statement; none for what can't be a token."""
    credential = credential_of(token)
    if credential is None:
        return None
    rows = await reading.prepared("sign_in", _by_token, hash=credential, now=now)
    if not rows:
        return None
    return SignedIn(
        viewer=_viewer(rows),
        configuration_version=rows[0].version or 0,
        token_id=rows[0].token_id,
        expires_at=rows[0].expires_at,
    )


def _by_token(hash_: str = "hash", now: str = "now") -> sa.Select[Any]:
    instant = sa.bindparam(now, type_=TokenRow.expires_at.type)
    return (
        _signing(TokenRow.id.label("token_id"), TokenRow.expires_at)
        .join(TokenRow, TokenRow.user_id == UserRow.id)
        .where(
            TokenRow.token_hash == sa.bindparam(hash_), TokenRow.expires_at > instant
        )
    )


def identity(dialect: str) -> Any:
    """All that `sign_in` finds, as one text: equal as long as nothing of it has changed,
    null where nobody signs in. Binds: `arg_credential` and `cy_now`."""
    found = _by_token("arg_credential", "cy_now").subquery("cy_signing")
    if dialect == "sqlite":
        rows = sa.func.json_group_array(sa.func.json_array(*found.c))
    else:
        rows = sa.func.json_agg(sa.func.json_build_array(*found.c))
    text = sa.cast(rows, sa.Text())
    whole = sa.select(text).having(sa.func.count() > 0)
    return whole.select_from(found).scalar_subquery()


async def signed_in_as(reading: Reading, email: str) -> SignedIn | None:
    """An active user without a token, for the command line and for explanations."""
    address = normal_email(email)
    if not _storable(address):
        return None
    rows = await reading.execute(_signing().where(UserRow.email == address))
    if not rows:
        return None
    return SignedIn(viewer=_viewer(rows), configuration_version=rows[0].version or 0)


def _viewer(rows: Sequence[Any]) -> Viewer:
    first = rows[0]
    groups = tuple(
        GroupFacts(row.group_id, row.group_key, row.group_name)
        for row in rows
        if row.group_id is not None
    )
    facts = {name: getattr(first, name) for name in USER_FACTS}
    return Viewer(
        id=first.id,
        kind="USER",
        name=first.name,
        email=first.email,
        groups=groups,
        attributes={**first.attributes, **facts},
        permissions=(ADMINS,) if any(g.key == ADMINS for g in groups) else (),
        personal=_personal(first.personal),
    )


def _personal(joined: str | None) -> Mapping[str, Mapping[str, Any]]:
    if joined is None:
        return {}
    return {held["layout"]: held for held in orjson.loads(f"[{joined}]")}


def normal_email(email: str) -> str:
    """The address as it is kept: trimmed, in small letters."""
    return email.strip().lower()


def _storable(text: str) -> bool:
    """Whether there are no control characters and, from bytes, no lone surrogates."""
    return not any(unicodedata.category(x) in ("Cc", "Cs") for x in text)


async def add_user(
    session: AsyncSession,
    *,
    email: str,
    now: datetime,
    name: str | None = None,
    groups: Iterable[str] = (),
    title: str | None = None,
    department: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> UserRow:
    """A new user in these groups, by key.

    `ConfigError` names an address that can't be used or is taken, a text that is too
    long, and a group that does not exist."""
    address = normal_email(email)
    if not (_EMAIL.fullmatch(address) and len(address) <= 255 and _storable(address)):
        raise ConfigError(f"{email[:80]!r} is no e-mail address.")
    for what, text in {"name": name, "title": title, "department": department}.items():
        _check_text(what, text)
    ids = await _group_ids(session, groups)
    user = UserRow(
        id=new_id("user"),
        email=address,
        name=name or address.partition("@")[0],
        title=title,
        department=department,
        attributes=dict(attributes or {}),
        created_at=now,
    )
    session.add(user)
    try:
        await session.flush()
    except IntegrityError:
        raise ConfigError(
            f"There is a user {address!r} already; see: cyclorama users list"
        ) from None
    session.add_all(
        MembershipRow(group_id=i, user_id=user.id, by_hand=True) for i in ids
    )
    await session.flush()
    return user


def _check_text(what: str, text: str | None) -> None:
    if text is None:
        return
    if not text.strip() or len(text) > 255:
        raise ConfigError(f"The {what} must have 1 to 255 characters.")
    if not _storable(text):
        raise ConfigError(f"The {what} must be one line of text: {text[:80]!r}.")


async def _group_ids(session: AsyncSession, keys: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(keys))
    rows = await session.execute(sa.select(UserGroupRow.key, UserGroupRow.id))
    known = {row.key: row.id for row in rows}
    for key in wanted:
        if key not in known:
            raise ConfigError(
                f"There is no group {key!r}; there are "
                f"{', '.join(sorted(known)) or 'none: run cyclorama migrate'}."
            )
    return [known[key] for key in wanted]


async def list_users(reading: Reading) -> tuple[UserFacts, ...]:
    """All users by address."""
    user = (UserRow.id, UserRow.email, UserRow.name, UserRow.active)
    query = (
        sa.select(*user, UserGroupRow.key)
        .outerjoin(MembershipRow, MembershipRow.user_id == UserRow.id)
        .outerjoin(UserGroupRow, UserGroupRow.id == MembershipRow.group_id)
        .order_by(UserRow.email, UserGroupRow.key)
    )
    groups: dict[str, list[str]] = {}
    users: dict[str, Any] = {}
    for row in await reading.execute(query):
        users.setdefault(row.id, row)
        groups.setdefault(row.id, []).extend([row.key] if row.key else [])
    return tuple(
        UserFacts(
            id=i,
            email=row.email,
            name=row.name,
            active=row.active,
            groups=tuple(groups[i]),
        )
        for i, row in users.items()
    )


async def user_with(session: AsyncSession, email: str) -> UserRow:
    """The user with this address; `ConfigError` where there is none."""
    address = normal_email(email)
    query = sa.select(UserRow).where(UserRow.email == address)
    found = await session.scalar(query) if _storable(address) else None
    if found is None:
        raise ConfigError(f"There is no user {email[:80]!r}; see: cyclorama users list")
    return found


async def deactivate_user(session: AsyncSession, email: str) -> UserRow:
    """Shut a user out: their tokens stop working at once, and are deleted."""
    user = await user_with(session, email)
    user.active = False
    await session.execute(sa.delete(TokenRow).where(TokenRow.user_id == user.id))
    await session.flush()
    return user


async def create_token(
    session: AsyncSession, *, email: str, now: datetime, days: int = 90
) -> str:
    """A new bearer token of an active user; it is not kept, only its hash is."""
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"A token lives from 1 to {MOST_DAYS} days, not {days}.")
    user = await user_with(session, email)
    if not user.active:
        raise ConfigError(f"The user {user.email!r} is deactivated.")
    token = PREFIX + secrets.token_urlsafe(32)
    session.add(
        TokenRow(
            id=new_id("token"),
            user_id=user.id,
            token_hash=_hashed(token),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    await session.flush()
    return token
