"""From events to notifications: who is told of what, as the kinds of events say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from cyclorama.plugins.written import EVENTS
from cyclorama.storage.events import EventKind
from cyclorama.storage.notifications import News, leave


def notifier(
    sections: Iterable[Any], core: Iterable[EventKind] = EVENTS
) -> Callable[[Any], Awaitable[None]]:
    """What tells people of the events of a batch, in the transaction that handles them.

    A batch has a `session`, its `events` as rows of `domain_event`, and the instant `now`.
    A kind that nobody declares any more is told to nobody."""
    kinds = {kind.key: kind for section in sections for kind in section.events}
    kinds |= {kind.key: kind for kind in core}

    async def listen(batch: Any) -> None:
        events = [e for e in batch.events if e.kind in kinds]
        news = [news_of(kinds[e.kind], e) for e in events]
        await leave(batch.session, news, batch.now)

    return listen


def news_of(kind: EventKind, event: Any) -> News:
    """Whom an event is told to: who follows the record, and whom it concerns."""
    before, after = event.payload["before"], event.payload["after"]

    def is_another(name: str) -> bool:
        return bool(before.get(name) != after.get(name))

    told = {
        user: None
        for name in kind.concerns
        for user in _users(after.get(name))
        if user not in _users(before.get(name))
    }
    return News(
        kind=event.kind,
        record_id=event.record_id,
        subject_id=event.subject_id,
        actor_id=event.actor_id if event.actor_kind == "USER" else None,
        at=event.at,
        to_followers=any(map(is_another, kind.followed)),
        people=list(told),
        text=after.get(kind.says) if kind.says else None,
        rule=event.chain[-1] if event.chain else None,
    )


def _users(held: Any) -> list[str]:
    """The ids that a value holds: one, several, or none."""
    if isinstance(held, list):
        return [str(user) for user in held if user]
    return [str(held)] if held else []
