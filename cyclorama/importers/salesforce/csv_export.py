"""Export files in CSV: the file's name is the object, its header the API field names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from cyclorama.errors import ConfigError
from cyclorama.importers.csv_text import named, read_lines, survey
from cyclorama.importers.model import Rejected
from cyclorama.importers.salesforce.cells import LOOKUPS, Record, Source, long_id
from cyclorama.importers.salesforce.objects import api_name


def csv_source(path: Path, object_type: str) -> Source:
    """The records of a file, which is looked through to its end; `ConfigError` names
    the line that can't be read, a column that stands twice, or a missing `Id`."""
    found = survey(path)
    header = [api_name(column) for column in found.header]
    if "Id" not in header:
        raise ConfigError(
            f"{path} has no column Id, so its rows could not be told apart the next "
            f"time; export {object_type} with its Id. Nothing was imported."
        )
    twice = sorted({c for c in header if c and header.count(c) > 1})
    if twice:
        raise ConfigError(
            f"{path} names {', '.join(twice)} more than once in its header; remove the "
            "column that is too much. Nothing was imported."
        )
    return Source(
        path=path,
        object_type=object_type,
        rows=found.rows,
        read=partial(_records, path),
    )


def _records(path: Path) -> Iterator[Record | Rejected]:
    lines = read_lines(path)
    header = [api_name(column) for column in named(next(lines)[1])]
    for line, cells in lines:
        if len(cells) > len(header) and any(cells[len(header) :]):
            reason = f"it has {len(cells)} cells; the header names {len(header)}"
            yield Rejected(line=line, reason=reason, raw=_as_text(cells))
        else:
            yield _record(line, header, cells)


def _record(line: int, header: Sequence[str], cells: Sequence[str]) -> Record:
    """Cells that a short row lacks are empty."""
    pairs = zip_longest(header, cells[: len(header)], fillvalue="")
    found = {name: cell.strip() for name, cell in pairs if name}
    for name in LOOKUPS & found.keys():
        found[name] = long_id(found[name])
    return Record(line, found["Id"], found)


def _as_text(cells: Sequence[str]) -> str:
    return ",".join(cells)[:10_000]
