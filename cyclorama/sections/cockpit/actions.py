"""What rules do with CTAs: make one for a record, close those of a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy.dialects import postgresql, sqlite

from cyclorama.plugins import (
    Acting,
    Action,
    CompanyRow,
    FileEntry,
    FileKey,
    RelationshipRow,
    Result,
    Target,
    UserRow,
    kind_of_id,
    new_id,
)
from cyclorama.sections.cockpit.choices import (
    LONGEST_NAME,
    LONGEST_TEXT,
    Choices,
    checked_html,
    type_of,
)
from cyclorama.sections.cockpit.events import keys_of
from cyclorama.sections.cockpit.playbooks import (
    Plan,
    active_users,
    fitting,
    plan_of,
    task_rows,
)
from cyclorama.sections.cockpit.rules import (
    Category,
    Refused,
    TaskStatus,
    dedupe_key,
    is_closing,
)
from cyclorama.sections.cockpit.tables import PRIORITY, REASON, STATUS, CtaRow, TaskRow
from cyclorama.sections.cockpit.twins import (
    Wanted,
    about,
    bring_up_to_date,
    lately_closed,
    open_twins,
    ruled,
    tell,
)

CTAS: Any = CtaRow.__table__
TASKS: Any = TaskRow.__table__
CSM: Final = "CSM"
RECORD_NAME: Final = "{record.name}"
BY_NAME: Final = "TYPE_REASON_AND_NAME"
_TOKENS: Final = re.compile(r"\{(?:record|event)\.[^{}]*\}")


def checked_tokens(name: str) -> str:
    """The name, with tokens that there are."""
    for found in _TOKENS.findall(name):
        if found != RECORD_NAME:
            raise ValueError(f"{found[:80]} is unknown; there is {RECORD_NAME}")
    return name


class CreateCtaEntry(FileEntry):
    """The CTA to make; what is left out is the default of its type."""

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=LONGEST_NAME),
        AfterValidator(checked_tokens),
    ]
    """`{record.name}` in it stands for the record's name."""
    type: FileKey
    reason: FileKey | None = None
    priority: FileKey | None = None
    status: FileKey | None = None
    owner: Annotated[str, StringConstraints(min_length=1, max_length=255)] = CSM
    """CSM: who looks after the record; or the address of a user."""
    due_days: int = Field(default=14, ge=0, le=3_650)
    is_important: bool = False
    comments: (
        Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)] | None
    ) = None
    playbook: FileKey | None = None
    """Whose tasks the new CTA gets."""
    skip_weekends: bool = False
    """Whether tasks that would be due on one are due on the Monday after."""
    same: Literal["TYPE_AND_REASON", "TYPE_REASON_AND_NAME"] = "TYPE_AND_REASON"
    """What an open CTA of the record has in common with it, so that it is brought up to
    date and none is made."""
    comments_policy: Literal["ONCE", "EVERY_RUN"] = "ONCE"
    """How often the comments are put to an open CTA."""
    days_after_close: int = Field(default=0, ge=0, le=366)
    """For how many days after such a CTA was closed none is made."""


class CloseCtasEntry(FileEntry):
    """Which open CTAs of a record to close, and how."""

    type: FileKey
    reason: FileKey | None = None
    source: Literal["RULE", "MANUAL", "API"] | None = "RULE"
    """Who made them; null: whoever."""
    status: FileKey | None = None
    """One that closes; none: the default for success."""
    open_tasks: Literal["KEEP", "COMPLETE", "SKIP"] = "SKIP"


