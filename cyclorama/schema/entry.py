"""A field of records as data, and those that an organisation has added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.schema.sql import fixed, json_field, json_pairs, json_text
from cyclorama.storage.rows import PicklistItemRow

CUSTOM: Final = "custom."
Expression = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A field of a kind of record and the expressions of its value over a row."""

    path: str
    label: str
    type: str
    """A name of the graph's `FieldType`."""
    value: Expression
    """JSON: money as amount and currency, an item of a vocabulary as its key, a lookup as
    its id."""
    display: Expression
    """Text for people, or None."""
    column: str | None = None
    """The column that holds it; None for what is computed."""
    editable: bool = False
    required: bool = False
    help_text: str | None = None
    picklist: str | None = None
    lookup: str | None = None
    shown: Callable[[Any, int], Any] | None = None
    """A number's text for people with so many decimals; None where it is none."""


def custom_entry(key: str, facts: Any) -> Entry:
    """A custom field, by its `FieldFacts`, over rows with `custom` and `currency`."""
    is_money = facts.type == "CURRENCY"
    is_number = is_money or facts.type in ("NUMBER", "PERCENT")

    def number(c: Any, decimals: int) -> Any:
        text = json_text(c.custom, sa.literal(key))
        return fixed(sa.cast(text, sa.Numeric()), decimals)

    def shown(c: Any, decimals: int) -> Any:
        found = number(c, decimals)
        return found + " " + c.currency if is_money else found

    def value(c: Any) -> Any:
        kept = json_field(c.custom, sa.literal(key))
        if not is_money:
            return kept
        amount, unit = sa.literal("amount"), sa.literal("currency")
        pairs = json_pairs(amount, number(c, 2), unit, c.currency)
        return sa.case((number(c, 2).is_not(None), pairs))

    return Entry(
        path=CUSTOM + key,
        label=facts.label,
        type=facts.type,
        value=value,
        display=(lambda c: shown(c, 2)) if is_money else _display(key, facts),
        column="custom",
        editable=facts.editable,
        required=facts.required,
        help_text=facts.help_text,
        picklist=facts.picklist,
        shown=shown if is_number else None,
    )


def _display(key: str, facts: Any) -> Expression:
    """Text for people of a custom field that is no money."""

    def display(c: Any) -> Any:
        text = json_text(c.custom, sa.literal(key))
        if facts.type == "BOOLEAN":
            # SQLite has 1 and 0 for the words of JSON
            yes, no = sa.or_(text == "true", text == "1"), text.is_not(None)
            return sa.case((yes, "Yes"), (no, "No"))
        if facts.type == "PICKLIST":
            item = PicklistItemRow.__table__.alias()
            label = sa.select(item.c.label).where(
                item.c.picklist == facts.picklist, item.c.key == text
            )
            return sa.func.coalesce(label.scalar_subquery(), text)
        return None if facts.type == "MULTI_PICKLIST" else text

    return display
