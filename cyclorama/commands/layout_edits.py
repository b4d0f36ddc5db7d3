"""`cyclorama layouts clone`, `publish`, `decouple`, `relink`: edits of the layout file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl
from cyclorama.commands.layout_work import COMMAND_LINE, applied, current_text, save
from cyclorama.layouts.editing import clone, decouple, publish, relink
from cyclorama.layouts.model import LayoutBook
from cyclorama.resolvers.book import Saved, load_book

ExpectedVersion = Annotated[
    int | None,
    typer.Option(help="Refuse if the configuration is at another version."),
]
Author = Annotated[str, typer.Option(help="Who changes it, for the history.")]
Layout = Annotated[str, typer.Argument(help="The key of a layout.")]
Instance = Annotated[str, typer.Argument(help="The instance key of a placement in it.")]


def clone_command(
    layout: Layout,
    key: Annotated[str, typer.Argument(help="The key of the copy.")],
    name: Annotated[
        str | None, typer.Option(help="The name of the copy; that of the first else.")
    ] = None,
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Copy a layout as a draft, which nobody gets; shared sections stay shared."""
    _edit(
        database_url,
        lambda text, _: clone(text, layout, key, name),
        expected_version,
        author,
        as_json,
    )


def publish_command(
    layout: Layout,
    over: Annotated[
        str | None,
        typer.Option(
            help="The key of a layout that gets the sections of the draft, "
            "which is removed."
        ),
    ] = None,
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Publish a draft, alone or over another layout."""
    _edit(
        database_url,
        lambda text, _: publish(text, layout, over),
        expected_version,
        author,
        as_json,
    )


def decouple_command(
    layout: Layout,
    instance: Instance,
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a placement of a shared section settings of its own, to begin with the same."""
    _edit(
        database_url,
        lambda text, book: decouple(
            text, layout, instance, {s.key: s.version for s in book.shared}
        ),
        expected_version,
        author,
        as_json,
    )


def relink_command(
    layout: Layout,
    instance: Instance,
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a decoupled placement show its shared section again; its own settings go."""
    _edit(
        database_url,
        lambda text, _: relink(text, layout, instance),
        expected_version,
        author,
        as_json,
    )


def _edit(
    database_url: str | None,
    change: Callable[[str, LayoutBook], str],
    expected_version: int | None,
    author: str,
    as_json: bool,
) -> None:
    async def work(app: Any) -> Saved:
        return await edited(app, change, expected_version, author)

    save(database_url, work, as_json)


async def edited(
    app: Any,
    change: Callable[[str, LayoutBook], str],
    expected_version: int | None = None,
    author: str = COMMAND_LINE,
) -> Saved:
    """What changing the text of the layout file changed; `ConfigError` where the text
    can't be changed like that."""
    async with app.database.read() as reading:
        book = await load_book(reading)
        seen = (await app.configuration(reading)).version
    text = change(await current_text(app), book)
    expected = seen if expected_version is None else expected_version
    return await applied(app, text, expected, author)
