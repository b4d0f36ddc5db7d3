"""`cyclorama demo`: a file with demo data, served, with all that it takes to try it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cyclorama.commands.common import author, opened_app
from cyclorama.commands.serve import check_port, run_server
from cyclorama.config import load_settings
from cyclorama.demo import USERS, is_loaded, load_demo, user_id
from cyclorama.errors import ConfigError
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.accounts import create_token
from cyclorama.storage.audit import record
from cyclorama.storage.rows import CompanyRow
from cyclorama.storage.types import wire_instant

FILE = Path("cyclorama-demo.db")
DAYS = 30
"""How long the demo's tokens work."""
QUERY = '{ company(ref: {system: "crm", externalId: "A-0001"}) { name \
summary { cards { label value } } } }'


def demo(
    file: Annotated[
        Path, typer.Option(help="The SQLite file; made where it does not exist.")
    ] = FILE,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
) -> None:
    """Serve demo data: 200 companies, three users with different layouts."""
    url = f"sqlite:///{file}"
    settings = load_settings(database_url=url, host=host, port=port, workers=1)
    check_port(settings.host, settings.port)
    tokens = asyncio.run(prepare(url))
    typer.echo(_words(f"http://{settings.host}:{settings.port}/graphql", tokens))
    run_server(settings)


async def prepare(url: str) -> dict[str, str]:
    """Make the demo where it is missing; a new token for each demo user, by address."""
    async with opened_app(url, check_migrated=False) as app:
        by = author(app, "demo")
        await bring_up_to_date(app.database, app.graph, by)
        if not await is_loaded(app.database):
            await _refuse_other_data(app)
            typer.echo("Making 200 companies …", err=True)
            await load_demo(app.database, app.graph.sections.values(), by.at, by)
        tokens = {}
        expires = wire_instant(by.at + timedelta(days=DAYS))
        async with app.database.write() as session:
            for group, email, *_ in USERS:
                tokens[email] = await create_token(
                    session, email=email, days=DAYS, now=by.at
                )
                after, of = {"expiresAt": expires}, user_id(group)
                await record(session, by, "token.create", of, after=after)
        return tokens


async def _refuse_other_data(app: Any) -> None:
    import sqlalchemy as sa

    async with app.database.read() as reading:
        if await reading.execute(sa.select(CompanyRow.id).limit(1)):
            raise ConfigError(
                "The file holds companies that are not the demo's; choose another with "
                "--file."
            )


def _words(url: str, tokens: dict[str, str]) -> str:
    lines = ["", f"Cyclorama serves the demo on {url}", "", "Sign in as"]
    for group, email, name, *_ in USERS:
        lines += [f"  {name} ({group}, {email})", f"    {tokens[email]}"]
    token = tokens["csm@example.com"]
    body = json.dumps({"query": QUERY})
    lines += [
        "",
        "Try",
        f"  curl -s {url} \\",
        f"    -H 'Authorization: Bearer {token}' \\",
        "    -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
        "",
        "Stop with Ctrl-C.",
    ]
    return "\n".join(lines)
