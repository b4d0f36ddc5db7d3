"""The fields of records as data: what `fields(paths:)`, Attributes and layouts read.

A path is a field of the contract in camelCase (`renewalDate`), one of a record one lookup
away (`csm.email`), or a custom field (`custom.seats`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Final

import orjson
import sqlalchemy as sa

from cyclorama.errors import InvalidInputError
from cyclorama.schema.adapt import clause
from cyclorama.schema.columns import columns_of
from cyclorama.schema.entry import CUSTOM, Entry, Expression, custom_entry
from cyclorama.schema.masks import Masked, masked_of
from cyclorama.schema.sql import (
    as_json,
    decimal,
    fixed,
    json_field,
    json_pairs,
    months_between,
    wire_text,
)
from cyclorama.schema.symbols import COMPANY, RECORD, RELATIONSHIP, RecordRow, today
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)

MOST_PATHS: Final = 100


def lifetime_in_months(columns: Any) -> Any:
    """Whole months from the original contract date to today, or to the day of churn
    where the status says that the customer has churned."""
    category = _looked_up(
        PicklistItemRow.__table__, "status_id", _column("category"), columns
    )
    churned = sa.and_(columns.churned_on.is_not(None), category == "CHURN")
    end = sa.case((churned, columns.churned_on), else_=today)
    return months_between(columns.original_contract_date, end)


def _none(_: Any) -> Any:
    return None


def _column(name: str) -> Expression:
    return lambda c: getattr(c, name)


def _text(column: Any) -> Any:
    return sa.cast(column, sa.String())


def _plain(path: str, label: str, type_: str, column: str, **facts: Any) -> Entry:
    """A field whose value is a column."""

    def display(c: Any) -> Any:
        found = getattr(c, column)
        if type_ in ("STRING", "EMAIL", "URL", "RICH_TEXT"):
            return found
        if type_ == "DATETIME":
            return wire_text(found)
        if type_ == "BOOLEAN":
            return sa.case((found.is_(sa.true()), "Yes"), (found.is_(sa.false()), "No"))
        return None if type_ == "MULTI_PICKLIST" else _text(found)

    def shown(c: Any, decimals: int) -> Any:
        return fixed(getattr(c, column), decimals)

    return Entry(
        path=path,
        label=label,
        type=type_,
        value=lambda c: as_json(getattr(c, column)),
        display=display,
        column=column,
        shown=shown if type_ == "NUMBER" else None,
        **facts,
    )


def _money(path: str, label: str, column: str) -> Entry:
    def value(c: Any) -> Any:
        minor = getattr(c, column)
        pairs = json_pairs(
            sa.literal("amount"), decimal(minor, 2), sa.literal("currency"), c.currency
        )
        return sa.case((minor.is_not(None), pairs))

    def shown(c: Any, decimals: int) -> Any:
        amount = getattr(c, column) / sa.literal(100.0)
        return fixed(amount, decimals) + " " + c.currency

    return Entry(
        path=path,
        label=label,
        type="CURRENCY",
        value=value,
        display=lambda c: decimal(getattr(c, column), 2) + " " + c.currency,
        column=column,
        editable=True,
        shown=shown,
    )


def _item(path: str, label: str, column: str, picklist: str) -> Entry:
    def of_item(name: str) -> Expression:
        def expression(c: Any) -> Any:
            return _looked_up(PicklistItemRow.__table__, column, _column(name), c)

        return expression

    key = of_item("key")
    return Entry(
        path=path,
        label=label,
        type="PICKLIST",
        value=lambda c: as_json(key(c)),
        display=of_item("label"),
        column=column,
        editable=True,
        picklist=picklist,
    )


def _lookup(path: str, label: str, column: str, target: str, **facts: Any) -> Entry:
    def value(c: Any) -> Any:
        # A company that may not be read has no id either: that of its row is asked.
        held = _hop(target, column, _column("id"))(c) if target == "company" else None
        return as_json(getattr(c, column) if held is None else held)

    return Entry(
        path=path,
        label=label,
        type="LOOKUP",
        value=value,
        display=lambda c: _hop(target, column, _column("name"))(c),
        column=column,
        lookup=target,
        **facts,
    )


def _hop(target: str, column: str, expression: Expression) -> Expression:
    """An expression over the row that a column looks up."""

    return lambda c: _looked_up(_TABLES[target], column, expression, c)


@cache
def _row_of_record(table: Any, column: str) -> RecordRow:
    """The row of a table that a column of the record looks up."""
    row = table.alias()
    return RecordRow(sa.select(*row.c).where(row.c.id == RECORD.c[column]))


def _looked_up(table: Any, column: str, expression: Expression, c: Any) -> Any:
    """An expression over the row that a column looks up; the record's is read once."""
    if c is RECORD.c:
        return expression(_row_of_record(table, column).c)
    row = table.alias()
    key = getattr(c, column)
    found = sa.select(expression(row.c)).where(row.c.id == key)
    outer = getattr(clause(key), "table", None)
    return (found if outer is None else found.correlate(outer)).scalar_subquery()


