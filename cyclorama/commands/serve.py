"""`cyclorama serve`: the server on a database that is up to date."""

from __future__ import annotations

import asyncio
import gc
import socket
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from cyclorama.commands.common import DatabaseUrl, opened_app
from cyclorama.config import Settings, export_settings, load_settings
from cyclorama.errors import ConfigError

GRACE_SECONDS = 30
"""How long a stopping worker may finish what it has begun."""


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Serve the graph over HTTP until it is told to stop."""
    settings = load_settings(
        database_url=database_url, host=host, port=port, workers=workers
    )

    async def check() -> None:
        async with opened_app(settings.database_url):
            pass

    asyncio.run(check())
    # What is loaded now is never garbage; workers share its pages.
    gc.freeze()
    typer.echo(f"Serving on http://{settings.host}:{settings.port}/graphql", err=True)
    run_server(settings)


def run_server(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first."""
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    check_port(settings.host, settings.port)
    export_settings(settings)
    server: Any = Granian(
        "cyclorama.app:asgi",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop if find_spec("uvloop") else Loops.asyncio,
        workers=settings.workers,
        workers_kill_timeout=GRACE_SECONDS,
        respawn_failed_workers=True,
        log_access=False,
        log_level=LogLevels.warning,
    )
    server.serve()


def check_port(host: str, port: int) -> None:
    """Raise `ConfigError` unless the port can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"Can't listen on {host}:{port} ({error.strerror}); choose another with "
                "--host and --port."
            ) from None
