"""Columns from the rows of another file: what a mapping joins to a file's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from cyclorama.errors import ConfigError
from cyclorama.importers.csv_text import read_lines, survey
from cyclorama.importers.mapping import FileRule, JoinRule, near

MOST_ROWS: Final = 1_000_000
"""Of a file that is joined, whose columns are kept in memory."""
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Join:
    """A file that is joined: the cells that the mapping reads, by the key."""

    column: str
    """The column of the file's own rows that holds the key."""
    rows: Mapping[str, Cells]
    empty: Cells
    """What a row gets whose key the joined file does not have."""

    def of(self, cells: Cells) -> Cells:
        """The joined cells of a row."""
        return self.rows.get(cells[self.column], self.empty)


def joins_of(mapping: Path, rule: FileRule, files: Sequence[Path]) -> list[Join]:
    """Read the files that an entry joins; `ConfigError` names one that is not there, a
    column that it lacks, and a key that stands in two of its rows."""
    return [_join(mapping, rule, name, files) for name in rule.joins]


def joined_file(join: JoinRule, files: Sequence[Path]) -> Path | None:
    """The one file that a join names, if there is exactly one."""
    found = [f for f in files if fnmatchcase(f.name, join.file)]
    return found[0] if len(found) == 1 else None


def _join(mapping: Path, rule: FileRule, name: str, files: Sequence[Path]) -> Join:
    join = rule.joins[name]
    file = joined_file(join, files)
    if file is None:
        raise ConfigError(
            f"The mapping {mapping} joins {join.file!r} to {rule.object}; give exactly "
            "one file of that name."
        )
    seen = survey(file, encoding=join.encoding, delimiter=join.delimiter)
    if seen.rows > MOST_ROWS:
        raise ConfigError(
            f"{file} has {seen.rows} rows; a file that is joined may have {MOST_ROWS}."
        )
    prefix = f"{name}."
    wanted = [c.removeprefix(prefix) for c in rule.columns() if c.startswith(prefix)]
    for column in (join.key, *wanted):
        if seen.header.count(column) != 1:
            hint = near(column, seen.header)
            raise ConfigError(
                f"{file} needs one column {column!r}, which the mapping {mapping} joins "
                f"to {rule.object}{hint or '.'} It has: {', '.join(seen.header)}."
            )
    places = {f"{prefix}{column}": seen.header.index(column) for column in wanted}
    return Join(
        column=join.column,
        rows=_rows(file, join, seen.header.index(join.key), places),
        empty=dict.fromkeys(places, ""),
    )


def _rows(
    file: Path, join: JoinRule, key: int, places: Mapping[str, int]
) -> dict[str, Cells]:
    lines = read_lines(file, encoding=join.encoding, delimiter=join.delimiter)
    next(lines)
    found: dict[str, Cells] = {}
    first: dict[str, int] = {}
    for line, row in lines:
        held = row[key].strip() if key < len(row) else ""
        if held in first:
            raise ConfigError(
                f"{file} has the {join.key} {held[:80]!r} in the lines {first[held]} and "
                f"{line}; a file can be joined by what stands in one row only."
            )
        if held:
            first[held] = line
            found[held] = {
                name: row[at].strip() if at < len(row) else ""
                for name, at in places.items()
            }
    return found
