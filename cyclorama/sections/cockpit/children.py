"""The CTAs of companies below the one of the page, where they are asked for."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, select

from cyclorama.plugins import CompanyRow, Env, record, seldom, unless_masked, walked
from cyclorama.sections.cockpit.config import CockpitConfig
from cyclorama.sections.cockpit.tables import OF_COMPANY, CtaRow

DEEPEST: Final = 50
"""Levels of companies below each other."""
COMPANIES: Any = CompanyRow.__table__


def _below() -> Any:
    """The ids of the companies below the record's."""
    start, child = COMPANIES.alias(), COMPANIES.alias()
    down = (
        select(start.c.id, sa.literal(0).label("level"))
        .where(start.c.id == record.id)
        .cte(recursive=True, nesting=True)
    )
    down = down.union_all(
        select(child.c.id, down.c.level + 1)
        .join_from(down, child, walked(child.c.parent_id) == down.c.id)
        .where(seldom(down.c.level < DEEPEST), child.c.id != record.id)
    )
    return select(down.c.id).where(down.c.level > 0)


def with_children(
    env: Env,
    config: CockpitConfig,
    kind: str,
    own: ColumnElement[bool],
    ids: Any,
) -> ColumnElement[bool]:
    """The record's own CTAs, and those of the companies with these ids below it."""
    if ids is None or kind != "COMPANY" or not config.hierarchy_rollup:
        return own
    found = sa.and_(CtaRow.company_id.in_(ids), CtaRow.company_id.in_(_below()))
    if not config.with_relationships:
        found = sa.and_(found, OF_COMPANY)
    return sa.or_(own, unless_masked(env, found, "Cta.company"))
