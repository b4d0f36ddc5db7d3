"""What a company hierarchy answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from cyclorama.plugins import (
    Arg,
    Company,
    CompanyRow,
    Env,
    FieldValue,
    InvalidInputError,
    SectionBase,
    arg,
    field_items,
    json_pairs,
    read,
    walked,
)
from cyclorama.sections.company_hierarchy.config import (
    Aggregation,
    HierarchyColumn,
    HierarchyConfig,
)
from cyclorama.sections.company_hierarchy.rules import RollUp, roll_ups
from cyclorama.sections.company_hierarchy.tables import (
    CURRENT,
    DEEPEST,
    MOST_NODES,
    NODE,
    Replaced,
    column_of,
    nodes,
    top,
    tree,
    within,
)

Child = aliased(CompanyRow)
Items = list[Mapping[str, Any]]


def _item(env: Env, column: HierarchyColumn, columns: Any) -> dict[str, Any] | None:
    """The `FieldValue` of a column of the settings over the columns of a row; None where
    no company has such a field."""
    try:
        (found,) = field_items(
            "COMPANY", [column.path], columns, env.fields, decimals=column.decimals
        )
    except InvalidInputError:
        return None
    label = column.label or found["label"]
    return {**found, "label": label, "editable": False, "required": False}


def _rolled(env: Env, config: HierarchyConfig) -> list[RollUp]:
    items = [(c, _item(env, c, NODE.c)) for c in config.columns]
    return roll_ups((c, None if i is None else i["type"]) for c, i in items)


def own(env: Env, config: HierarchyConfig) -> Items:
    """The company's own values of the columns of the settings."""
    items = [_item(env, column, NODE.c) for column in config.columns]
    return [item for item in items if item is not None]


def rolled_up(env: Env, config: HierarchyConfig) -> Items:
    """The values of the company and all below it, as one, in the order of `own`; a
    column that does not roll up shows the company's own value."""
    rolled = {r.position: r for r in _rolled(env, config)}
    found: Items = []
    for position, column in enumerate(config.columns):
        roll_up = rolled.get(position)
        columns = NODE.c if roll_up is None else _columns(roll_up)
        item = _item(env, column, columns)
        if item is None:
            continue
        if roll_up is not None and roll_up.aggregation is Aggregation.COUNT:
            item |= _count(roll_up)
        found.append(item)
    return found


def _columns(roll_up: RollUp) -> Replaced:
    """The node's columns, with the rolled up value in its field's place."""
    value: Any = NODE.c[f"rolled_{roll_up.position}"]
    name, is_money = column_of(roll_up.path), roll_up.type == "CURRENCY"
    if roll_up.path.startswith("custom."):
        pair = json_pairs(roll_up.path.removeprefix("custom."), value)
        custom = sa.case((value.is_not(None), pair))
        unit = f"currency_{roll_up.position}" if is_money else "currency"
        return Replaced(NODE.c, {"custom": custom, "currency": NODE.c[unit]})
    if is_money:
        amount = sa.type_coerce(value, sa.BigInteger())
        currency = NODE.c[f"currency_{roll_up.position}"]
        return Replaced(NODE.c, {f"{name}_minor": amount, "currency": currency})
    if roll_up.aggregation is not Aggregation.AVG:
        value = sa.type_coerce(value, NODE.c[name].type)
    return Replaced(NODE.c, {name: value})


def _count(roll_up: RollUp) -> dict[str, Any]:
    value = sa.type_coerce(NODE.c[f"rolled_{roll_up.position}"], sa.Integer())
    shown = sa.cast(value, sa.String())
    return {"type": "NUMBER", "value": value, "display_value": shown}


def shown(
    env: Env, config: HierarchyConfig, max_depth: Arg[int] = arg(10)
) -> Select[Any]:
    """Ancestors, the company, its siblings and descendants, down to this level of the
    tree: parents before children."""
    return nodes(within(max_depth, "maxDepth", 1, DEEPEST), _rolled(env, config))


@strawberry.type(description="A company of the tree.")
@read.table(NODE)
class HierarchyNode:
    company: Company = read.one(NODE.c.id)
    parent_id: strawberry.ID | None = strawberry.field(
        description="Null at the top; null where the parent may not be read."
    )
    level: int = strawberry.field(description="1 at the top.")
    child_count: int = read.value(
        select(func.count())
        .select_from(Child)
        .where(walked(Child.parent_id) == NODE.c.id, Child.id != NODE.c.id)
        .scalar_subquery()
    )
    is_current: bool = read.value(NODE.c.id == CURRENT)
    own: list[FieldValue] = read.each(own)
    rolled_up: list[FieldValue] = read.each(rolled_up)


@strawberry.type(
    description="The tree that the company stands in; on a relationship, that of its "
    "company."
)
class CompanyHierarchySection(SectionBase):
    root: Company = read.one(top())
    node_count: int = read.value(
        select(func.count()).select_from(tree()).scalar_subquery()
    )
    nodes: list[HierarchyNode] = read.many(
        shown, order_by=["level", "search_key", "id"], limit=MOST_NODES
    )
