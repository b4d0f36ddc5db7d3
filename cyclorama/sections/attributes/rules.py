"""What a value that somebody typed in becomes, or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

MOST_TAGS: Final = 50
LONGEST_TAG: Final = 80
LONGEST_TEXT: Final = 32_000
LONGEST_NUMBER: Final = 40
"""Characters of a number that is written as a text."""
MOST_MONEY: Final = 10**15
"""Minor units at most: a client's floating point numbers hold them exactly."""
_NO_CENTS: Final = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s.,;<>\"]+")
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


class Refused(Exception):
    """A value that can't be taken: a `UserErrorCode` name and what to do instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a field's column holds; numbers inclusive."""

    length: int = LONGEST_TEXT
    least: Decimal = Decimal(-(10**15))
    most: Decimal = Decimal(10**15)
    whole: bool = False
    currency: str = "USD"


def parsed(type_: str, value: Any, bounds: Bounds) -> Any:
    """The Python value of a field of this `FieldType`; an empty text or list is None.

    Texts, booleans, dates, instants as themselves; numbers as Decimal; money as minor
    units; picklist items and lookups as their keys and ids, several as a list.
    Raises `Refused`.
    """
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[type_](value, bounds)


def tags(value: Any) -> list[str]:
    """Tags: at most 50 texts of 80 characters, none twice, blanks around them cut."""
    found = _texts(value)
    if len(found) > MOST_TAGS:
        raise Refused("LENGTH", f"There are {len(found)} tags; at most {MOST_TAGS}.")
    for tag in found:
        if len(tag) > LONGEST_TAG:
            raise Refused(
                "LENGTH", f"The tag {tag[:20]!r}… is over {LONGEST_TAG} long."
            )
    return found


def minor_units(value: Any, currency: str) -> int:
    """Exact minor units (hundredths) of an amount: a number, a decimal text, or an
    object of `amount` and `currency`."""
    amount = value
    if isinstance(value, Mapping):
        if not value.keys() <= {"amount", "currency"} or "amount" not in value:
            raise Refused("TYPE", "Write an amount, or an object of amount, currency.")
        if value.get("currency", currency) != currency:
            raise Refused("INVALID", f"The record's currency is {currency}.")
        amount = value["amount"]
    number = _decimal(amount)
    places = 0 if currency in _NO_CENTS else 2
    if number != round(number, places):
        raise Refused("RANGE", f"{currency} has {places} decimals; {number} has more.")
    minor = int(number * 100)
    if abs(minor) > MOST_MONEY:
        raise Refused("RANGE", f"{number} is too large; at most 10 trillion.")
    return minor


def _text(value: Any, bounds: Bounds) -> str:
    text = _one_text(value).strip()
    if len(text) > bounds.length:
        raise Refused(
            "LENGTH", f"{len(text)} characters; at most {bounds.length} are kept."
        )
    return text


def _one_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("TYPE", f"Write a text, not {_word(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused("TYPE", "The text is not valid Unicode.") from None
    if "\0" in value:
        raise Refused("TYPE", "The text holds a NUL character; remove it.")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Refused("TYPE", f"Write a list of texts, not {_word(value)}.")
    cut = [_one_text(v).strip() for v in value]
    return list(dict.fromkeys(v for v in cut if v))


def _email(value: Any, bounds: Bounds) -> str:
    text = _text(value, bounds)
    if not _EMAIL.fullmatch(text):
        raise Refused("TYPE", f"{text[:80]!r} is no email address.")
    return text


def _url(value: Any, bounds: Bounds) -> str:
    text = _text(value, bounds)
    if not _URL.fullmatch(text):
        raise Refused("TYPE", f"{text[:80]!r} is no address with http:// or https://.")
    return text


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Refused("TYPE", f"Write a number, not {_word(value)}.")
    text = str(value)
    try:
        number = Decimal(text) if len(text) <= LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise Refused("TYPE", f"{text[:40]!r} is not a number.")
    if number and not -20 <= number.adjusted() <= 20:
        raise Refused("RANGE", f"{text} is out of range.")
    return number


def _number(value: Any, bounds: Bounds) -> Decimal:
    number = _decimal(value)
    if not bounds.least <= number <= bounds.most:
        limits = f"from {bounds.least} to {bounds.most}"
        raise Refused("RANGE", f"{number} is out of range; it must be {limits}.")
    if bounds.whole and number != int(number):
        raise Refused("TYPE", f"{number} is not a whole number.")
    return number


def _boolean(value: Any, _: Bounds) -> bool:
    if not isinstance(value, bool):
        raise Refused("TYPE", f"Write true or false, not {_word(value)}.")
    return value


def _date(value: Any, _: Bounds) -> date:
    text = _one_text(value)
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text[:40]!r} is no day; write it like 2026-10-01."
        raise Refused("TYPE", message) from None


def _instant(value: Any, _: Bounds) -> datetime:
    text = _one_text(value)
    message = f"{text[:40]!r} is no instant; write it like 2026-10-01T08:00:00Z."
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError(text)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("TYPE", message) from None


def _word(value: Any) -> str:
    """The JSON type of a value, in a word."""
    names: list[tuple[type, str]] = [
        (bool, "a boolean"),
        (int, "a number"),
        (float, "a number"),
        (str, "a text"),
        (list, "a list"),
    ]
    return next((n for t, n in names if isinstance(value, t)), "an object")


def _key(value: Any, _: Bounds) -> str:
    return _one_text(value)


_READERS: Mapping[str, Callable[[Any, Bounds], Any]] = {
    "STRING": _text,
    "RICH_TEXT": _text,
    "EMAIL": _email,
    "URL": _url,
    "NUMBER": _number,
    "PERCENT": _number,
    "CURRENCY": lambda value, bounds: minor_units(value, bounds.currency),
    "BOOLEAN": _boolean,
    "DATE": _date,
    "DATETIME": _instant,
    "PICKLIST": _key,
    "MULTI_PICKLIST": lambda value, _: tags(value),
    "LOOKUP": _key,
}
