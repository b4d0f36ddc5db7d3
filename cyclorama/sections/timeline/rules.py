"""What an activity may be, decided without a database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from cyclorama.plugins import active_part, cleaned_html, plain_text
from cyclorama.sections.timeline.config import (
    MILESTONE,
    ActivityField,
    ActivityType,
    TimelineConfig,
)
from cyclorama.sections.timeline.tables import (
    LONGEST_SUBJECT,
    OF_CTA,
    OF_MEASURE,
    OF_SCORECARD,
    ON_COMPANY,
    ON_RELATIONSHIP,
)

LONGEST_TEXT: Final = 32_000
MOST_ATTENDEES: Final = 50
MOST_MINUTES: Final = 7 * 24 * 60
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
FURTHEST: Final = timedelta(days=3660)
LARGEST: Final = 10**15
MOST_ATTACHMENTS: Final = 20
LONGEST_URL: Final = 2048
_URL: Final = re.compile(r"https?://[^\s<>\"\x00-\x1f\ud800-\udfff]+", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"(?=.{3,80}$)[\w.+-]+/[\w.+-]+", re.ASCII)


class Refused(Exception):
    """A change that can't be made: a code of `UserErrorCode`, what to do, and the way to
    the input field at fault."""

    def __init__(self, code: str, message: str, *path: str) -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, list(path)


def checked_text(text: str, longest: int, what: str, *path: str) -> str:
    """The text without blanks around it; `Refused` where it is empty or too long."""
    _check_length(text, longest, what, *path)
    if not text.strip():
        raise Refused("REQUIRED", f"{what} needs a text.", *path)
    return text.strip()


def _check_length(text: str, longest: int, what: str, *path: str) -> None:
    if len(text) > longest:
        message = f"{what}: {len(text):,} characters; at most {longest:,} are kept."
        raise Refused("LENGTH", message, *path)
    try:
        text.encode()
    except UnicodeEncodeError:
        message = f"{what} holds half a character; send whole ones."
        raise Refused("INVALID", message, *path) from None


def checked_subject(text: str) -> str:
    """What an activity is called."""
    return " ".join(
        checked_text(text, LONGEST_SUBJECT, "The subject", "subject").split()
    )


def checked_notes(html: str | None) -> tuple[str | None, str | None]:
    """Notes as sanitised HTML and as plain text; none where there is no text in them.

    `Refused` where something in them would run."""
    if html is None:
        return None, None
    _check_length(html, LONGEST_TEXT, "The notes", "notes")
    active = active_part(html)
    if active is not None:
        message = f"Notes are text; take out {active}."
        raise Refused("INVALID", message, "notes")
    kept = cleaned_html(html)
    text = plain_text(kept)
    return (kept, text) if text else (None, None)


def checked_date(at: datetime, now: datetime) -> datetime:
    """When it took place, or will; whole milliseconds, as instants are kept."""
    if not EARLIEST <= at <= now + FURTHEST:
        message = "An activity is dated from 1970 to ten years from now."
        raise Refused("RANGE", message, "activityDate")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def checked_minutes(minutes: int | None) -> int | None:
    """How long it took."""
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        message = f"An activity takes from 0 to {MOST_MINUTES:,} minutes."
        raise Refused("RANGE", message, "durationMinutes")
    return minutes


def checked_ids(ids: Sequence[str] | None, path: str) -> list[str]:
    """Ids, each once."""
    found = list(dict.fromkeys(ids or ()))
    if len(found) > MOST_ATTENDEES:
        message = f"{len(found)} people; at most {MOST_ATTENDEES} are kept."
        raise Refused("LIMIT_EXCEEDED", message, path)
    return found


def checked_attachments(given: Sequence[Any] | None) -> list[dict[str, Any]]:
    """Attachments as rows keep them, in order."""
    if given is not None and len(given) > MOST_ATTACHMENTS:
        message = f"{len(given)} attachments; at most {MOST_ATTACHMENTS} are kept."
        raise Refused("LIMIT_EXCEEDED", message, "attachments")
    return [_attachment(one, str(place)) for place, one in enumerate(given or ())]


def _attachment(one: Any, place: str) -> dict[str, Any]:
    path = ("attachments", place)
    url = one.url.strip()
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        message = "Write an address of the web that begins with https:// or http://."
        raise Refused("INVALID", message, *path, "url")
    size, media_type = one.size, one.media_type
    if size is not None and not (0 <= size <= LARGEST and size == int(size)):
        message = f"A size is a whole number of bytes, at most {LARGEST:,}."
        raise Refused("RANGE", message, *path, "size")
    if media_type is not None and not _MEDIA_TYPE.fullmatch(media_type):
        message = "Write a media type as application/pdf."
        raise Refused("INVALID", message, *path, "mediaType")
    return {
        "name": checked_text(one.name, LONGEST_SUBJECT, "The name", *path, "name"),
        "url": url,
        "media_type": media_type,
        "size": None if size is None else int(size),
    }


def source_of(context: str, *, is_company: bool) -> str:
    """The way that an activity comes in that somebody logs."""
    if context in (OF_SCORECARD, OF_MEASURE):
        return OF_SCORECARD
    if context == OF_CTA:
        return OF_CTA
    return ON_COMPANY if is_company else ON_RELATIONSHIP


def checked_type(
    config: TimelineConfig, key: str, held: str | None
) -> ActivityType | None:
    """The type of a key; None for one that the activity has and that is offered no more."""
    found = config.type(key)
    if found is None and key != held:
        known = ", ".join(t.key for t in config.types)
        message = f"There is no type {key[:80]!r} here; use one of: {known}."
        raise Refused("LOOKUP_NOT_FOUND", message, "type")
    return found


def checked_milestone(
    config: TimelineConfig,
    type_: ActivityType,
    key: str | None,
    held: str | None,
    *,
    is_draft: bool,
) -> str | None:
    """The milestone that an activity of the type marks."""
    path = "milestoneType"
    if type_.category != MILESTONE:
        if key is not None and key != held:
            message = f"An activity of the type {type_.key!r} marks no milestone."
            raise Refused("INVALID", message, path)
        return None
    known = [m.key for m in config.milestones]
    if key is None:
        if known and not is_draft:
            message = f"Say which milestone it is: {', '.join(known)}."
            raise Refused("REQUIRED", message, path)
        return None
    if key not in known and key != held:
        message = f"There is no milestone {key[:80]!r}; use one of: {', '.join(known)}."
        raise Refused("LOOKUP_NOT_FOUND", message, path)
    return key


def checked_fields(
    type_: ActivityType, given: Any, held: Mapping[str, Any], *, is_draft: bool
) -> dict[str, Any]:
    """The values of the type's own fields: those given over those held; null clears.

    `Refused` names the field, one that is missing included."""
    if not isinstance(given, Mapping):
        message = "Write an object of keys and values."
        raise Refused("TYPE", message, "fields")
    found = {k: v for k, v in held.items() if type_.field(k) is not None}
    for key, value in given.items():
        field = type_.field(key)
        if field is None:
            message = f"Activities of the type {type_.key!r} have no such field."
            raise Refused("UNKNOWN_FIELD", message, "fields", key[:80])
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _value(field, value)
    for field in type_.fields:
        if field.required and not is_draft and found.get(field.key) in (None, ""):
            message = f"{field.label} needs a value."
            raise Refused("REQUIRED", message, "fields", field.key)
    return found


def _value(field: ActivityField, value: Any) -> Any:
    path = ("fields", field.key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match field.type:
        case "NUMBER" if is_number:
            if not -LARGEST <= value <= LARGEST:
                raise Refused("RANGE", f"{field.label} is too large.", *path)
            return value
        case "BOOLEAN" if isinstance(value, bool):
            return value
        case "TEXT" if isinstance(value, str):
            _check_length(value, LONGEST_TEXT, field.label, *path)
            return value.strip()
        case "CHOICE" if isinstance(value, str):
            if value not in field.choices:
                message = f"{field.label} is one of: {', '.join(field.choices)}."
                raise Refused("LOOKUP_NOT_FOUND", message, *path)
            return value
        case "DATE" if isinstance(value, str):
            return _day(field, value)
    words = {
        "NUMBER": "a number",
        "BOOLEAN": "true or false",
        "DATE": "a day as 2026-01-31",
    }
    message = f"Write {words.get(field.type, 'a text')} for {field.label}."
    raise Refused("TYPE", message, *path)


def _day(field: ActivityField, value: str) -> str:
    try:
        return date.fromisoformat(value[:20]).isoformat()
    except ValueError:
        message = f"Write a day as 2026-01-31 for {field.label}."
        raise Refused("TYPE", message, "fields", field.key) from None
