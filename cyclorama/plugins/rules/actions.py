"""The actions that every installation has: telling people, telling other servers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import sqlalchemy as sa
from pydantic import AfterValidator, Field, StringConstraints

from cyclorama.layouts.entries import Entry
from cyclorama.plugins.acting import Acting, Action, Result, Target
from cyclorama.plugins.rules.file import Catalogue
from cyclorama.plugins.rules.webhooks import KIND, wrong_url
from cyclorama.plugins.written import EVENTS
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.events import Event, EventKind
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.jobs import put_all
from cyclorama.storage.rows import UserRow
from cyclorama.storage.types import wire_instant

NOTIFIED: Final = EventKind(
    key="rule.notified",
    description="A rule has something to say to users.",
    values={
        "to": "The ids of the users.",
        "text": "What it says.",
        "rule": "The key of the rule.",
    },
    concerns=("to",),
    says="text",
)
CSM: Final = "CSM"
Recipient = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class NotifyEntry(Entry):
    """Whom to tell what."""

    to: list[Recipient] = Field(min_length=1, max_length=20)
    """CSM: who looks after the record; or addresses of users."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


def _url(url: str) -> str:
    wrong = wrong_url(url)
    if wrong is not None:
        raise ValueError(wrong)
    return url


class WebhookEntry(Entry):
    """Where to send the event, or the record's id."""

    url: Annotated[str, AfterValidator(_url)]


async def csms(acting: Acting, ids: Sequence[str]) -> dict[str, str | None]:
    """By id of a record who looks after it; records that are gone are left out."""
    kind = kind_of_id(ids[0]).upper()
    table: Any = ROWS[kind].__table__
    query = sa.select(table.c.id, table.c.csm_id).where(table.c.id.in_(ids))
    return {r.id: r.csm_id for r in await acting.session.execute(query)}


async def notify(
    acting: Acting, settings: NotifyEntry, targets: Sequence[Target]
) -> list[Result]:
    """Leave an event for whom it is meant; who deals with notifications listens."""
    owners = await csms(acting, [t.record_id for t in targets])
    query = sa.select(UserRow.id).where(UserRow.email.in_(settings.to), UserRow.active)
    named = list(await acting.session.scalars(query.order_by(UserRow.id)))
    results = []
    for target in targets:
        owner = owners.get(target.record_id) if CSM in settings.to else None
        to = sorted({*named, *([owner] if owner else [])})
        if not to:
            results.append(_failed(target, "nobody to tell"))
            continue
        after = {"to": to, "text": settings.text, "rule": acting.rule}
        acting.events.append(
            Event(kind=NOTIFIED, record_id=target.record_id, after=after)
        )
        results.append(Result(record_id=target.record_id, status="CHANGED"))
    return results


async def webhook(
    acting: Acting, settings: WebhookEntry, targets: Sequence[Target]
) -> list[Result]:
    """Leave a message for each record; a job sends it, again and again if need be."""
    payloads = [
        {
            "id": new_id("message"),
            "url": settings.url,
            "body": {
                "rule": acting.rule,
                "record": t.record_id,
                "at": wire_instant(acting.now),
                "event": None if t.event is None else _shown(t.event),
            },
        }
        for t in targets
    ]
    await put_all(acting.session, KIND, payloads, now=acting.now)
    return [Result(record_id=t.record_id, status="CHANGED") for t in targets]


def _shown(event: Any) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "subject": event.subject_id,
        "at": wire_instant(event.at),
        **event.payload,
    }


def _failed(target: Target, reason: str) -> Result:
    return Result(record_id=target.record_id, status="FAILED", reason=reason)


ACTIONS: Final = (
    Action(
        key="core.notify",
        description="Tell users something about the record.",
        settings=NotifyEntry,
        run=notify,
    ),
    Action(
        key="core.webhook",
        description="Send a signed message to another server.",
        settings=WebhookEntry,
        run=webhook,
    ),
)


def catalogue(sections: Iterable[Any]) -> Catalogue:
    """What rules can name where these sections are installed."""
    return Catalogue.of(sections, (*EVENTS, NOTIFIED), ACTIONS)
