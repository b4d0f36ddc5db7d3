"""Commands that a section brings to the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cyclorama.errors import ConfigError
from cyclorama.layouts.yaml_text import MOST_BYTES
from cyclorama.storage.audit import Author
from cyclorama.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a command works with."""

    database: Database
    author: Author
    """Whom the audit log names, and the instant."""
    today: date
    """In the organisation's zone."""
    fields: Sequence[Any]
    """The custom fields of records."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command says: words for people, or data with `--json`."""

    words: str
    data: Any = None
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Commands:
    """A group of commands, as `cyclorama scorecards export`.

    Each function takes `Work` and what stands on the command line: a parameter without a
    default is an argument, one with a default an option. `--database-url` and `--json`
    come by themselves; a `ConfigError`, with exit code 1, says what the operator has to
    change.
    """

    name: str
    help: str
    functions: Sequence[Callable[..., Awaitable[Told]]]


def read_text(file: Path) -> str:
    """The text of a file, up to what is too long."""
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is no UTF-8 text; save it as UTF-8.") from None


def write_text(file: Path, text: str) -> None:
    """Write a file; `ConfigError` where that can't be done."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} can't be written: {error.strerror}.") from None
