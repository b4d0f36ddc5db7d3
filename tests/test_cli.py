"""The command line as a whole: help, version, how an operator's mistake is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from cyclorama import __version__
from cyclorama.cli import COMMANDS, HELP, app, load_command

HEAVY = ("sqlalchemy", "strawberry", "graphql", "starlette", "alembic", "structlog")
PROGRAM = """
import sys
from cyclorama.cli import main
try:
    main()
finally:
    print(sorted(sys.modules.keys() & {heavy!r}), file=sys.stderr)
"""


def run(*arguments: str, program: str = "", **environment: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program or "from cyclorama.cli import main; main()",
            *arguments,
        ],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_unknown_command_is_refused_with_one_that_is_like_it() -> None:
    result = CliRunner().invoke(app, ["user"])
    assert result.exit_code == 2
    assert "'users'" in result.stderr


def test_a_mistake_of_the_operator_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'file.db'}"
    for command in (["serve"], ["users", "list"], ["doctor"], ["layouts", "export"]):
        code, out, errors = run(*command, CYCLORAMA_DATABASE_URL=url)
        assert "Traceback" not in out + errors
        if command == ["doctor"]:
            continue
        assert (code, out) == (2, "")
        assert errors.startswith("Error: ")
        assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("HOST", "a host"),
        ("WORKERS", "65"),
        ("POOL_SIZE", "0"),
        ("REQUEST_TIMEOUT_SECONDS", "nan"),
        ("REQUEST_TIMEOUT_SECONDS", "inf"),
        ("MAX_BODY_BYTES", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("TIME_ZONE", "../etc/passwd"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    from cyclorama.config import load_settings
    from cyclorama.errors import ConfigError

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"CYCLORAMA_{name}", value)
        with pytest.raises(ConfigError, match=f"CYCLORAMA_{name}: "):
            load_settings()


def test_what_is_given_goes_before_the_environment() -> None:
    from cyclorama.config import load_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CYCLORAMA_PORT", "9000")
        patch.setenv("CYCLORAMA_HOST", "")
        patch.setenv("cyclorama_pool_size", "3")
        patch.setenv("CYCLORAMA_DATABASE_URL", "postgresql://ann:hush@host/name")
        settings = load_settings(port=None, workers=2)
        assert load_settings(port=9001).port == 9001
    assert (settings.port, settings.host, settings.workers) == (9000, "127.0.0.1", 2)
    assert settings.pool_size == 3
    assert "hush" not in repr(settings)


def test_the_help_lists_every_command_as_it_describes_itself() -> None:
    assert list(HELP) == list(COMMANDS)
    for name, line in HELP.items():
        command = load_command(name)
        assert command.name == name
        assert command.help == line
        assert isinstance(command, TyperGroup) == COMMANDS[name].endswith("_app")
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout
    for name, line in HELP.items():
        assert name in shown
        assert line.split(";")[0][:40] in shown


def test_the_help_and_the_version_load_nothing_heavy() -> None:
    program = PROGRAM.format(heavy=set(HEAVY))
    for option in ("--help", "--version"):
        code, out, errors = run(option, program=program)
        assert (code, errors) == (0, "[]\n")
        assert "Customer 360" in out or __version__ in out


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.stdout == f"cyclorama {__version__}\n"
