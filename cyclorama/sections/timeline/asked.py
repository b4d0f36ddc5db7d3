"""Which activities a list asks for: its filters, and the text that it looks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from cyclorama.plugins import Arg, Env, InvalidInputError, folded, unless_masked
from cyclorama.sections.timeline.config import TimelineConfig
from cyclorama.sections.timeline.shown import (
    CONTEXT,
    IS_LOGGED,
    IS_WHOLE,
    SOURCE,
    A,
    T,
    attends,
    of_children,
    owned,
)
from cyclorama.sections.timeline.tables import INTERNAL, OF_CTA

LONGEST_SEARCH: Final = 200
ESCAPE: Final = "/"


class SearchError(InvalidInputError, DontWrapMixin):
    """A text that is too long to search for."""


class Within(TypeDecorator[str]):
    """A text as the pattern of a `LIKE` that finds it, folded, anywhere; refused when it
    is bound if it is too long."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        text = value or ""
        if len(text) > LONGEST_SEARCH:
            raise SearchError(
                f"The argument `search` has {len(text)} characters; at most "
                f"{LONGEST_SEARCH} are allowed."
            )
        text = folded(text)
        for sign in (ESCAPE, "%", "_"):
            text = text.replace(sign, ESCAPE + sign)
        return f"%{text}%"


def activities(
    env: Env,
    config: TimelineConfig,
    kind: str,
    types: Arg[list[str]] | None = None,
    search: Arg[str] | None = None,
    since: Arg[datetime] | None = None,
    until: Arg[datetime] | None = None,
    author_ids: Arg[list[str]] | None = None,
    attendee_ids: Arg[list[str]] | None = None,
    milestone_types: Arg[list[str]] | None = None,
    company_ids: Arg[list[str]] | None = None,
    relationship_ids: Arg[list[str]] | None = None,
    cta_ids: Arg[list[str]] | None = None,
    contexts: Arg[list[str]] | None = None,
    sources: Arg[list[str]] | None = None,
) -> ColumnElement[bool]:
    """The activities of a record that are asked for."""
    of_records = owned(config)
    if company_ids is not None and config.hierarchy_rollup and kind == "COMPANY":
        below = of_children(config, company_ids)
        below = unless_masked(env, below, "Activity.companyId")
        of_records = sa.or_(of_records, below)
    found = conditions(
        frozenset() if env is None else env.masked.fields,
        types=types,
        search=None if search is None else sa.type_coerce(search, Within()),
        since=since,
        until=until,
        author_ids=author_ids,
        attendee_ids=attendee_ids,
        milestone_types=milestone_types,
        relationship_ids=relationship_ids,
        cta_ids=cta_ids,
        contexts=contexts,
        sources=sources,
    )
    return sa.and_(of_records, IS_LOGGED, *found)


def conditions(
    hidden: frozenset[str], *, search: Any = None, **asked: Any
) -> Iterator[ColumnElement[bool]]:
    """What must hold, given what is asked for as values or as arguments; nothing is found
    by fields that are hidden from the viewer, nor by what they may not read."""
    for name, value in asked.items():
        if value is not None:
            condition, fields = _MEANT[name](value)
            yield condition if hidden.isdisjoint(fields) else sa.false()
    if search is not None:
        kept = {
            A.subject_key: {"Activity.subject"},
            A.notes_key: {"Activity.notes", "Activity.notesText"},
        }
        ways = [
            column.like(search, escape=ESCAPE)
            for column, fields in kept.items()
            if not fields & hidden
        ]
        yield sa.and_(IS_WHOLE, sa.or_(sa.false(), *ways))


Meant = tuple[ColumnElement[bool], tuple[str, ...]]


def _attended(ids: Any) -> Meant:
    internal = sa.and_(T.kind == INTERNAL, T.user_id.in_(ids))
    took_part = attends(sa.or_(internal, T.person_id.in_(ids)))
    fields = ("Activity.internalAttendees", "Activity.externalAttendees")
    return sa.and_(IS_WHOLE, took_part), fields


def _of_ctas(ids: Any) -> Meant:
    about = sa.and_(IS_WHOLE, A.context == OF_CTA, A.context_id.in_(ids))
    return about, ("Activity.context", "Activity.contextId")


_MEANT: Final[dict[str, Any]] = {
    "company_ids": lambda ids: (A.company_id.in_(ids), ("Activity.companyId",)),
    "types": lambda keys: (A.type.in_(keys), ("Activity.type",)),
    "since": lambda at: (A.activity_date >= at, ("Activity.activityDate",)),
    "until": lambda at: (A.activity_date < at, ("Activity.activityDate",)),
    "author_ids": lambda ids: (A.author_id.in_(ids), ("Activity.author",)),
    "attendee_ids": _attended,
    "milestone_types": lambda keys: (
        sa.and_(IS_WHOLE, A.milestone_type.in_(keys)),
        ("Activity.milestoneType",),
    ),
    "relationship_ids": lambda ids: (
        A.relationship_id.in_(ids),
        ("Activity.relationshipId",),
    ),
    "cta_ids": _of_ctas,
    "contexts": lambda keys: (CONTEXT.in_(keys), ("Activity.context",)),
    "sources": lambda keys: (SOURCE.in_(keys), ("Activity.source",)),
}
"""By what is asked for: the condition on activities, and the fields that it tells of."""
