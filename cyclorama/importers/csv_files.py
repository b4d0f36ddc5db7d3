"""Any CSV files in, through a mapping file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from cyclorama.errors import ConfigError
from cyclorama.importers.csv_text import Survey, named, read_lines, survey
from cyclorama.importers.joins import Join, joined_file, joins_of
from cyclorama.importers.mapping import FileRule, near, read_mapping
from cyclorama.importers.model import FileReport, Progress, no_progress
from cyclorama.importers.running import Job, Numbered, run_jobs
from cyclorama.importers.targets import targets
from cyclorama.plugins.section import Section
from cyclorama.plugins.written import Watch, nobody
from cyclorama.storage.engine import Database


async def import_csv(
    database: Database,
    sections: Mapping[str, Section],
    mapping_path: Path,
    paths: Sequence[Path],
    *,
    now: datetime,
    progress: Progress = no_progress,
    watch: Watch = nobody,
) -> list[FileReport]:
    """Import CSV files as a mapping says, in the order of its entries; a report a file.

    `ConfigError`, before anything is written, for a mapping that can't be used, a file
    that can't be read to its end, and a column that is not there."""
    known = targets(sections)
    mapping = read_mapping(mapping_path, known)
    files = found_files(paths, "*.csv")
    chosen = [(f, r) for r in mapping.files for f in files if _names(r, f)]
    if not chosen:
        patterns = ", ".join(rule.file for rule in mapping.files)
        raise ConfigError(
            f"The mapping {mapping_path} reads {patterns}; none of them is among "
            f"{', '.join(str(p) for p in paths)}."
        )
    jobs = [_job(mapping_path, rule, file, files) for file, rule in chosen]
    reports = await run_jobs(
        database,
        known,
        jobs,
        system=mapping.system,
        now=now,
        progress=progress,
        watch=watch,
    )
    read = {file for file, _ in chosen}
    joined = (joined_file(j, files) for _, r in chosen for j in r.joins.values())
    read |= {file for file in joined if file is not None}
    return reports + [
        FileReport(path=str(file), skipped="no entry of the mapping names it")
        for file in files
        if file not in read
    ]


def found_files(paths: Sequence[Path], *patterns: str) -> list[Path]:
    """The files of these paths, those of folders by name, each once; `ConfigError` for a
    path that is not there."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [p for pattern in patterns for p in path.glob(pattern)]
            found |= dict.fromkeys(sorted(p for p in inside if p.is_file()))
        elif path.exists():
            found[path] = None
        else:
            raise ConfigError(f"There is no file or folder {path}.")
    if not found:
        shown = ", ".join(str(path) for path in paths)
        raise ConfigError(f"There are no files {' or '.join(patterns)} in {shown}.")
    return list(found)


def _names(rule: FileRule, file: Path) -> bool:
    return fnmatchcase(file.name, rule.file)


def _job(mapping: Path, rule: FileRule, file: Path, files: Sequence[Path]) -> Job:
    seen = survey(file, encoding=rule.encoding, delimiter=rule.delimiter)
    _check_columns(mapping, rule, file, seen)
    joins = joins_of(mapping, rule, files)
    return Job(
        path=file, rule=rule, total=seen.rows, rows=partial(_rows, rule, file, joins)
    )


def _check_columns(mapping: Path, rule: FileRule, file: Path, seen: Survey) -> None:
    for column, used_for in sorted(rule.columns().items()):
        if rule.is_joined(column):
            if column in seen.header:
                raise ConfigError(
                    f"{file} has a column {column!r} itself; give what the mapping "
                    f"{mapping} joins to {rule.object} another name."
                )
        elif column not in seen.header:
            hint = near(column, seen.header)
            raise ConfigError(
                f"{file} has no column {column!r}, which the mapping {mapping} reads for "
                f"{used_for} of {rule.object}{hint or '.'} It has: "
                f"{', '.join(seen.header)}."
            )
    twice = sorted({c for c in seen.header if seen.header.count(c) > 1})
    if set(twice) & rule.columns().keys():
        raise ConfigError(f"{file} has the column {twice[0]!r} twice; rename one.")


def _rows(rule: FileRule, file: Path, joins: Sequence[Join]) -> Iterator[Numbered]:
    lines = read_lines(file, encoding=rule.encoding, delimiter=rule.delimiter)
    for line, cells in cells_of(lines):
        if joins and not isinstance(cells, str):
            joined = {n: c for join in joins for n, c in join.of(cells).items()}
            yield line, {**cells, **joined}
        else:
            yield line, cells


def cells_of(lines: Iterator[tuple[int, list[str]]]) -> Iterator[Numbered]:
    """Rows as mappings by the header, which comes first; the missing cells at the end of
    a short row are empty, and empty ones beyond the header are left out."""
    _, header = next(lines)
    names = named(header)
    for line, row in lines:
        if any(row[len(names) :]):
            yield line, f"it has {len(row)} cells; the header names {len(names)}"
            continue
        row += [""] * (len(names) - len(row))
        yield line, {n: c.strip() for n, c in zip(names, row, strict=False)}