_TABLES: Final[Mapping[str, Any]] = {
    "user": UserRow.__table__,
    "company": CompanyRow.__table__,
    "relationship": RelationshipRow.__table__,
    "relationship_type": RelationshipTypeRow.__table__,
}


def _record(kind: str) -> list[Entry]:
    """What a company and a relationship have in common."""
    return [
        _plain("name", "Name", "STRING", "name", editable=True, required=True),
        _item("status", "Status", "status_id", f"{kind}.status"),
        _item("stage", "Stage", "stage_id", f"{kind}.stage"),
        _money("arr", "ARR", "arr_minor"),
        _money("mrr", "MRR", "mrr_minor"),
        _plain(
            "originalContractDate",
            "Original contract date",
            "DATE",
            "original_contract_date",
            editable=True,
        ),
        _plain("renewalDate", "Renewal date", "DATE", "renewal_date", editable=True),
        _plain("churnedOn", "Churned on", "DATE", "churned_on", editable=True),
        Entry(
            path="lifetimeInMonths",
            label="Lifetime in months",
            type="NUMBER",
            value=lambda c: as_json(lifetime_in_months(c)),
            display=lambda c: _text(lifetime_in_months(c)),
        ),
        _lookup("csm", "CSM", "csm_id", "user", editable=True),
        _plain("tags", "Tags", "MULTI_PICKLIST", "tags", editable=True),
        _plain("comment", "Comment", "RICH_TEXT", "comment", editable=True),
        _plain("version", "Version", "NUMBER", "version"),
        _plain("createdAt", "Created at", "DATETIME", "created_at"),
        _plain("updatedAt", "Updated at", "DATETIME", "updated_at"),
    ]


_OWN: Final[Mapping[str, Mapping[str, Entry]]] = {
    object_: {e.path: e for e in entries}
    for object_, entries in {
        "company": [
            *_record("company"),
            _plain("managedAs", "Managed as", "STRING", "managed_as"),
            _item("industry", "Industry", "industry_id", "company.industry"),
            _item("companyType", "Type", "company_type_id", "company.company_type"),
            _plain("employees", "Employees", "NUMBER", "employees", editable=True),
            _plain("users", "Users", "NUMBER", "users", editable=True),
            _plain("logoUrl", "Logo", "URL", "logo_url", editable=True),
            _lookup("parent", "Parent company", "parent_id", "company", editable=True),
        ],
        "relationship": [
            *_record("relationship"),
            _lookup("company", "Company", "company_id", "company", required=True),
            _lookup("type", "Type", "type_id", "relationship_type", required=True),
        ],
        "user": [
            _plain("name", "Name", "STRING", "name"),
            _plain("email", "Email", "EMAIL", "email"),
            _plain("title", "Title", "STRING", "title"),
            _plain("department", "Department", "STRING", "department"),
            _plain("active", "Active", "BOOLEAN", "active"),
        ],
        "relationship_type": [
            _plain("key", "Key", "STRING", "key"),
            _plain("name", "Name", "STRING", "name"),
            _plain("description", "Description", "STRING", "description"),
        ],
    }.items()
}
_ROWS: Final = {COMPANY: "company", RELATIONSHIP: "relationship"}
_TYPES: Final = {
    "company": "Company",
    "relationship": "Relationship",
    "user": "User",
    "relationship_type": "RelationshipType",
}


