"""The calls to action of a benchmark: 12 of a company, with 18 tasks.

Three of the twelve are closed, one is snoozed, one was; some are overdue. Types, reasons,
priorities and statuses are those that a new database gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyclorama.sections.cockpit.tables import PRIORITY, REASON, STATUS, TYPE
from cyclorama.sections.cockpit.vocabulary import item_id

CTAS = 12
MOST_TASKS = 3
"""Of a CTA."""
REASONS = {
    "risk": "low_usage",
    "expansion": "upsell",
    "lifecycle": "renewal",
    "activity": "follow_up",
}
"""One of each type."""
CLOSED = "t % 4 = 3"
TASKS = f"t % {MOST_TASKS + 1}"
DONE = f"CASE WHEN {CLOSED} THEN {TASKS} ELSE {TASKS} / 2 END"


def ctas(sql: Any, many: str, number: str, task: str, times: int) -> Iterator[str]:
    """The CTAs of the companies of `many` and their tasks; `number` is a row source of
    `t`, `task` one of `k`, both from 1 on."""

    def item(picklist: str, place: str, *keys: str) -> str:
        found: str = sql.one_of(place, *(item_id(picklist, key) for key in keys))
        return found

    owner = "'user_' || (1 + (n + t) % 20)"
    relationship = f"""CASE WHEN t % 3 > 0
        THEN 'relationship_' || n || '_' || (1 + t % {5 * times}) END"""
    due = f"t * 6 / {times} - 15 - n % 5"
    closed = item(STATUS, "n + t", "closed_success", "closed_lost", "closed_invalid")
    yield f"""INSERT INTO cockpit_cta (id, company_id, relationship_id, name, type_id,
            reason_id, priority_id, status_id, owner_id, due_date, original_due_date,
            is_important, is_closed, closed_at, closed_on, closed_by, close_source,
            snoozed_until, snoozed_by, comments, source, total_tasks, closed_tasks,
            version, created_on, created_by, created_at, updated_at)
        SELECT 'cta_' || n || '_' || t, 'company_' || n, {relationship},
            'What is to be done, number ' || t, {item(TYPE, "n + t / 3", *REASONS)},
            CASE WHEN t % 6 > 0 THEN {item(REASON, "n + t / 3", *REASONS.values())} END,
            {item(PRIORITY, "t", "low", "medium", "high", "critical")},
            CASE WHEN {CLOSED} THEN {closed}
                ELSE {item(STATUS, "t", "new", "in_progress")} END,
            {owner}, {sql.day(due)}, {sql.day(f"{due} - 2 * (t % 3)")},
            t % 5 = 0, {CLOSED}, CASE WHEN {CLOSED} THEN {sql.instant("- t")} END,
            CASE WHEN {CLOSED} THEN {sql.day("- t")} END,
            CASE WHEN {CLOSED} THEN {owner} END, CASE WHEN {CLOSED} THEN 'MANUAL' END,
            CASE WHEN t % {CTAS} = 6 THEN {sql.day("10 + n % 7")}
                WHEN t % {CTAS} = 9 THEN {sql.day("- 3")} END,
            CASE WHEN t % {CTAS} IN (6, 9) THEN {owner} END,
            CASE WHEN t % 2 = 0 THEN 'What was agreed with company ' || n END,
            {sql.one_of("t", "MANUAL", "RULE", "TIMELINE")}, {TASKS}, {DONE}, 1,
            {sql.day("- 60 - t")}, {owner}, {sql.instant("- 60 - t")},
            {sql.instant("- t % 20")}
        FROM {many}, {number} ORDER BY n, t"""
    yield f"""INSERT INTO cockpit_task (id, cta_id, company_id, relationship_id, position,
            name, status, kind, owner_id, due_date, is_mandatory, completed_at, created_at)
        SELECT 'cta_task_' || n || '_' || t || '_' || k, 'cta_' || n || '_' || t,
            'company_' || n, {relationship}, k, 'Step ' || k,
            CASE WHEN k <= {DONE} THEN 'COMPLETED' ELSE 'OPEN' END, 'TODO', {owner},
            {sql.day(f"{due} - 7 * ({MOST_TASKS} - k)")}, k = 1,
            CASE WHEN k <= {DONE} THEN {sql.instant("- 30 + k")} END,
            {sql.instant("- 60 - t")}
        FROM {many}, {number}, {task} WHERE k <= {TASKS} ORDER BY n, t, k"""
