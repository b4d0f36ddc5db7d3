"""The activities of a benchmark: 40 of a company over three years, ten of them logged on
its relationships, with some 95 attendees and 40 comments; and the stages of its journey,
three or four.

Nearly all are public. Of the others the viewer sees none: nobody's drafts, teams and
private notes are the viewer's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ACTIVITIES = 40
SPREAD_DAYS = 1_080
MILESTONES = ("kick_off", "go_live", "business_review", "renewal")
TYPES = ("call", "meeting", "email", "update", "call", "meeting", "email", "update")


def _user(place: str) -> str:
    """Somebody who is not the viewer, the first user."""
    return f"('user_' || (2 + (n + a + {place}) % 19))"


def activities(
    sql: Any, many: str, number: str, part: str, times: int
) -> Iterator[str]:
    """The activities of the companies of `many`; `number` is a row source of `a`, from 1
    on, `part` one of `k`, from 0 to 3."""
    day = f"- a * {SPREAD_DAYS // ACTIVITIES} / {times} - n % 5"
    type_ = f"CASE WHEN a % 10 = 9 THEN 'milestone' ELSE {sql.one_of('a', *TYPES)} END"
    relationship = f"'relationship_' || n || '_' || (1 + a % {5 * times})"
    yield f"""INSERT INTO timeline_activity (id, company_id, relationship_id, type, subject,
            subject_key, notes, notes_text, notes_key, activity_date, duration_minutes,
            milestone_type, context, context_id, visibility, is_draft, fields, author_id,
            updated_by_id, version, created_at, updated_at)
        SELECT 'activity_' || n || '_' || a, 'company_' || n,
            CASE WHEN a % 4 = 0 THEN {relationship} END, {type_},
            'What we spoke about, number ' || a, 'what we spoke about, number ' || a,
            '<p>They told us how they work with number ' || a || '.</p>',
            'They told us how they work with number ' || a || '.',
            'they told us how they work with number ' || a || '.',
            {sql.instant(day)}, CASE WHEN a % 3 > 0 THEN 15 * (a % 5 + 1) END,
            CASE WHEN a % 10 = 9 THEN {sql.one_of("n + a / 10", *MILESTONES)} END,
            CASE WHEN a % 4 = 0 THEN 'RELATIONSHIP' ELSE 'COMPANY' END,
            CASE WHEN a % 4 = 0 THEN {relationship} ELSE 'company_' || n END,
            CASE WHEN a % 13 = 5 THEN 'TEAM' WHEN a % 13 = 11 THEN 'PRIVATE'
                ELSE 'PUBLIC' END,
            a % 20 = 7, {sql.json("{}")}, {_user("0")}, {_user("0")}, 1,
            {sql.instant(day)}, {sql.instant(day)}
        FROM {many}, {number} ORDER BY n, a"""
    person = f"'person_' || n || '_' || (1 + (a + k) % {3 * times})"
    kind = "CASE k WHEN 0 THEN 'AUTHOR' WHEN 1 THEN 'INTERNAL' ELSE 'EXTERNAL' END"
    yield f"""INSERT INTO timeline_attendee (id, activity_id, kind, user_id, person_id)
        SELECT 'attendee_' || n || '_' || a || '_' || k, 'activity_' || n || '_' || a,
            {kind}, CASE WHEN k < 2 THEN {_user("7 * k")} END,
            CASE WHEN k > 1 THEN {person} END
        FROM {many}, {number}, {part}
        WHERE k = 0 OR k = 1 AND a % 2 = 0 OR k = 2 AND a % 3 > 0 OR k = 3 AND a % 5 = 0
        ORDER BY n, a, k"""
    before = "CASE WHEN k > 1 THEN 'comment_' || n || '_' || a || '_' || (k - 1) END"
    yield f"""INSERT INTO timeline_comment (id, activity_id, reply_to_id, author_id, body,
            version, created_at)
        SELECT 'comment_' || n || '_' || a || '_' || k, 'activity_' || n || '_' || a,
            {before}, {_user("k")}, 'What I think of it, ' || k, 1,
            {sql.instant(f"{day} + k")}
        FROM {many}, {number}, {part} WHERE k > 0 AND k <= a % 3 ORDER BY n, a, k"""


def stages(sql: Any, many: str, began: str) -> Iterator[str]:
    """The stages that the companies of `many` have come through, up to the one they are
    in, 90 days each; `began` is the day of the first."""
    yield f"""INSERT INTO timeline_stage (id, company_id, stage_id, at)
        SELECT 'journey_stage_' || n || '_' || i.position, 'company_' || n, i.id,
            {sql.instant(f"{began} + 90 * i.position")}
        FROM {many} JOIN company c ON c.id = 'company_' || n
        JOIN picklist_item s ON s.id = c.stage_id
        JOIN picklist_item i ON i.picklist = s.picklist AND i.position <= s.position
        ORDER BY n, i.position"""
