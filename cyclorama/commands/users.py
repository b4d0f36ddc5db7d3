"""`cyclorama users`: who may sign in."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.resolvers.membership import refresh_memberships
from cyclorama.storage.accounts import (
    UserFacts,
    add_user,
    deactivate_user,
    list_users,
    user_with,
)
from cyclorama.storage.audit import record

users_app = typer.Typer(
    name="users", help="The users of this installation.", no_args_is_help=True
)
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's address.")]


@users_app.command("add")
def add_command(
    email: Email,
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    title: Annotated[str | None, typer.Option(help="Their job title.")] = None,
    department: Annotated[str | None, typer.Option(help="Their department.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="The key of a group; may be repeated.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a user; make a token for them with `cyclorama token`."""

    async def add(app: Any) -> dict[str, Any]:
        async with app.database.write() as session:
            user = await add_user(
                session,
                email=email,
                name=name,
                title=title,
                department=department,
                groups=group or (),
                now=app.now(),
            )
            await refresh_memberships(session, [user.id])
            added = {"email": user.email, "name": user.name, "groups": group or []}
            by = author(app, "users add")
            await record(session, by, "user.add", user.id, after=added)
            return {"id": user.id, "email": user.email, "name": user.name}

    added = run(database_url, add)
    typer.echo(json.dumps(added) if as_json else f"Added {added['email']}.")


@users_app.command("list")
def list_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the users with their groups."""

    async def listed(app: Any) -> tuple[UserFacts, ...]:
        async with app.database.read() as reading:
            return await list_users(reading)

    users = run(database_url, listed)
    if as_json:
        typer.echo(json.dumps([_data(user) for user in users], ensure_ascii=False))
        return
    for user in users:
        state = "" if user.active else "  (deactivated)"
        groups = ", ".join(user.groups) or "no group"
        typer.echo(f"{user.email}  {user.name}  {groups}{state}")
    if not users:
        typer.echo("There are no users yet; add one with: cyclorama users add EMAIL")


@users_app.command("deactivate")
def deactivate_command(
    email: Email, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Shut a user out; their tokens stop working at once."""

    async def deactivate(app: Any) -> str:
        async with app.database.write() as session:
            user = await user_with(session, email)
            before = {"active": user.active}
            await deactivate_user(session, email)
            by = author(app, "users deactivate")
            after = {"active": False}
            await record(
                session, by, "user.deactivate", user.id, before=before, after=after
            )
            return str(user.email)

    address = run(database_url, deactivate)
    done = {"email": address, "active": False}
    typer.echo(json.dumps(done) if as_json else f"Deactivated {address}.")


def _data(user: UserFacts) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "active": user.active,
        "groups": list(user.groups),
    }
