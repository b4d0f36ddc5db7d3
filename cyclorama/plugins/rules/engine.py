"""Which rules follow from events, for which records, and doing what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.clauses import Subject
from cyclorama.plugins.acting import Acting, Result, Target
from cyclorama.plugins.dispatching import Dispatched
from cyclorama.plugins.rules.cel import CelError, Condition, is_installed
from cyclorama.plugins.rules.entries import RuleEntry
from cyclorama.plugins.rules.facts import is_fact, values_of
from cyclorama.plugins.rules.file import Catalogue
from cyclorama.plugins.rules.judging import Match, Values, clause_of, judged
from cyclorama.storage.audit import Actor, Author, Entry, append
from cyclorama.storage.engine import Reading
from cyclorama.storage.events import Event, emit_all
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.rows import PluginSwitchRow
from cyclorama.storage.rules import FIRINGS, RULES, RUNS

MOST_DEPTH: Final = 3
"""Rules in a chain, each following from what the one before did."""
MOST_DETAILS: Final = 100
CONDITION: Final = "condition"
"""In the place of an action, where it is the condition in CEL that failed."""
DAY: Final = timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Told:
    """What a rule has done, for the log of runs."""

    rule: str
    trigger: str
    records: int = 0
    state: str = "DONE"
    results: list[tuple[str, Result]] = field(default_factory=list)
    """With the action's key."""

    def row(self, now: Any) -> dict[str, Any]:
        """As the log keeps it."""
        count = dict.fromkeys(("CHANGED", "UNCHANGED", "FAILED"), 0)
        for _, result in self.results:
            count[result.status] += 1
        details = [
            {"record": r.record_id, "action": a, "status": r.status, "reason": r.reason}
            for a, r in self.results[:MOST_DETAILS]
        ]
        return {
            "id": new_id("rule_run"),
            "rule_key": self.rule,
            "trigger": self.trigger,
            "at": now,
            "state": self.state,
            "records": self.records,
            "changed": count["CHANGED"],
            "unchanged": count["UNCHANGED"],
            "failed": count["FAILED"],
            "details": details,
        }


def not_judged(rule: str, trigger: str, failed: Mapping[str, str]) -> list[Told]:
    """What the log of runs says of records of which a condition can't be evaluated, with
    the reason of each; nothing without any."""
    if not failed:
        return []
    results = [
        (CONDITION, Result(record_id=record, status="FAILED", reason=reason))
        for record, reason in failed.items()
    ]
    state = "CONDITION_FAILED"
    return [Told(rule=rule, trigger=trigger, state=state, results=results)]


