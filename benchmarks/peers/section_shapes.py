"""The sections of a page in PostGraphile's answers, in Cyclorama's shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def instant(text: str | None) -> str | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def support(of: Any, cases: Any) -> Any:
    return {
        "openCount": of["open"],
        "meanDaysToClose": of["meanDays"],
        "cases": {
            "totalCount": of["total"],
            "edges": [{"node": _case(c)} for c in cases],
        },
    }


def _case(of: Any) -> Any:
    same = ("number", "subject", "status", "isClosed", "priority")
    return {
        "id": of["rowId"],
        **{name: of[name] for name in same},
        "openedAt": instant(of["openedAt"]),
        "closedAt": instant(of["closedAt"]),
    }


def scorecard(of: Any) -> Any:
    return {
        "scorecardName": of["name"],
        "overall": of["overall"],
        "groups": [
            {
                **{name: group[name] for name in ("key", "name", "weight", "score")},
                "measures": [
                    {
                        "measure": {"key": one["key"], "name": one["name"]},
                        "score": one["score"],
                    }
                    for one in group["measures"]
                ],
            }
            for group in of["groups"]
        ],
        "history": of["history"],
    }


def surveys(of: Any, answers: Any) -> Any:
    return {
        "nps": of["nps"],
        "dialMode": "NPS",
        **{name: of[name] for name in _SURVEYS},
        "responses": {
            "totalCount": answers["totalCount"],
            "edges": [{"node": _answer(n)} for n in answers["nodes"]],
        },
    }


_SURVEYS = (
    "averageRating",
    "marginOfError",
    "lowSample",
    "responseCount",
    "promoters",
    "passives",
    "detractors",
    "trend",
)


def _answer(of: Any) -> Any:
    return {
        "id": of["rowId"],
        "survey": of["survey"]["name"],
        "rating": of["rating"],
        "comment": of["text"],
        "respondedAt": instant(of["respondedAt"]),
        "person": of["person"],
    }


def cockpit(of: Any, found: Any) -> Any:
    return {
        "openCount": of["open"],
        "overdueCount": of["overdue"],
        "snoozedCount": of["snoozed"],
        "successRate": of["successRate"],
        "openByType": [
            {
                "type": {name: one[name] for name in ("key", "label", "color")},
                "count": one["count"],
            }
            for one in of["byType"]
        ],
        "ctas": {
            "totalCount": found["totalCount"],
            "pageInfo": found["pageInfo"],
            "edges": [{"node": _cta(n)} for n in found["nodes"]],
        },
    }


_CTA = (
    "name",
    "type",
    "reason",
    "priority",
    "status",
    "owner",
    "dueDate",
    "isImportant",
    "daysUntilClose",
    "daysPastDue",
    "percentComplete",
)


def _cta(of: Any) -> Any:
    return {
        "id": of["rowId"],
        **{name: of[name] for name in _CTA},
        "totalTaskCount": of["totalTasks"],
        "closedTaskCount": of["closedTasks"],
        "openTaskCount": of["totalTasks"] - of["closedTasks"],
    }


def timeline(found: Any) -> Any:
    """Of its activities."""
    return {
        "activities": {
            "totalCount": found["totalCount"],
            "pageInfo": found["pageInfo"],
            "edges": [{"node": _activity(n)} for n in found["nodes"]],
        }
    }


def _activity(of: Any) -> Any:
    return {
        "id": of["rowId"],
        "type": of["type"],
        "subject": of["subject"],
        "activityDate": instant(of["activityDate"]),
        **{name: of[name] for name in ("durationMinutes", "milestoneType", "author")},
        "internalAttendees": of["internal"]["nodes"],
        "externalAttendees": of["external"]["nodes"],
        "comments": [{"id": c["rowId"]} for c in of["comments"]["nodes"]],
    }
