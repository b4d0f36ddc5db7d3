"""What importers hand to the writer, and what they report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Final

KEPT: Final = 1000
"""Rejected and waiting rows that a report holds in memory."""
BATCH: Final = 1000
"""Rows that are written in one transaction."""

Progress = Callable[[str, int, int | None], None]
"""Is told a file's path, the rows read so far and, if known, how many there are."""


def no_progress(path: str, done: int, total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A row of another system, ready to be written."""

    line: int
    """Where it stands in its file; in JSON the place in the list, from 1."""
    target: str
    """The name of a target: `company`, `person`, …, or one of a section."""
    object_type: str
    """The object's name in the other system."""
    external_id: str
    values: Mapping[str, Any]
    """Column name -> value: date, UTC instant, minor units for `*_minor`, text, bool;
    `custom` is merged into what the record has. Columns left out stay as they are."""
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column with a foreign key -> (object type, external id) of the same system."""
    fallbacks: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column that can't be empty -> what it points to until its reference comes."""
    picklists: Mapping[str, str] = field(default_factory=dict)
    """Column with a foreign key to the vocabularies -> label or key of an item, made
    where there is none: of `company.status` for `status_id` of a company. Also for
    `type_id` of a relationship: name or key of its type."""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that was not written, and why."""

    line: int
    reason: str
    raw: Mapping[str, Any] | str = ""


@dataclass(slots=True, kw_only=True)
class FileReport:
    """What became of a file's rows of one object: every row is counted once."""

    path: str
    object_type: str = ""
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    """The first `KEPT`; `all_rejects` has the others too."""
    left_out: int = 0
    """Rows that the mapping doesn't want."""
    waiting: int = 0
    """References of written rows to records that have not come; linked when they do."""
    waits: list[Rejected] = field(default_factory=list)
    """The first `KEPT` of these rows, and for what they wait."""
    skipped: str | None = None
    """Why the file was not read."""
    _spool: IO[str] | None = None

    def reject(self, rows: Iterable[Rejected]) -> None:
        """Count rejected rows and keep them, the later ones in a temporary file."""
        for row in rows:
            self.rejected += 1
            if len(self.rejects) < KEPT:
                self.rejects.append(row)
                continue
            if self._spool is None:
                self._spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
            json.dump(asdict(row), self._spool, default=str)
            self._spool.write("\n")

    def all_rejects(self) -> Iterator[Rejected]:
        """Every rejected row, once; the temporary file is gone afterwards."""
        yield from self.rejects
        if self._spool is not None:
            with self._spool as spool:
                self._spool = None
                spool.seek(0)
                for line in spool:
                    yield Rejected(**json.loads(line))
