"""Salesforce in, unchanged: export CSV files, and sObject tree JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson

from cyclorama.errors import ConfigError
from cyclorama.importers.csv_files import cells_of, found_files
from cyclorama.importers.csv_text import read_lines, survey
from cyclorama.importers.mapping import FileRule
from cyclorama.importers.model import FileReport, Progress, no_progress
from cyclorama.importers.running import Job, Numbered, run_jobs
from cyclorama.importers.targets import targets
from cyclorama.plugins.section import Section
from cyclorama.storage.engine import Database

SYSTEM: Final = "salesforce"
MOST_BYTES: Final = 64_000_000
"""Of a tree file, which is read whole."""
LINK: Final = "Contact.Account"
"""The object type of the link that a contact's AccountId is."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def _rule(object_: str, target: str, **rest: Any) -> FileRule:
    return FileRule.model_validate(
        {"file": object_, "object": object_, "target": target, "id": "Id", **rest}
    )


def _ref(object_: str, column: str) -> dict[str, str]:
    return {"object": object_, "column": column}


RULES: Final = (
    _rule(
        "User",
        "user",
        fields={
            "email": "Email",
            "name": "Name",
            "title": "Title",
            "department": "Department",
            "active": {"column": "IsActive", "default": True},
        },
    ),
    _rule(
        "Account",
        "company",
        fields={
            "name": "Name",
            "industry_id": "Industry",
            "company_type_id": "Type",
            "employees": "NumberOfEmployees",
            "comment": "Description",
        },
        references={
            "parent_id": _ref("Account", "ParentId"),
            "csm_id": _ref("User", "OwnerId"),
        },
    ),
    _rule(
        "Contact",
        "person",
        fields={"name": "Name", "email": "Email", "title": "Title", "phone": "Phone"},
    ),
    _rule(
        LINK,
        "company_person",
        fields={"title": "Title", "is_primary": {"constant": True}},
        references={
            "person_id": _ref("Contact", "Id"),
            "company_id": _ref("Account", "AccountId"),
            "manager_id": _ref(LINK, "ReportsToId"),
        },
    ),
    _rule(
        "AccountContactRelation",
        "company_person",
        fields={
            "role": "Roles",
            "active": {"column": "IsActive", "default": True},
            "is_primary": "IsDirect",
        },
        references={
            "person_id": _ref("Contact", "ContactId"),
            "company_id": _ref("Account", "AccountId"),
        },
    ),
    _rule(
        "Case",
        "case",
        fields={
            "number": "CaseNumber",
            "subject": "Subject",
            "status": "Status",
            "is_closed": "IsClosed",
            "priority": "Priority",
            "escalated": "IsEscalated",
            "opened_at": "CreatedDate",
            "closed_at": "ClosedDate",
        },
        references={"company_id": _ref("Account", "AccountId")},
    ),
)
"""What becomes of which object, in an order in which parents come first."""


async def import_salesforce(
    database: Database,
    sections: Mapping[str, Section],
    paths: Sequence[Path],
    *,
    now: datetime,
    progress: Progress = no_progress,
) -> list[FileReport]:
    """Import files and folders of an export; a report for each file and object, those
    that nothing takes as skipped.

    `ConfigError`, before anything is written, for a file that can't be read."""
    known = targets(sections)
    sources = [s for f in found_files(paths, "*.csv", "*.json") for s in _sources(f)]
    skipped = [s for s in sources if isinstance(s, FileReport)]
    jobs = []
    for rule in RULES:
        for source in sources:
            if (
                isinstance(source, FileReport)
                or rule.file.partition(".")[0] != source[1]
            ):
                continue
            path, object_, total, rows = source
            if rule.target in known:
                jobs.append(_job(path, rule, total, rows))
            else:
                reason = f"no installed section takes {object_}"
                skipped.append(
                    FileReport(path=str(path), object_type=object_, skipped=reason)
                )
    taken = {rule.object for rule in RULES}
    skipped += [
        FileReport(
            path=str(s[0]), object_type=s[1], skipped=f"nothing takes {s[1]} yet"
        )
        for s in sources
        if not isinstance(s, FileReport) and s[1] not in taken
    ]
    reports = await run_jobs(
        database, known, jobs, system=SYSTEM, now=now, progress=progress
    )
    return reports + skipped


