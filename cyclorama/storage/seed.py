"""What a new database starts with: vocabularies and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import ConfigurationRow, PicklistItemRow, UserGroupRow

GROUPS: Final = (("admin", "Admins"), ("csm", "CSMs"), ("exec", "Executives"))
"""Key and name."""
_STATUSES: Final = (
    ("active", "Active", "#2e7d32", "ACTIVE"),
    ("inactive", "Inactive", "#9e9e9e", "INACTIVE"),
    ("churn", "Churn", "#c62828", "CHURN"),
)
_STAGES: Final = (
    ("new_customer", "New Customer", "#1565c0", "ONBOARDING"),
    ("kicked_off", "Kicked Off", "#0277bd", "ONBOARDING"),
    ("launched", "Launched", "#00695c", "ADOPTION"),
    ("adopting", "Adopting", "#2e7d32", "ADOPTION"),
    ("will_churn", "Will Churn", "#ef6c00", "CHURN"),
    ("churn", "Churn", "#c62828", "CHURN"),
)
_TYPES: Final = (
    ("customer", "Customer", None, "CUSTOMER"),
    ("partner", "Partner", None, "PARTNER"),
    ("prospect", "Prospect", None, "PROSPECT"),
    ("other", "Other", None, None),
)
_PICKLISTS: Final = {
    "company.status": _STATUSES,
    "company.stage": _STAGES,
    "company.company_type": _TYPES,
    "relationship.status": _STATUSES,
    "relationship.stage": _STAGES,
}
"""Key, label, colour and category of the items, in order."""


async def seed(session: AsyncSession) -> tuple[str, ...]:
    """Add the vocabularies and groups that the database lacks; the names of what was
    added. A vocabulary that has an item is the organisation's, and left alone."""
    added = [*await _add_picklists(session), *await _add_groups(session)]
    if await session.get(ConfigurationRow, 1) is None:
        session.add(ConfigurationRow(id=1))
    await session.flush()
    return tuple(added)


async def _add_picklists(session: AsyncSession) -> list[str]:
    held = set(await session.scalars(sa.select(PicklistItemRow.picklist).distinct()))
    missing = [name for name in _PICKLISTS if name not in held]
    session.add_all(item for name in missing for item in _items(name))
    return [f"picklist {name}" for name in missing]


def _items(picklist: str) -> Iterator[PicklistItemRow]:
    for position, (key, label, color, category) in enumerate(_PICKLISTS[picklist]):
        values: dict[str, Any] = {"color": color, "category": category}
        yield PicklistItemRow(
            id=new_id("picklist_item"),
            picklist=picklist,
            key=key,
            label=label,
            position=position,
            **values,
        )


async def _add_groups(session: AsyncSession) -> list[str]:
    held = set(await session.scalars(sa.select(UserGroupRow.key)))
    missing = [(key, name) for key, name in GROUPS if key not in held]
    session.add_all(
        UserGroupRow(id=new_id("group"), key=key, name=name) for key, name in missing
    )
    return [f"group {key}" for key, _ in missing]
