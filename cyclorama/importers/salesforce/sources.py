"""Paths become sources: what stands in which file, looked through before any is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cyclorama.errors import ConfigError
from cyclorama.importers.csv_files import found_files
from cyclorama.importers.model import FileReport
from cyclorama.importers.salesforce.cells import Source
from cyclorama.importers.salesforce.csv_export import csv_source
from cyclorama.importers.salesforce.tree import (
    Trees,
    is_tree,
    nodes_of,
    plan_files,
    read_json,
)

SUFFIXES: Final = (".csv", ".json")


@dataclass(slots=True)
class Found:
    """What the paths hold."""

    sources: list[Source] = field(default_factory=list)
    """In the order of the objects, then of the paths."""
    skipped: list[FileReport] = field(default_factory=list)


def find(paths: Sequence[Path], objects: Sequence[str]) -> Found:
    """The records of these objects in files, folders and the files that plans list.

    `ConfigError` names a path that isn't there, holds no export or can't be read."""
    found = Found()
    trees = Trees()
    for file in _files(paths):
        if file.suffix.lower() == ".csv":
            _take_csv(found, file, objects)
        else:
            _take_json(found, trees, file, objects)
    found.sources.sort(key=lambda source: objects.index(source.object_type))
    return found


def _take_csv(found: Found, file: Path, objects: Collection[str]) -> None:
    named = {name.lower(): name for name in objects}
    object_type = named.get(file.stem.lower())
    if object_type is None:
        _skip(found, file, file.stem)
    else:
        found.sources.append(csv_source(file, object_type))


def _take_json(
    found: Found, trees: Trees, file: Path, objects: Collection[str]
) -> None:
    document = read_json(file)
    if plan_files(document) is not None:
        reason = "a plan; the files that it lists are read"
        found.skipped.append(FileReport(path=str(file), skipped=reason))
    elif not is_tree(document):
        reason = "no sObject tree: it has no list of records"
        found.skipped.append(FileReport(path=str(file), skipped=reason))
    else:
        for source in trees.sources(file, list(nodes_of(file, document))):
            if source.object_type in objects:
                found.sources.append(source)
            else:
                _skip(found, file, source.object_type)


def _skip(found: Found, file: Path, object_type: str) -> None:
    reason = "no section for it yet"
    report = FileReport(path=str(file), object_type=object_type, skipped=reason)
    found.skipped.append(report)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of paths, folders and plans, each once."""
    seen: set[Path] = set()
    for path in found_files(paths, *(f"*{suffix}" for suffix in SUFFIXES)):
        if not _is_export(path):
            raise ConfigError(
                f"{path} is no Salesforce export; those end in .csv or .json."
            )
        planned = _planned(path) if path.suffix.lower() == ".json" else ()
        for file in (path, *planned):
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _planned(path: Path) -> Iterator[Path]:
    for name in plan_files(read_json(path)) or ():
        file = path.parent / name
        if not (file.is_file() and _is_export(file)):
            raise ConfigError(f"{path} lists {name}, which is no .json file beside it.")
        yield file


def _is_export(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SUFFIXES
