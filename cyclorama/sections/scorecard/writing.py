"""Changing the score of a measure: it, its group and the overall score, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, author_of, direct, kind_of_id, record_change
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.rules.bands import Band, Refused
from cyclorama.sections.scorecard.rules.facts import Fact
from cyclorama.sections.scorecard.state import Frame, State, learn, settings_by_record
from cyclorama.sections.scorecard.statements import (
    executing,
    nodes_of_one,
    settings_of,
)

NO_CARD = "The record has no scorecard; an admin makes one of its kind the default."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a measure of a record."""

    record_id: str
    measure: str
    action: str
    """As the audit log names it."""
    check: Callable[[Any], None]
    """Raises `Refused` for a node whose score may not be changed."""
    apply: Callable[[Fact, Sequence[Band]], Fact]
    """The fact as it will be; may raise `Refused`."""
    expected: int | None = None
    """The version that the record's scores have to have."""
    only_comment: bool = False
    """Whether the score is neither set nor confirmed."""


async def write(
    ctx: Context, session: AsyncSession, change: Change
) -> tuple[State, Ledger]:
    """Make a change in the session's transaction: scores, events and the audit log.

    `Refused` is raised before anything is written. Changes of one record wait for each
    other, so that each computes from what the others left."""
    state = await locked_state(ctx, session, change.record_id)
    ledger = Ledger(author=author_of(ctx), today=ctx.today, fields=ctx.settings.fields)
    check_version(state, change.expected)
    node = measure_of(state, change.measure)
    change.check(node)
    old, overall = state.fact(node.key), state.fact("").score
    new = change.apply(old, state.settings.bands)
    if new == old:
        return state, ledger
    if change.only_comment:
        return state, await _remark(ctx, session, change, ledger, state, new)
    ledger.settle(state, {node.key: new})
    await ledger.save(session, tell=False)
    await roll_up(session, ledger, await companies_of(session, [change.record_id]))
    await record_change(
        ctx,
        session,
        change.action,
        change.record_id,
        before={node.key: old.score, "overall": overall},
        after={node.key: new.score, "overall": state.fact("").score},
        events=ledger.changes.take(),
    )
    return state, ledger


async def _remark(
    ctx: Context,
    session: AsyncSession,
    change: Change,
    ledger: Ledger,
    state: State,
    new: Fact,
) -> Ledger:
    before = {"version": state.version}
    ledger.remark(state, change.measure, new)
    await ledger.save(session, tell=False)
    after = {"version": state.version, "comment": change.measure}
    await record_change(
        ctx, session, change.action, change.record_id, before=before, after=after
    )
    return ledger


def check_version(state: State, expected: int | None) -> None:
    """`Refused` where somebody has changed the record's scores since."""
    if expected is not None and expected != state.version:
        message = (
            f"The scorecard is at version {state.version} by now; read it again and "
            "decide what to keep."
        )
        raise Refused("CONFLICT", message, "expectedVersion")


def measure_of(state: State, key: str) -> Any:
    """The node of a measure; `Refused` where the card has none of this key."""
    node = state.node(key)
    if node is None or node.measure_id is None:
        message = f"The record's scorecard has no measure {key[:80]!r}."
        raise Refused("LOOKUP_NOT_FOUND", message, "measureKey")
    return node


async def locked_state(ctx: Context, session: AsyncSession, record_id: str) -> State:
    """The state of a record that nobody else changes until the transaction ends; read
    again where its card has changed while somebody else had to be waited for."""
    kind, at = kind_of_id(record_id), direct(session)
    while True:
        rows = await at.fetch(settings_of(kind, lock=True), {"id": record_id})
        settings = settings_by_record(rows).get(record_id)
        if settings is None:
            raise Refused("INVALID_STATE", NO_CARD, "recordId")
        version, given = settings.row.version, settings.row.given
        key = ("scorecard", settings.card_id, version)
        frame: Frame | None = ctx.database.made.find(key)
        query = nodes_of_one(whole=frame is None)
        asked = {"card": settings.card_id, "id": record_id}
        known = await at.fetch(query, asked)
        if not known or (known[0].version, known[0].given) != (version, given):
            continue
        if frame is None:
            frame = ctx.database.made.put(key, Frame.of(settings, known))
        state = State(
            record_id=record_id,
            settings=settings,
            frame=frame,
            rows={row.key: row for row in known if row.record_id is not None},
            newest_event=known[0].newest_event or 0,
            given=given,
        )
        await learn(executing(session), {record_id: state}, ctx.settings.fields)
        return state
