"""Text of CSV files, row by row: strict, bounded, never the whole file in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cyclorama.errors import ConfigError

LARGEST_CELL: Final = 1_000_000
"""Characters of a cell."""
LONGEST_LINE: Final = 8_000_000
"""Characters of a line; a row may have several."""
Line = tuple[int, list[str]]
"""The number of a row's first line, from 1, and its cells."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look through a whole file found: it can be read to its end."""

    header: tuple[str, ...]
    rows: int


def read_lines(
    path: Path, *, encoding: str = "utf-8-sig", delimiter: str = ","
) -> Iterator[Line]:
    """The rows of a file, the header first, without empty lines.

    Bytes that are no text become lone surrogates, for the row to be rejected.
    `ConfigError` names the file and the line that can't be read, as with a quote that
    is not closed."""
    csv.field_size_limit(LARGEST_CELL)
    begins, at = 1, 0
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            reader = csv.reader(_lines(path, file), delimiter=delimiter, strict=True)
            for cells in reader:
                begins, at = at + 1, reader.line_num
                if cells:
                    yield begins, cells
    except csv.Error as error:
        raise ConfigError(_broken(path, at + 1, str(error))) from None
    except UnicodeError:
        raise ConfigError(
            f"{path} is no {encoding} text after line {at}; save it as UTF-8 or name "
            "its `encoding` in the mapping."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None


def survey(path: Path, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> Survey:
    """Read a file once to its end; `ConfigError` as `read_lines`, and for a file
    without a header."""
    lines = read_lines(path, encoding=encoding, delimiter=delimiter)
    _, header = next(lines, (1, []))
    if not header:
        raise ConfigError(f"{path} is empty; its first line has to name the columns.")
    return Survey(header=named(header), rows=sum(1 for _ in lines))


def named(header: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, without the blanks around them."""
    return tuple(name.strip() for name in header)


def _lines(path: Path, file: IO[str]) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise ConfigError(
                f"{path}, line {number} has over {LONGEST_LINE} characters; is it CSV?"
            )
        yield line


def _broken(path: Path, line: int, said: str) -> str:
    where = f"{path}, line {line}"
    if "field larger" in said:
        return (
            f"{where} begins a row with a cell of over {LARGEST_CELL} characters; look "
            "for a quote that is not closed. Nothing was imported."
        )
    return (
        f"{where} begins a row that can't be read: a quote is not closed, or a quote "
        f"inside a cell is not doubled ({said}). Mend it; nothing was imported."
    )