def entry(kind: str, path: str, fields: Sequence[Any]) -> Entry | None:
    """The field at a path of a kind of record; None where there is none."""
    return _entry(_ROWS[kind], path, fields, hops=1)


def _entry(object_: str, path: str, fields: Sequence[Any], hops: int) -> Entry | None:
    first, dot, rest = path.partition(".")
    own: Entry | None
    if path.startswith(CUSTOM):
        own, dot = _custom(object_, path.removeprefix(CUSTOM), fields), ""
    else:
        own = _OWN[object_].get(first)
    if own is not None:
        own = _allowed(object_, own, masked_of(fields))
    if own is None or not dot:
        return own
    if own.lookup is None or own.column is None or not hops:
        return None
    target = _entry(own.lookup, rest, fields, hops - 1)
    if target is None:
        return None
    return replace(
        target,
        path=path,
        label=f"{own.label}: {target.label}",
        value=_hop(own.lookup, own.column, target.value),
        display=_hopped(own.lookup, own.column, target.display),
        shown=_shown_over(own.lookup, own.column, target.shown),
        column=None,
        editable=False,
        required=False,
    )


def _allowed(object_: str, own: Entry, masked: Masked) -> Entry | None:
    """A field as masks leave it; None where it may not be seen."""
    if not masked:
        return own
    where = coordinate(object_, own.path)
    table = _TABLES[object_]
    read = columns_of(*(f(table.c) for f in (own.value, own.display)))
    if where in masked.fields or masked.hides(read):
        return None
    return replace(own, editable=False) if where in masked.read_only else own


def coordinate(object_: str, path: str) -> str:
    """A field as masks name it: `Company.arr`."""
    return f"{_TYPES[object_]}.{path}"


def coordinates(fields: Sequence[Any]) -> list[str]:
    """All fields of records and of what they look up, as masks name them."""
    own = [coordinate(o, p) for o, entries in _OWN.items() for p in entries]
    return own + [coordinate(f.object, CUSTOM + f.key) for f in fields]


def column_of(field: str) -> str | None:
    """The column of a field that is named as masks name it, if one holds it."""
    type_, _, path = field.partition(".")
    for object_, name in _TYPES.items():
        if name == type_ and path in _OWN[object_]:
            return _OWN[object_][path].column
    return None


def _hopped(target: str, column: str, display: Expression) -> Expression:
    def over(c: Any) -> Any:
        if display(_TABLES[target].c) is None:
            return None
        return _hop(target, column, display)(c)

    return over


def _shown_over(
    target: str, column: str, shown: Callable[[Any, int], Any] | None
) -> Callable[[Any, int], Any] | None:
    if shown is None:
        return None
    return lambda c, decimals: _hop(target, column, lambda r: shown(r, decimals))(c)


def _custom(object_: str, key: str, fields: Sequence[Any]) -> Entry | None:
    for facts in fields:
        if facts.object == object_ and facts.key == key:
            return custom_entry(key, facts)
    return None


def all_paths(kind: str, fields: Sequence[Any]) -> list[str]:
    """All paths of a kind of record, those one lookup away included."""
    object_ = _ROWS[kind]
    found: list[str] = []
    for own in _OWN[object_].values():
        found.append(own.path)
        if own.lookup is not None:
            found += [f"{own.path}.{p}" for p in _OWN[own.lookup]]
            found += [f"{own.path}.{p}" for p in _custom_paths(own.lookup, fields)]
    found += _custom_paths(object_, fields)
    if not masked_of(fields):
        return found
    return [path for path in found if entry(kind, path, fields) is not None]


def _custom_paths(object_: str, fields: Sequence[Any]) -> list[str]:
    return [CUSTOM + f.key for f in fields if f.object == object_]


def items(
    kind: str,
    paths: Sequence[str],
    columns: Any,
    fields: Sequence[Any],
    *,
    decimals: int | None = None,
) -> list[dict[str, Any]]:
    """The `FieldValue`s of these paths over a row, in this order; numbers are shown with
    so many decimals.

    `InvalidInputError` names a path that does not exist and those that are near it."""
    if len(paths) > MOST_PATHS:
        raise InvalidInputError(
            f"The argument `paths` holds {len(paths)} paths; at most {MOST_PATHS} are "
            "allowed."
        )
    known = [_known(kind, path, fields) for path in paths]
    return [item(k, columns, decimals=decimals) for k in known]