async def create_cta(
    acting: Acting, settings: CreateCtaEntry, targets: Sequence[Target]
) -> list[Result]:
    """Make a CTA for each record that has no such open one, and bring the one that there
    is up to date. Of rules that do it at once one makes it, and the others find it."""
    ids = [t.record_id for t in targets]
    kind = kind_of_id(ids[0])
    try:
        values = await _values(acting, settings, kind.upper())
        plan = await _planned(acting, settings, kind.upper(), values)
    except Refused as refused:
        return _all_failed(targets, refused.message)
    records = await _records(acting, ids, kind)
    fixed = None if settings.owner == CSM else await _user(acting, settings.owner)
    if plan is not None:
        values |= {"playbook_id": plan.playbook_id, "total_tasks": len(plan.tasks)}
    wanted = Wanted(
        kind=kind,
        rows={
            i: _row(acting, settings, values, records[i], fixed)
            for i in ids
            if i in records
        },
        named=settings.same == BY_NAME,
        plan=plan,
        skip_weekends=settings.skip_weekends,
        every_run=settings.comments_policy == "EVERY_RUN",
        csms={i: r.csm_id for i, r in records.items()},
    )
    results = await _make_or_renew(acting, wanted, settings.days_after_close)
    nobody = "nobody to own it: the record has no CSM, or no such user"
    failed = {i: Result(record_id=i, status="FAILED", reason=nobody) for i in ids}
    return [results.get(i, failed[i]) for i in ids]


async def _make_or_renew(
    acting: Acting, wanted: Wanted, days: int
) -> dict[str, Result]:
    """A result for each record whose CTA is made, is there, or was closed fewer than so
    many days ago; not for those whose new one nobody would own."""
    rows = wanted.rows
    twins = await open_twins(acting, wanted, list(rows))
    missing = [i for i in rows if i not in twins]
    closed = await lately_closed(acting, wanted, missing, days)
    new = [i for i in missing if i not in closed and rows[i]["owner_id"] is not None]
    made = await _make(acting, wanted, new)
    missed = [i for i in new if i not in made]
    twins |= await open_twins(acting, wanted, missed)
    results = {i: Result(record_id=i, status="UNCHANGED") for i in missed}
    for id, day in closed.items():
        reason = f"such a CTA was closed on {day}"
        results[id] = Result(record_id=id, status="UNCHANGED", reason=reason)
    results |= {i: Result(record_id=i, status="CHANGED") for i in made}
    return results | await bring_up_to_date(acting, wanted, twins)


async def _make(acting: Acting, wanted: Wanted, ids: Sequence[str]) -> set[str]:
    """Insert the CTAs of records with their tasks; the records of those that were not
    there."""
    rows = {wanted.rows[i]["id"]: (i, wanted.rows[i]) for i in ids}
    inserted = await _insert(acting, [row for _, row in rows.values()])
    made = {id: row for id, row in rows.items() if id in inserted}
    if wanted.plan is not None:
        csms = {id: wanted.csms[record] for id, (record, _) in made.items()}
        await _add_tasks(acting, wanted.plan, [row for _, row in made.values()], csms)
    for id, (_, row) in made.items():
        tell(acting, "cockpit.create", id, {}, row, await _keys(acting, row))
    return {record for record, _ in made.values()}


def _row(
    acting: Acting,
    settings: CreateCtaEntry,
    values: Mapping[str, Any],
    record: Any,
    owner: str | None,
) -> dict[str, Any]:
    """The CTA of a record, with what tells it from others; nobody may own it."""
    name = _name(settings.name, record.name)
    identity = name if settings.same == BY_NAME else None
    key = dedupe_key(record.id, values["type_id"], values["reason_id"], identity)
    row = {
        **values,
        "id": new_id("cta"),
        "company_id": record.company_id,
        "relationship_id": None if record.id == record.company_id else record.id,
        "name": name,
        "owner_id": owner or record.csm_id,
        "dedupe_key": key,
    }
    return {**row, "ruled": ruled(acting.rule, row)}


def _name(name: str, record: str) -> str:
    """The name of a record's CTA, cut where it gets too long."""
    found = name.replace(RECORD_NAME, record).strip()
    return found if len(found) <= LONGEST_NAME else f"{found[: LONGEST_NAME - 1]}…"