@dataclass(slots=True, kw_only=True)
class Done:
    """What rules have done with a batch and what is left to be written of it: together,
    as other writers wait for the end of who adds to the audit log."""

    events: list[tuple[Author, Event]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    known: dict[Any, Any] = field(default_factory=dict)
    today: dict[str, int] | None = None
    """On how many records rules have acted in the last 24 hours, once it was asked."""

    async def write(
        self, session: AsyncSession, told: Sequence[Told], now: datetime
    ) -> None:
        """Write the log of runs, the events and the audit log."""
        await session.execute(sa.insert(RUNS), [t.row(now) for t in told])
        await emit_all(session, self.events)
        await append(session, self.entries)


class RuleEngine:
    """Listens to events and does what rules say."""

    def __init__(self, known: Catalogue) -> None:
        self.known = known

    async def listen(self, batch: Dispatched) -> None:
        """Do what the enabled rules say of these events, rule after rule."""
        told = []
        done = Done()
        off = await disabled(batch.session)
        subjects: dict[str, Subject] = {}
        for rule in await load(batch.session):
            kind = self.known.event_of(rule) if self.usable(rule, off) else None
            if kind is None or not rule.enabled:
                continue
            events = [
                e
                for e in batch.events
                if e.kind == kind.key
                and kind_of_id(e.record_id) == rule.kind.lower()
                and follows(e.chain, rule.key)
            ]
            failed: dict[str, str] = {}
            matches = await self.matches(batch, rule, events, subjects, failed)
            told += not_judged(rule.key, kind.key, failed)
            matches = await awake(batch, rule, matches) if matches else []
            if matches:
                told.append(await self._follow(batch, rule, kind.key, matches, done))
        if told:
            await done.write(batch.session, told, batch.now)

    def usable(self, rule: RuleEntry, off: frozenset[str] = frozenset()) -> bool:
        """Whether everything that the rule names is installed, and none of it of the
        sections that are switched off."""
        when, known = rule.when, self.known
        facts = [c.attribute for c in rule.record if is_fact(c.attribute)]
        written = "".join((when.cel or "").split())
        facts += [f for f in known.facts if f"record.{f}" in written]
        named = [when.event, when.trigger, *(a.action for a in rule.actions), *facts]
        if off.intersection(n.partition(".")[0] for n in named if n is not None):
            return False
        return (
            (when.event is None or when.event in known.events)
            and (when.trigger is None or when.trigger in known.triggers)
            and all(a.action in known.actions for a in rule.actions)
            and all(f in known.facts for f in facts)
            and (when.cel is None or is_installed())
        )

    async def matches(
        self,
        batch: Dispatched,
        rule: RuleEntry,
        events: Sequence[Any],
        subjects: dict[str, Subject],
        failed: dict[str, str],
    ) -> list[Match]:
        """Those of the events of which the rule's conditions hold, in their order;
        `subjects` keeps by id what is asked of events, `failed` gets what `holding` says
        of records."""
        asked = [clause_of(c) for c in rule.event]
        found = []
        for event in events:
            if asked and event.id not in subjects:
                subjects[event.id] = Subject(Values(event))
            if not asked or subjects[event.id].meets(asked):
                found.append(Match(event.record_id, event))
        if rule.when.trigger is not None and found:
            trigger = self.known.triggers[rule.when.trigger]
            settings = trigger.settings.model_validate(rule.when.with_)
            rows = [m.event for m in found]
            ways = await trigger.find(batch.session, settings, rows, batch.now)
            found = [
                replace(m, ways=tuple(ways[m.event.id]))
                for m in found
                if ways.get(m.event.id)
            ]
        return await self.holding(batch, rule, found, failed)

    async def holding(
        self,
        batch: Dispatched,
        rule: RuleEntry,
        matches: Sequence[Match],
        failed: dict[str, str],
    ) -> list[Match]:
        """Those of the matches of whose records, and events, the conditions hold;
        `failed` gets by record why that can't be said."""
        if not matches:
            return []
        names = {c.attribute for c in rule.record}
        try:
            cel = self._cel(rule, batch.fields)
        except CelError as error:
            failed |= {m.record_id: str(error) for m in matches}
            return []
        names |= set() if cel is None else cel.of_record
        if not names and cel is None:
            return list(matches)
        ids = sorted({m.record_id for m in matches})
        held = await values_of(batch, rule.kind, ids, names, self.known.facts)
        asked = [clause_of(c) for c in rule.record]
        met = {id for id, values in held.items() if Subject(values).meets(asked)}
        found = [m for m in matches if m.record_id in met]
        return found if cel is None else judged(rule, cel, found, held, failed)

    def _cel(self, rule: RuleEntry, fields: Sequence[Any]) -> Condition | None:
        if rule.when.cel is None:
            return None
        kind, known = self.known.event_of(rule), self.known.asked(rule.kind, fields)
        return Condition.read(rule.when.cel, kind, known)

    async def _follow(
        self,
        batch: Dispatched,
        rule: RuleEntry,
        trigger: str,
        matches: list[Match],
        done: Done,
    ) -> Told:
        told = Told(rule=rule.key, trigger=trigger)
        if done.today is None:
            done.today = await _of_today(batch)
        left = rule.most_records - done.today.get(rule.key, 0)
        known: dict[str, None] = {}
        for match in matches:
            if len(known) < left:
                known[match.record_id] = None
        told.records = len({m.record_id for m in matches})
        if told.records > len(known):
            told.state = "CAPPED"
        kept = [m for m in matches if m.record_id in known]
        # What follows from the same rules goes together, each record once at a time.
        rounds: defaultdict[Any, list[Match]] = defaultdict(list)
        seen: defaultdict[Any, int] = defaultdict(int)
        for match in kept:
            chain = tuple(match.event.chain)
            rounds[chain, seen[chain, match.record_id]].append(match)
            seen[chain, match.record_id] += 1
        for (chain, _), group in rounds.items():
            await self.act(batch, rule, group, told, done, chain)
        return told

    async def act(
        self,
        batch: Dispatched,
        rule: RuleEntry,
        matches: Sequence[Match],
        told: Told,
        done: Done,
        chain: tuple[str, ...] = (),
    ) -> None:
        """Do what the rule says with these records; `done` is to be written then."""
        actor = Actor(kind="RULE", id=rule.key, name=rule.name)
        author = Author(actor=actor, at=batch.now, chain=(*chain, rule.key))
        acting = Acting(
            session=batch.session,
            author=author,
            now=batch.now,
            today=batch.today,
            fields=batch.fields,
            rule=rule.key,
            name=rule.name,
            known=done.known,
        )
        targets = [Target(record_id=m.record_id, event=m.event) for m in matches]
        for entry in rule.actions:
            action = self.known.actions[entry.action]
            settings = action.settings.model_validate(entry.with_)
            results = await action.run(acting, settings, targets)
            told.results += [(entry.action, r) for r in results]
        done.events += [(author, event) for event in acting.events]
        done.entries += acting.entries


def follows(chain: Sequence[str], rule: str) -> bool:
    """Whether a rule may follow from what these rules did: never from itself, and not
    without end."""
    return rule not in chain and len(chain) < MOST_DEPTH


async def disabled(session: AsyncSession) -> frozenset[str]:
    """The keys of the sections that are switched off."""
    query = sa.select(PluginSwitchRow.key).where(~PluginSwitchRow.enabled)
    return frozenset(await session.scalars(query))


_RULES: Final = sa.select(RULES.c.definition).order_by(RULES.c.position)


async def load(session: AsyncSession) -> list[RuleEntry]:
    """All rules, in their order."""
    return [RuleEntry.model_validate(d) for d in await session.scalars(_RULES)]


async def read(reading: Reading) -> list[RuleEntry]:
    """As `load`, for who writes nothing."""
    rows = await reading.execute(_RULES)
    return [RuleEntry.model_validate(r.definition) for r in rows]


async def awake(
    batch: Dispatched, rule: RuleEntry, matches: Sequence[Match]
) -> list[Match]:
    """The matches whose records the rule does not leave alone just now; from now on it
    leaves them alone for as long as it says, each way by itself."""
    if not rule.pause_days:
        return list(matches)
    ids = sorted({m.record_id for m in matches})
    query = sa.select(FIRINGS.c.record_id, FIRINGS.c.way).where(
        FIRINGS.c.rule_key == rule.key,
        FIRINGS.c.record_id.in_(ids),
        FIRINGS.c.until > batch.now,
    )
    asleep = {(r.record_id, r.way) for r in await batch.session.execute(query)}
    kept, rows = [], []
    for match in matches:
        fresh = [w for w in match.ways if (match.record_id, w) not in asleep]
        if not fresh:
            continue
        kept.append(replace(match, ways=fresh))
        for way in fresh:
            asleep.add((match.record_id, way))
            until = batch.now + rule.pause_days * DAY
            key = {"rule_key": rule.key, "record_id": match.record_id}
            rows.append({**key, "way": way, "until": until})
    if rows:
        dialect = batch.session.get_bind().dialect.name
        await batch.session.execute(_sleep(dialect), rows)
    return kept


async def _of_today(batch: Dispatched) -> dict[str, int]:
    """How many records events have led each rule to in the last 24 hours."""
    query = (
        sa.select(RUNS.c.rule_key, sa.func.sum(RUNS.c.records).label("records"))
        .where(RUNS.c.at > batch.now - DAY, RUNS.c.trigger.like("%.%"))
        .group_by(RUNS.c.rule_key)
    )
    found = await batch.session.execute(query)
    return {r.rule_key: int(r.records) for r in found}


@cache
def _sleep(dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(FIRINGS)
    return statement.on_conflict_do_update(
        index_elements=["rule_key", "record_id", "way"],
        set_={"until": statement.excluded.until},
    )