def _known(kind: str, path: str, fields: Sequence[Any]) -> Entry:
    found = entry(kind, path, fields)
    if found is None:
        near = difflib.get_close_matches(path[:161], all_paths(kind, fields), 5)
        hint = f"; near it are {', '.join(near)}" if near else ""
        raise InvalidInputError(
            f"The argument `paths` names {path[:161]!r}, which is no field of a "
            f"{kind.lower()}{hint}."
        )
    return found


def item(found: Entry, columns: Any, *, decimals: int | None = None) -> dict[str, Any]:
    """The `FieldValue` of an entry over a row, for `read.each` and `read.known`."""
    return {
        "path": found.path,
        "label": found.label,
        "type": found.type,
        "value": found.value(columns),
        "display_value": _shown(found, columns, decimals),
        "editable": found.editable,
        "required": found.required,
        "help_text": found.help_text,
    }


def _shown(found: Entry, columns: Any, decimals: int | None) -> Any:
    if decimals is None or found.shown is None:
        return found.display(columns)
    return found.shown(columns, decimals)


def record_items(env: Any, choices: Iterable[Any]) -> list[dict[str, Any]]:
    """The `FieldValue`s that a section's settings choose of the record of the page.

    A choice has a `path` and may have `label`, `editable`, `required`, `help_text` and
    `decimals`; a path that no field has any more is left out."""
    found = []
    for choice in choices:
        known = entry(env.kind, choice.path, env.fields)
        if known is None:
            continue
        made = item(known, RECORD.c, decimals=getattr(choice, "decimals", None))
        for name in ("label", "help_text"):
            made[name] = getattr(choice, name, None) or made[name]
        made["editable"] &= bool(getattr(choice, "editable", False))
        made["required"] |= bool(getattr(choice, "required", False))
        found.append(made)
    return found


def attribute_names(kind: str, fields: Sequence[Any]) -> frozenset[str]:
    """What assignment rules may ask of a record: what is kept, not what is computed as
    of today."""
    plain = {
        e.path
        for e in _OWN[_ROWS[kind]].values()
        if e.column is not None and e.type not in ("RICH_TEXT", "URL")
    }
    return frozenset(plain | set(_custom_paths(_ROWS[kind], fields)))


def attribute_columns(
    kind: str, names: Iterable[str], fields: Sequence[Any], columns: Any = None
) -> dict[str, Any]:
    """Text or JSON of the attributes that rules ask, by name; unknown ones left out.
    They are read from `columns` in place of those of the table, where they are given."""
    row: Any = CompanyRow if kind == COMPANY else RelationshipRow
    columns = row.__table__.c if columns is None else columns
    found: dict[str, Any] = {}
    unmasked = tuple(fields)
    for name in names:
        known = entry(kind, name, unmasked)
        if known is None:
            continue
        if name == "type" and kind == RELATIONSHIP:
            found[name] = as_json(
                _hop("relationship_type", "type_id", _column("key"))(columns)
            )
        elif known.column == "custom":
            found[name] = json_field(columns.custom, sa.literal(name[len(CUSTOM) :]))
        elif known.type == "CURRENCY" and known.column:
            found[name] = as_json(decimal(columns[known.column], 2))
        else:
            found[name] = known.value(columns)
    return {n: sa.cast(e, sa.Text()) for n, e in found.items()}


def attribute_sources(
    kind: str, names: Iterable[str], fields: Sequence[Any]
) -> dict[str, str]:
    """The column that holds each attribute, by name; custom fields, which share one, and
    unknown ones left out."""
    known = ((name, entry(kind, name, fields)) for name in names)
    held = {name: e.column for name, e in known if e is not None and e.column}
    return {name: column for name, column in held.items() if column != "custom"}


def python_value(kind: str, name: str, raw: Any, fields: Sequence[Any] = ()) -> Any:
    """An attribute as rules compare it: text, number, flag, list, exact money."""
    if raw is None:
        return None
    value = orjson.loads(raw) if isinstance(raw, (str, bytes)) else raw
    known = entry(kind, name, fields)
    if known is not None and known.type == "CURRENCY" and isinstance(value, str):
        return Decimal(value)
    return value
