"""`cyclorama masks`: which group may see and change which field."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError, InvalidInputError
from cyclorama.resolvers.masks import check_field
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.masks import (
    EVERYBODY,
    FieldPermission,
    load_permissions,
    remove_permission,
    set_permission,
)
from cyclorama.storage.rows import UserGroupRow

masks_app = typer.Typer(
    name="masks", help="Who may see and change which field.", no_args_is_help=True
)
Group = Annotated[
    str,
    typer.Argument(
        metavar="GROUP",
        help="The group's key; * for everybody who is in no group of which the field "
        "says something.",
    ),
]
Field = Annotated[
    str,
    typer.Argument(
        metavar="FIELD",
        help="Company.arr, Company.custom.seats, or money.view, pii.view, verbatim.view.",
    ),
]


class Access(StrEnum):
    """What a group may do with a field."""

    hidden = "hidden"
    read = "read"
    edit = "edit"


@masks_app.command("list")
def list_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List what was said of fields; all others may be seen by everybody."""

    async def listed(app: Any) -> tuple[FieldPermission, ...]:
        async with app.database.read() as reading:
            return await load_permissions(reading)

    found = run(database_url, listed)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        typer.echo(f"{one.field}  {one.group}  {one.access}")
    if not found:
        typer.echo("Nothing is said of any field: everybody sees all of them.")


@masks_app.command("set")
def set_command(
    group: Group,
    field: Field,
    access: Annotated[Access, typer.Argument(help="What the group may do with it.")],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Hide a field from a group, or let it read or change it; at once, everywhere."""

    async def work(app: Any) -> bool:
        async with app.database.read() as reading:
            check_field(app.graph, await load_fields(reading), field)
        async with app.database.write() as session:
            groups = set(await session.scalars(sa.select(UserGroupRow.key)))
            if group not in {*groups, EVERYBODY}:
                raise ConfigError(
                    f"There is no group {group[:80]!r}; there are "
                    f"{', '.join(sorted(groups))}, and * for everybody."
                )
            permission = FieldPermission(group, field, access.value)
            by = author(app, "masks set")
            return await set_permission(session, permission, by)

    try:
        changed = run(database_url, work)
    except InvalidInputError as error:
        raise ConfigError(str(error)) from None
    facts = {"group": group, "field": field, "access": access.value}
    _say(as_json, facts, changed, f"{field} is {access.value} for {group}")


@masks_app.command("remove")
def remove_command(
    group: Group,
    field: Field,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Forget what was said of a field and a group."""

    async def work(app: Any) -> bool:
        async with app.database.write() as session:
            by = author(app, "masks remove")
            return await remove_permission(session, group, field, by)

    changed = run(database_url, work)
    facts = {"group": group, "field": field}
    _say(as_json, facts, changed, f"Nothing is said of {field} for {group}")


def _say(as_json: bool, facts: Any, changed: bool, sentence: str) -> None:
    if as_json:
        typer.echo(json.dumps({**facts, "changed": changed}))
    else:
        typer.echo(f"{sentence}{'' if changed else ' already'}.")
