"""Changing fields of a record: checked one by one, saved all together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry

from cyclorama.plugins import (
    JSON,
    Context,
    Info,
    Payload,
    Record360,
    UserError,
    UserErrorCode,
    fold,
    record_change,
    records_written,
    refusals,
)
from cyclorama.sections.attributes.config import AttributeField, AttributesConfig
from cyclorama.sections.attributes.fields import (
    Target,
    locked,
    stored,
    target,
    value_of,
)
from cyclorama.sections.attributes.rules import Refused

MOST_FIELDS = 100


@strawberry.input(description="A field and its new value; null clears it.")
class FieldInput:
    path: str
    value: JSON | None = strawberry.UNSET


@strawberry.input(description="Fields of a record to change together.")
class UpdateFieldsInput:
    record_id: strawberry.ID
    fields: list[FieldInput]
    expected_version: int | None = strawberry.UNSET


@strawberry.type(description="The record as it is now, or why nothing was changed.")
class UpdateFieldsPayload(Payload):
    record: Record360 | None
    errors: list[UserError]


async def update_fields(info: Info, input: UpdateFieldsInput) -> UpdateFieldsPayload:
    """Change fields of a record that your layout lets you edit: all of them or none.

    A save that changes a value raises the record's version by one.
    """
    ctx, record_id = info.context, input.record_id
    errors = await refusals(ctx, "attributes", record_id) or _count(input.fields)
    resolution = None if errors else await ctx.resolution(record_id)
    if resolution is None:
        return UpdateFieldsPayload(record=None, errors=errors)
    offered = offered_fields(
        p.config for p in resolution.placements if p.section == "attributes"
    )
    kind = resolution.layout.kind
    errors = await _save(ctx, kind, input, offered)
    found = None if errors else await ctx.ref(record_id)
    return UpdateFieldsPayload(record=found, errors=errors)


def offered_fields(configs: Any) -> dict[str, AttributeField]:
    """The fields of placements by path; one that stands in several is editable if it is
    anywhere, and required if it is anywhere."""
    found: dict[str, AttributeField] = {}
    for config in configs:
        for field in AttributesConfig.model_validate(config).fields():
            held = found.get(field.path, field)
            found[field.path] = field.model_copy(
                update={
                    "editable": held.editable or field.editable,
                    "required": held.required or field.required,
                }
            )
    return found


def _count(fields: Sequence[FieldInput]) -> list[UserError]:
    if not fields:
        return [_error(["fields"], "REQUIRED", "Name at least one field to change.")]
    if len(fields) > MOST_FIELDS:
        message = f"{len(fields)} fields; at most {MOST_FIELDS} are changed together."
        return [_error(["fields"], "LIMIT_EXCEEDED", message)]
    return []


def _error(path: list[str], code: str, message: str) -> UserError:
    return UserError(path=path, code=UserErrorCode[code], message=message)


async def _save(
    ctx: Context, kind: str, input: UpdateFieldsInput, offered: Mapping[str, Any]
) -> list[UserError]:
    """Write the fields in one transaction; nothing is written where it returns errors."""
    paths = [f.path for f in input.fields]
    async with ctx.database.write() as session:
        row = await locked(session, kind, input.record_id, paths)
        if row is None:
            message = f"There is no record {input.record_id!r}."
            return [_error(["recordId"], "NOT_FOUND", message)]
        if input.expected_version not in (None, strawberry.UNSET, row.version):
            message = (
                f"The record is at version {row.version} by now; read it again and "
                "decide what to keep."
            )
            return [_error(["expectedVersion"], "CONFLICT", message)]
        errors, values = [], []
        for index, field in enumerate(input.fields):
            part = "path"
            try:
                to = _target(ctx, kind, field.path, paths[:index], offered)
                part = "value"
                values.append((to, await _value(session, row, to, field, offered)))
            except Refused as refused:
                where = ["fields", str(index), part]
                errors.append(_error(where, refused.code, refused.message))
        before = {to.path: stored(row, to) for to, _ in values}
        if not errors and _apply(row, values):
            row.version += 1
            row.updated_at = ctx.now
            after = {to.path: stored(row, to) for to, _ in values}
            await records_written(ctx, session, [row.id], {row.id: (before, after)})
            await record_change(
                ctx, session, "record.update", row.id, before=before, after=after
            )
        return errors


def _target(
    ctx: Context,
    kind: str,
    path: str,
    before: Sequence[str],
    offered: Mapping[str, AttributeField],
) -> Target:
    if path in before:
        raise Refused("DUPLICATE", f"The field {path!r} is named twice; keep one.")
    to = target(kind, path, ctx.fields) if path in offered else None
    if to is None:
        message = f"Your layout for this record has no field {path!r}."
        raise Refused("UNKNOWN_FIELD", message)
    if not (to.editable and offered[path].editable):
        raise Refused("READ_ONLY", f"The field {path!r} can't be changed here.")
    return to


async def _value(
    session: Any,
    row: Any,
    to: Target,
    field: FieldInput,
    offered: Mapping[str, AttributeField],
) -> Any:
    """What will be stored; `Refused` where the value can't be."""
    given = None if field.value is strawberry.UNSET else field.value
    value = await value_of(session, row, to, given)
    if value is None and (to.required or offered[to.path].required):
        raise Refused("REQUIRED", f"{to.label} needs a value.")
    return value


def _apply(row: Any, values: Sequence[tuple[Target, Any]]) -> bool:
    """Put the values into the row; whether one of them is new."""
    changed = False
    for to, value in values:
        if stored(row, to) == value:
            continue
        changed = True
        if to.custom is None:
            setattr(row, to.column, value)
            continue
        others = {k: v for k, v in row.custom.items() if k != to.custom}
        row.custom = others if value is None else {**others, to.custom: value}
    row.search_key = fold(row.name)
    return changed