async def _planned(
    acting: Acting, given: CreateCtaEntry, kind: str, values: Mapping[str, Any]
) -> Plan | None:
    """The tasks that all of the CTAs get; None without a playbook."""
    if given.playbook is None:
        return None
    session, type_id = acting.session, values["type_id"]
    playbook = await fitting(session, given.playbook, kind, type_id)
    skip = given.skip_weekends
    days = (values["created_on"], values["due_date"])
    return await plan_of(session, playbook.id, *days, skip_weekends=skip)


async def _add_tasks(
    acting: Acting,
    plan: Plan,
    ctas: Sequence[Mapping[str, Any]],
    csms: Mapping[str, str | None],
) -> None:
    active = await active_users(acting.session, plan, set(csms.values()))
    rows = [
        row
        for cta in ctas
        for row in task_rows(plan, cta, csms[cta["id"]], active, acting.now)
    ]
    if rows:
        await acting.session.execute(sa.insert(TASKS), rows)


async def _insert(acting: Acting, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Insert CTAs; the ids of those that were not there."""
    if not rows:
        return set()
    dialect = acting.session.get_bind().dialect.name
    return set(await acting.session.scalars(_inserting(dialect), rows))


@cache
def _inserting(dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(CTAS).on_conflict_do_nothing().returning(CTAS.c.id)


async def _values(acting: Acting, given: CreateCtaEntry, kind: str) -> dict[str, Any]:
    """The columns that all of the CTAs have."""
    type_, choices = await _offered(acting, given.type, kind)
    reason = choices.default(REASON)
    if given.reason is not None:
        reason = choices.find(REASON, given.reason, "reason")
    if given.priority is not None:
        priority = choices.find(PRIORITY, given.priority, "priority")
    else:
        priority = choices.needed(PRIORITY, "priority")
    if given.status is not None:
        status = choices.find(STATUS, given.status, "status")
    else:
        status = choices.needed(STATUS, "status", Category.OPEN)
    if is_closing(status.category):
        raise Refused("status", "INVALID", f"The status {status.key!r} closes.")
    due = acting.today + timedelta(days=given.due_days)
    return {
        "type_id": type_.id,
        "reason_id": None if reason is None else reason.id,
        "priority_id": priority.id,
        "status_id": status.id,
        "due_date": due,
        "original_due_date": due,
        "is_important": given.is_important,
        "is_closed": False,
        "comments": checked_html(given.comments, "comments"),
        "source": "RULE",
        "total_tasks": 0,
        "closed_tasks": 0,
        "version": 1,
        "created_on": acting.today,
        "created_by": acting.rule,
        "created_at": acting.now,
        "updated_at": acting.now,
    }


async def _offered(acting: Acting, key: str, kind: str) -> tuple[Any, Choices]:
    """The type with this key and what it offers."""
    known = ("cockpit.type", key, kind)
    if known not in acting.known:
        type_ = await type_of(acting.session, key, kind)
        choices = await Choices.of(acting.session, type_.id)
        acting.known[known] = (type_, choices)
    found: tuple[Any, Choices] = acting.known[known]
    return found


async def _keys(acting: Acting, values: Mapping[str, Any]) -> dict[str, str]:
    """The keys of what these values choose, by id."""
    ids = tuple(values[f"{n}_id"] for n in ("type", "reason", "priority", "status"))
    known = ("cockpit.keys", ids)
    if known not in acting.known:
        acting.known[known] = await keys_of(acting.session, values)
    found: dict[str, str] = acting.known[known]
    return found


async def _records(acting: Acting, ids: Sequence[str], kind: str) -> dict[str, Any]:
    """Company, CSM and name of records, by id."""
    row: Any = CompanyRow if kind == "company" else RelationshipRow
    company = row.id if kind == "company" else row.company_id
    query = sa.select(row.id, company.label("company_id"), row.csm_id, row.name)
    found = await acting.session.execute(query.where(row.id.in_(ids)))
    return {r.id: r for r in found}


async def _user(acting: Acting, email: str) -> str | None:
    query = sa.select(UserRow.id).where(UserRow.email == email, UserRow.active)
    found: str | None = await acting.session.scalar(query)
    return found


async def close_ctas(
    acting: Acting, settings: CloseCtasEntry, targets: Sequence[Target]
) -> list[Result]:
    """Close the open CTAs of records that are meant."""
    session, ids = acting.session, [t.record_id for t in targets]
    kind = kind_of_id(ids[0])
    try:
        type_, choices = await _offered(acting, settings.type, kind.upper())
        status = _closing(choices, settings.status)
        where = [about(kind, ids), ~CtaRow.is_closed, CtaRow.type_id == type_.id]
        if settings.reason is not None:
            reason = choices.find(REASON, settings.reason, "reason")
            where.append(CtaRow.reason_id == reason.id)
    except Refused as refused:
        return _all_failed(targets, refused.message)
    if settings.source is not None:
        where.append(CtaRow.source == settings.source)
    query = sa.select(CtaRow).where(*where).order_by(CtaRow.id)
    rows = list(await session.scalars(query.with_for_update(key_share=True)))
    found: dict[str, Result] = {}
    for row in rows:
        subject = row.relationship_id or row.company_id
        reason_of = await _close(acting, row, status.id, settings.open_tasks)
        status_of = "CHANGED" if reason_of is None else "FAILED"
        if subject not in found or status_of == "FAILED":
            found[subject] = Result(
                record_id=subject, status=status_of, reason=reason_of
            )
    return [found.get(i, Result(record_id=i, status="UNCHANGED")) for i in ids]


def _closing(choices: Choices, key: str | None) -> Any:
    if key is None:
        return choices.needed(STATUS, "status", Category.CLOSED_SUCCESS)
    found = choices.find(STATUS, key, "status")
    if not is_closing(found.category):
        raise Refused("status", "INVALID", f"The status {key!r} does not close a CTA.")
    return found


async def _close(acting: Acting, row: Any, status: str, open_tasks: str) -> str | None:
    """Close one; why that can't be."""
    session = acting.session
    query = sa.select(TaskRow).where(TaskRow.cta_id == row.id).order_by(TaskRow.id)
    tasks = list(await session.scalars(query))
    left = [t for t in tasks if not TaskStatus(t.status).is_done]
    if open_tasks != "COMPLETE" and any(t.is_mandatory for t in left):
        return f"a mandatory task of {row.id} is open"
    before = {c.key: getattr(row, c.key) for c in CTAS.columns}
    for task in left if open_tasks != "KEEP" else ():
        completes = open_tasks == "COMPLETE"
        done = TaskStatus.COMPLETED if completes else TaskStatus.SKIPPED
        task.status = done.value
        task.completed_at = acting.now if completes else None
    row.status_id, row.is_closed = status, True
    row.closed_at, row.closed_on = acting.now, acting.today
    row.closed_by, row.close_source = acting.rule, "RULE"
    row.snoozed_until = row.snooze_reason = row.snoozed_by = None
    row.closed_tasks = sum(TaskStatus(t.status).is_done for t in tasks)
    row.version += 1
    row.updated_at = acting.now
    await session.flush()
    after = {c.key: getattr(row, c.key) for c in CTAS.columns}
    keys = await keys_of(session, before, after)
    tell(acting, "cockpit.close", row.id, before, after, keys)
    return None


def _all_failed(targets: Sequence[Target], reason: str) -> list[Result]:
    return [
        Result(record_id=t.record_id, status="FAILED", reason=reason) for t in targets
    ]


ACTIONS: Final = (
    Action(
        key="cockpit.create_cta",
        description="Make a CTA for the record, or bring its open one up to date.",
        settings=CreateCtaEntry,
        run=create_cta,
    ),
    Action(
        key="cockpit.close_ctas",
        description="Close open CTAs of the record.",
        settings=CloseCtasEntry,
        run=close_ctas,
    ),
)