def _job(path: Path, rule: FileRule, total: int | None, rows: Any) -> Job:
    return Job(
        path=path,
        rule=rule,
        total=total,
        rows=partial(_adapted, rule, rows),
        wants=_is_linked if rule.object == LINK else _is_there,
    )


def _is_there(cells: Mapping[str, str]) -> bool:
    return cells["IsDeleted"].lower() not in ("1", "true")


def _is_linked(cells: Mapping[str, str]) -> bool:
    return _is_there(cells) and bool(cells["AccountId"])


def _adapted(rule: FileRule, rows: Any) -> Iterator[Numbered]:
    """The rows with every column that the rule reads, be it in the file or not."""
    columns = {*rule.columns(), "IsDeleted"}
    for line, cells in rows():
        if isinstance(cells, str):
            yield line, cells
            continue
        found = {column: cells.get(column, "") for column in columns}
        if "Name" in found and not found["Name"]:
            parts = (cells.get("FirstName", ""), cells.get("LastName", ""))
            found["Name"] = " ".join(part for part in parts if part)
        yield line, found


Source = tuple[Path, str, int | None, Any]
"""A path, the object's name, how many rows, and a function that reads them."""


def _sources(path: Path) -> list[Source | FileReport]:
    if path.suffix.lower() == ".json":
        return _tree(path)
    return [(path, path.stem, survey(path).rows, partial(_csv_rows, path))]


def _csv_rows(path: Path) -> Iterator[Numbered]:
    for line, cells in cells_of(read_lines(path)):
        if isinstance(cells, str):
            yield line, cells
        else:
            yield (
                line,
                {n: long_id(c) if n.endswith("Id") else c for n, c in cells.items()},
            )


def long_id(short: str) -> str:
    """The 18 characters of an id of 15, whose case is what the last three say; anything
    else as it is."""
    if len(short) != 15 or not (short.isascii() and short.isalnum()):
        return short
    signs = []
    for start in (0, 5, 10):
        bits = sum(c.isupper() << n for n, c in enumerate(short[start : start + 5]))
        signs.append(_ALPHABET[bits])
    return short + "".join(signs)


def _tree(path: Path) -> list[Source | FileReport]:
    """The records of a tree file by object; a plan file is skipped."""
    if path.stat().st_size > MOST_BYTES:
        raise ConfigError(
            f"{path} has over {MOST_BYTES} bytes; export the objects as CSV instead."
        )
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path} is no JSON: {error}.") from None
    if not isinstance(content, Mapping) or not isinstance(content.get("records"), list):
        return [FileReport(path=str(path), skipped="it is no sObject tree")]
    found: dict[str, list[Numbered]] = {}
    for number, record in enumerate(content["records"], 1):
        _flatten(record, number, None, found)
    return [
        (path, object_, len(rows), partial(iter, rows))
        for object_, rows in found.items()
    ]


def _flatten(
    record: Any,
    number: int,
    parent: tuple[str, str] | None,
    found: dict[str, list[Numbered]],
) -> None:
    """A record and those nested in it, each as cells under its object's name."""
    attributes = record.get("attributes") if isinstance(record, Mapping) else None
    if not isinstance(attributes, Mapping) or not isinstance(
        attributes.get("type"), str
    ):
        found.setdefault("?", []).append((number, "it has no attributes.type"))
        return
    object_ = attributes["type"]
    cells = {n: _cell(v) for n, v in record.items() if not isinstance(v, Mapping)}
    cells["Id"] = cells.get("Id") or str(attributes.get("referenceId", ""))
    if parent is not None:
        column = "ParentId" if parent[0] == object_ else f"{parent[0]}Id"
        cells[column] = parent[1]
    found.setdefault(object_, []).append((number, cells))
    for held in record.values():
        if isinstance(held, Mapping) and isinstance(held.get("records"), list):
            for nested in held["records"]:
                _flatten(nested, number, (object_, cells["Id"]), found)


def _cell(value: Any) -> str:
    """A JSON value as a cell; a reference without its sign."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().removeprefix("@")
