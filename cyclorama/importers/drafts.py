"""A row on its way into a table: checked, compared with what is there, filled up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cyclorama.errors import ConfigError
from cyclorama.importers.model import Incoming
from cyclorama.importers.references import REFS, Key
from cyclorama.importers.targets import (
    Refusal,
    Target,
    check_text,
    checked,
    default_of,
)
from cyclorama.importers.vocabulary import Vocabularies
from cyclorama.storage.search import fold

LONGEST_ID: Final = 255
_STAMPS: Final = ("created_at", "updated_at")


@dataclass(slots=True, eq=False)
class Draft:
    """A row on its way; `values` grows from what was given to what will be written."""

    row: Incoming
    values: dict[str, Any]
    waits: dict[str, Key] = field(default_factory=dict)
    """Columns that point to records, and to which."""
    entity: str = ""
    """The id of the row that it becomes."""
    old: Mapping[str, Any] | None = None
    """That row as it is; None: there is none yet."""
    is_known: bool = False
    """Whether the database has its external reference."""

    @property
    def key(self) -> Key:
        """How references name it."""
        return self.row.object_type, self.row.external_id


def drafted(target: Target, row: Incoming, vocabularies: Vocabularies) -> Draft:
    """The row with checked values; `Refusal` where it can't be written at all.

    `ConfigError` names a column that the target doesn't have."""
    check_id(row.external_id)
    checked(REFS.c.url, row.url)
    for name in (*row.values, *row.references, *row.picklists):
        if name not in target.columns:
            raise ConfigError(
                f"{target.name} has no column {name!r}; it has: "
                f"{', '.join(sorted(target.columns))}."
            )
    values = {n: checked(target.columns[n], v) for n, v in row.values.items()}
    for name, label in row.picklists.items():
        vocabulary = target.vocabularies[name]
        values[name] = vocabularies.item(vocabulary, label) if label else None
    if "name" in values and "search_key" in target.table.columns:
        values["search_key"] = fold(values["name"] or "")
    waits = {}
    for name, key in row.references.items():
        values[name] = None
        if key[1]:
            check_id(key[1])
            waits[name] = key
    return Draft(row, _without_voids(target, values, waits), waits)


def check_id(external_id: str) -> None:
    """`Refusal` for an id of another system that can't be kept."""
    if not external_id:
        raise Refusal("it has no id")
    if len(external_id) > LONGEST_ID:
        raise Refusal(f"the id has {len(external_id)} characters; at most {LONGEST_ID}")
    check_text("the id", external_id)


def changes(draft: Draft) -> dict[str, Any]:
    """What the row has to become, where it differs from what it is."""
    old = draft.old or {}
    wanted = dict(draft.values)
    if "custom" in wanted:
        merged = {**(old.get("custom") or {}), **(wanted["custom"] or {})}
        wanted["custom"] = {k: v for k, v in merged.items() if v is not None}
    return {name: v for name, v in wanted.items() if old.get(name) != v}


def new_row(target: Target, draft: Draft, now: datetime) -> dict[str, Any]:
    """All columns of a new row; `Refusal` names one that nothing fills."""
    made = {**changes(draft), "id": draft.entity}
    for column in target.table.columns:
        if column.name not in made:
            stamped = column.name in _STAMPS and not column.nullable
            made[column.name] = now if stamped else default_of(column)
        waits = column.name in draft.waits
        if made[column.name] is None and not (column.nullable or waits):
            raise Refusal(f"{column.name} is empty")
    return made


def _without_voids(
    target: Target, values: dict[str, Any], waits: Mapping[str, Key]
) -> dict[str, Any]:
    """Without empty values for columns that have a default; `Refusal` for a required
    column that is empty."""
    kept = {}
    for name, value in values.items():
        column = target.table.columns[name]
        if value is None and not column.nullable and name not in waits:
            if column.default is None and name not in _STAMPS:
                raise Refusal(f"{name} is empty")
            continue
        if name == "name" and not value:
            raise Refusal("name is empty")
        kept[name] = value
    return kept
