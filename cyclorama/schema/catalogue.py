"""The fields of records as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cyclorama.errors import InvalidInputError
from cyclorama.schema.sql import as_json, months_between
from cyclorama.schema.symbols import today


def lifetime_in_months(columns: Any) -> Any:
    """Whole months from the original contract date to today."""
    return months_between(columns.original_contract_date, today)


def items(
    kind: str, paths: Sequence[str], columns: Any, fields: Sequence[Any]
) -> list[dict[str, Any]]:
    """The values of these fields."""
    found = []
    for path in paths:
        if path != "name":
            raise InvalidInputError(f"The argument `paths` names {path!r}.")
        found.append(
            {
                "path": path,
                "label": "Name",
                "type": "STRING",
                "value": as_json(columns.name),
                "display_value": columns.name,
                "editable": True,
                "required": True,
                "help_text": None,
            }
        )
    return found


def attribute_columns(
    kind: str, names: Sequence[str], fields: Sequence[Any]
) -> dict[str, Any]:
    """Columns of the attributes that layouts ask for."""
    from cyclorama.schema.symbols import ROWS
    from cyclorama.storage.rows import (
        PicklistItemRow,
        RelationshipRow,
        RelationshipTypeRow,
    )

    found: dict[str, Any] = {}
    for name in names:
        if name == "type":
            found[name] = (
                sa.select(RelationshipTypeRow.key)
                .where(RelationshipTypeRow.id == RelationshipRow.type_id)
                .scalar_subquery()
            )
        else:
            row: Any = ROWS[kind]
            found[name] = (
                sa.select(PicklistItemRow.key)
                .where(PicklistItemRow.id == getattr(row, f"{name}_id"))
                .scalar_subquery()
            )
    return found


def python_value(kind: str, name: str, raw: Any) -> Any:
    """An attribute's value as rules compare it."""
    return raw
