"""The open CTA that a rule finds where it would make one: what becomes of it.

What the rule itself has set and nobody has changed since follows the rule; comments go
behind those that there are; a playbook comes where there is none. Status, snooze and
dates stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.plugins import Acting, Result, audit_entry
from cyclorama.sections.cockpit.choices import LONGEST_TEXT
from cyclorama.sections.cockpit.events import keys_of, told
from cyclorama.sections.cockpit.playbooks import (
    MOST_TASKS,
    Plan,
    active_users,
    for_days,
    task_rows,
)
from cyclorama.sections.cockpit.rules import TaskStatus, followed, with_comment
from cyclorama.sections.cockpit.tables import OF_COMPANY, CtaRow, TaskRow

CTAS: Any = CtaRow.__table__
TASKS: Any = TaskRow.__table__
FOLLOWED: Final = ("name", "priority_id", "owner_id", "is_important")
"""What a rule may change of a CTA that it has made."""
_CHANGED: Final = (*FOLLOWED, "comments", "playbook_id", "total_tasks", "ruled")
_OPEN: Final = (TaskStatus.OPEN.value, TaskStatus.IN_PROGRESS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a rule would make: a row for each record, by its id. An owner may be missing."""

    kind: str
    """`company` or `relationship`."""
    rows: Mapping[str, Mapping[str, Any]]
    named: bool
    """Whether the name tells CTAs apart, too."""
    plan: Plan | None
    skip_weekends: bool
    every_run: bool
    """Whether comments come with each run, and not once."""
    csms: Mapping[str, str | None]


