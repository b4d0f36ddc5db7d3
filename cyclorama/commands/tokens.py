"""`cyclorama token`: a bearer token for a local user."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.storage.accounts import create_token, normal_email, user_with
from cyclorama.storage.audit import record


def token(
    user: Annotated[str, typer.Option(help="The user's address.")],
    days: Annotated[int, typer.Option(help="How long it works: 1 to 365.")] = 90,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print a new bearer token, alone; it is not kept and can't be shown again."""

    async def make(app: Any) -> dict[str, str]:
        now = app.now()
        async with app.database.write() as session:
            made = await create_token(session, email=user, days=days, now=now)
            expires = (now + timedelta(days=days)).isoformat(timespec="seconds")
            of = (await user_with(session, user)).id
            by, after = author(app, "token"), {"expiresAt": expires}
            await record(session, by, "token.create", of, after=after)
        return {"token": made, "user": normal_email(user), "expiresAt": expires}

    made = run(database_url, make)
    typer.echo(json.dumps(made) if as_json else made["token"])
