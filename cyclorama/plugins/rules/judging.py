"""Whether the conditions of rules hold, and what is told where that can't be said."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from cyclorama.layouts.model import Clause
from cyclorama.plugins.rules.cel import CelError, Condition
from cyclorama.plugins.rules.entries import RuleEntry

log = structlog.get_logger(__name__)
MOST_SECONDS: Final = 5.0
"""For a condition in CEL, on a batch or a page of records."""
_LATE: Final = f"conditions took more than {MOST_SECONDS:g} s; its own was left out"


@dataclass(frozen=True, slots=True)
class Match:
    """A record that a rule is to act on."""

    record_id: str
    event: Any = None
    ways: Sequence[str] = ("",)


def clause_of(entry: Any) -> Clause:
    """A condition of a file, to be asked."""
    return Clause(entry.attribute, entry.operator, tuple(entry.values))


def judged(
    rule: RuleEntry,
    cel: Condition,
    matches: Sequence[Match],
    held: Mapping[str, Mapping[str, Any]],
    failed: dict[str, str],
) -> list[Match]:
    """Those of the matches of which a condition in CEL holds, as far as there is time;
    `failed` gets the records of which that can't be said, with the reason."""
    found = []
    wrong: dict[str, str] = {}
    time = asyncio.get_running_loop().time
    begin, is_late = time(), False
    for match in matches:
        if is_late:
            wrong.setdefault(match.record_id, _LATE)
            continue
        facts = {f"record.{n}": v for n, v in held[match.record_id].items()}
        if match.event is not None:
            facts |= Values(match.event)
        try:
            if cel.holds(facts):
                found.append(match)
        except CelError as error:
            wrong.setdefault(match.record_id, str(error))
        is_late = time() - begin > MOST_SECONDS
    if wrong:
        reason = next(iter(wrong.values()))
        log.error(
            "rule_condition_failed", rule=rule.key, times=len(wrong), reason=reason
        )
    failed |= wrong
    return found


class Values(dict[str, Any]):
    """What conditions ask of an event; `change.x` is by how much a number is more."""

    def __init__(self, event: Any) -> None:
        super().__init__(actor_kind=event.actor_kind, actor_id=event.actor_id)
        before, after = event.payload["before"], event.payload["after"]
        self.update({f"before.{n}": v for n, v in before.items()})
        self.update({f"after.{n}": v for n, v in after.items()})
        for name, new in after.items():
            old = before.get(name)
            if _is_number(new) and _is_number(old):
                self[f"change.{name}"] = new - old


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
