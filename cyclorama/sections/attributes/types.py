"""What an attributes section answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import Env, FieldValue, SectionBase, read, record_items
from cyclorama.sections.attributes.config import AttributesConfig

EMPTY = ("null", "[]", '""')
"""JSON of a value that counts as none."""

ONE_ROW = sa.select(sa.literal(1).label("one")).subquery()


def groups(env: Env, config: AttributesConfig) -> Sequence[Mapping[str, Any]]:
    """The groups of the settings with the values of their fields."""
    return [
        {"label": group.label, "fields": record_items(env, group.fields)}
        for group in config.groups
    ]


def missing(env: Env, config: AttributesConfig) -> Any:
    """The paths of the required fields that have no value, as `path`."""
    required = {
        item["path"]: item["value"]
        for item in record_items(env, config.fields())
        if item["required"]
    }
    parts = [
        sa.select(sa.literal(path, sa.String()).label("path"))
        .select_from(ONE_ROW)
        .where(_is_empty(value))
        for path, value in required.items()
    ]
    nothing = (
        sa.select(sa.literal("", sa.String()).label("path"))
        .select_from(ONE_ROW)
        .where(sa.false())
    )
    found = sa.union_all(*(parts or [nothing])).subquery()
    return sa.select(found.c.path)


def _is_empty(value: Any) -> Any:
    text = sa.cast(value, sa.Text())
    return sa.or_(text.is_(None), *(text == empty for empty in EMPTY))


@strawberry.type(description="Fields under a heading.")
class AttributeGroup:
    label: str
    fields: list[FieldValue]


@strawberry.type(description="Fields of the record, in groups that an admin has made.")
class AttributesSection(SectionBase):
    groups: list[AttributeGroup] = read.each(groups)
    missing_required: list[str] = read.declared(
        read.many(missing, order_by=["path"]).source,
        "The paths of required fields that have no value.",
    )