def ruled(rule: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of what a rule has set of a CTA that it makes."""
    said = [rule] if row["comments"] else []
    return {"set": {n: row[n] for n in FOLLOWED}, "told": said}


def about(kind: str, ids: Sequence[str]) -> Any:
    """CTAs of these records, not those of a company's relationships."""
    own = _subject(kind).in_(ids)
    if kind == "company":
        return sa.and_(own, OF_COMPANY)
    return own


def _subject(kind: str) -> Any:
    return CTAS.c.company_id if kind == "company" else CTAS.c.relationship_id


async def open_twins(
    acting: Acting, wanted: Wanted, ids: Sequence[str]
) -> dict[str, list[Any]]:
    """By record the open CTAs that stand for the one that the rule would make, the newest
    first; records without are left out."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in await _alike(acting, wanted, ids, ~CTAS.c.is_closed):
        found[row.relationship_id or row.company_id].append(row)
    return found


async def lately_closed(
    acting: Acting, wanted: Wanted, ids: Sequence[str], days: int
) -> dict[str, Any]:
    """By record the day on which the last such CTA was closed, where that is fewer than
    so many days ago."""
    if not days:
        return {}
    since = CTAS.c.closed_on > acting.today - timedelta(days=days)
    closed: dict[str, Any] = {}
    for row in await _alike(acting, wanted, ids, sa.and_(CTAS.c.is_closed, since)):
        subject = row.relationship_id or row.company_id
        closed[subject] = max(row.closed_on, closed.get(subject, row.closed_on))
    return closed


async def _alike(
    acting: Acting, wanted: Wanted, ids: Sequence[str], state: Any
) -> list[Any]:
    """CTAs of records that have what identifies the new ones, or had it when a rule made
    them."""
    rows = [wanted.rows[i] for i in ids]
    if not rows:
        return []
    first = rows[0]
    same = [CTAS.c[n].is_not_distinct_from(first[n]) for n in ("type_id", "reason_id")]
    if wanted.named:
        same.append(CTAS.c.name.in_(sorted({r["name"] for r in rows})))
    keys = {r["dedupe_key"] for r in rows}
    either = sa.or_(CTAS.c.dedupe_key.in_(sorted(keys)), sa.and_(*same))
    query = sa.select(*CTAS.c).where(about(wanted.kind, ids), state, either)
    newest = query.order_by(CTAS.c.created_at.desc(), CTAS.c.id.desc())
    return [
        r
        for r in await acting.session.execute(newest)
        if not wanted.named
        or r.dedupe_key in keys
        or r.name == wanted.rows[r.relationship_id or r.company_id]["name"]
    ]


async def bring_up_to_date(
    acting: Acting, wanted: Wanted, twins: Mapping[str, Sequence[Any]]
) -> dict[str, Result]:
    """Change the newest CTA of each record; a result for each."""
    found = {}
    newest = {record: rows[0] for record, rows in twins.items()}
    pending = [r.id for i, r in newest.items() if _changes(acting, wanted, i, r)[0]]
    changed = await _change(acting, wanted, pending) if pending else set()
    for record, row in newest.items():
        count, (_, reason) = len(twins[record]), _changes(acting, wanted, record, row)
        if reason is None and count > 1:
            reason = f"{count} such CTAs are open; the newest stands for them"
        status = "CHANGED" if row.id in changed else "UNCHANGED"
        found[record] = Result(record_id=record, status=status, reason=reason)
    return found


def _changes(
    acting: Acting, wanted: Wanted, record: str, row: Any
) -> tuple[dict[str, Any], str | None]:
    """The columns that change, and what could not be done. The rule changes what it has
    set itself, so that two rules do not undo what the other one does."""
    new, held = wanted.rows[record], row.ruled or {}
    was, said = dict(held.get("set", {})), list(held.get("told", ()))
    is_own = row.source == "RULE" and row.created_by == acting.rule
    given = {n: new[n] for n in FOLLOWED if new[n] is not None}
    found = followed(row._mapping, was if is_own else {}, given)
    was |= found
    reason = None
    if new["comments"] and (wanted.every_run or acting.rule not in said):
        more = with_comment(row.comments, new["comments"], acting.today, LONGEST_TEXT)
        if more is None:
            reason = "its comments are as long as they may be"
        else:
            found["comments"] = more
            said = sorted({*said, acting.rule})
    if wanted.plan is not None and row.playbook_id is None:
        total = row.total_tasks + len(wanted.plan.tasks)
        if total > MOST_TASKS:
            reason = f"it would have more than {MOST_TASKS} tasks"
        else:
            found |= {"playbook_id": wanted.plan.playbook_id, "total_tasks": total}
    if found:
        found["ruled"] = {"set": was, "told": said}
    return found, reason


async def _change(acting: Acting, wanted: Wanted, ids: Sequence[str]) -> set[str]:
    """Lock the CTAs, decide anew and write; the ids of those that are others now."""
    session = acting.session
    query = sa.select(*CTAS.c).where(CTAS.c.id.in_(ids), ~CTAS.c.is_closed)
    locked = query.order_by(CTAS.c.id).with_for_update(key_share=True)
    old: dict[str, dict[str, Any]] = {}
    new: dict[str, dict[str, Any]] = {}
    for row in (await session.execute(locked)).all():
        record = row.relationship_id or row.company_id
        changes, _ = _changes(acting, wanted, record, row)
        if changes:
            old[row.id] = dict(row._mapping)
            grown = {"version": row.version + 1, "updated_at": acting.now}
            new[row.id] = {**old[row.id], **changes, **grown}
    if not new:
        return set()
    names = (*_CHANGED, "version", "updated_at")
    update = sa.update(CTAS).where(CTAS.c.id == sa.bindparam("b_id"))
    statement = update.values(
        {n: sa.bindparam(f"b_{n}", type_=CTAS.c[n].type) for n in names}
    )
    rows = [{"b_id": i, **{f"b_{n}": r[n] for n in names}} for i, r in new.items()]
    connection = await session.connection()
    await connection.execute(statement, rows)
    await _hand_over(acting, old, new)
    planned = [i for i, r in new.items() if r["playbook_id"] != old[i]["playbook_id"]]
    if wanted.plan is not None and planned:
        await _add_planned(acting, wanted, wanted.plan, [new[i] for i in planned])
    keys = await keys_of(session, *old.values(), *new.values())
    for id, after in new.items():
        tell(acting, "cockpit.update", id, old[id], after, keys)
    return set(new)


async def _hand_over(
    acting: Acting, old: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    """Open tasks of the owner before go to the new one with their CTA."""
    for id, row in new.items():
        before = old[id]["owner_id"]
        if row["owner_id"] != before:
            own = [TASKS.c.cta_id == id, TASKS.c.owner_id == before]
            query = sa.update(TASKS).where(*own, TASKS.c.status.in_(_OPEN))
            await acting.session.execute(query.values(owner_id=row["owner_id"]))


async def _add_planned(
    acting: Acting, wanted: Wanted, plan: Plan, ctas: Sequence[Mapping[str, Any]]
) -> None:
    """Give CTAs the tasks of a playbook, behind those that they have."""
    ids = [c["id"] for c in ctas]
    last = sa.select(TASKS.c.cta_id, sa.func.max(TASKS.c.position).label("last"))
    query = last.where(TASKS.c.cta_id.in_(ids)).group_by(TASKS.c.cta_id)
    held = {r.cta_id: r.last for r in await acting.session.execute(query)}
    active = await active_users(acting.session, plan, set(wanted.csms.values()))
    rows: list[dict[str, Any]] = []
    for cta in ctas:
        days = (cta["created_on"], cta["due_date"])
        own = for_days(plan, *days, skip_weekends=wanted.skip_weekends)
        csm = wanted.csms.get(cta["relationship_id"] or cta["company_id"])
        rows += task_rows(
            own, cta, csm, active, acting.now, after=held.get(cta["id"], 0)
        )
    if rows:
        await acting.session.execute(sa.insert(TASKS), rows)


def tell(
    acting: Acting,
    action: str,
    cta_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    keys: Mapping[str, str],
) -> None:
    """Leave the event and the entry of the audit log of a CTA's change."""
    acting.events.append(told(cta_id, before, after, keys))
    old, new = (
        {n: v for n, v in values.items() if n != "ruled"} for values in (before, after)
    )
    acting.entries.append(audit_entry(acting.author, action, cta_id, old, new))
