"""What tests of Salesforce exports read, write and ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.importers.model import FileReport
from cyclorama.importers.salesforce import import_salesforce
from cyclorama.importers.tables import OpenReferenceRow
from cyclorama.plugins.section import Section
from cyclorama.sections.support import section as support
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ConfigurationRow,
    ExternalRefRow,
    FieldRow,
    PersonRow,
    PicklistItemRow,
    Row,
    UserRow,
)

SHARED = Path(__file__).parents[2] / ".." / "shared"
WORKSHOP = SHARED / "data" / "salesforce-export-workshop"
SMALL = SHARED / "data" / "salesforce-export-small"
LWC = SHARED / "data" / "salesforce-tree" / "lwc-recipes"
NESTED = SHARED / "data" / "salesforce-tree" / "nested-hierarchy"
needs_data = pytest.mark.skipif(
    not SHARED.exists(), reason="the data sets are not here"
)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
WITH_SUPPORT = {"support": support}


async def imported(
    database: Database,
    *paths: Path,
    sections: dict[str, Section] = WITH_SUPPORT,
    days: int = 0,
) -> dict[str, FileReport]:
    """The reports by object."""
    now = NOW + timedelta(days=days)
    reports = await import_salesforce(database, sections, paths, now=now)
    return {r.object_type: r for r in reports}


def figures(report: FileReport) -> tuple[int, int, int, int, int]:
    """Read, created, updated, unchanged, rejected."""
    return (
        report.read,
        report.created,
        report.updated,
        report.unchanged,
        report.rejected,
    )


def reasons(report: FileReport) -> list[tuple[int, str]]:
    return [(r.line, r.reason) for r in report.rejects]


async def rows(database: Database, of: type[Row]) -> list[dict[str, Any]]:
    async with database.read() as reading:
        found = await reading.execute(sa.select(of.__table__))
    return [dict(row._mapping) for row in found]


async def count(database: Database, of: type[Row]) -> int:
    return len(await rows(database, of))


async def everything(database: Database) -> list[Any]:
    """All that an import may write, as it is."""
    tables = (
        CompanyRow,
        PersonRow,
        CompanyPersonRow,
        SupportCaseRow,
        UserRow,
        ExternalRefRow,
        OpenReferenceRow,
        PicklistItemRow,
        FieldRow,
        ConfigurationRow,
    )
    return [sorted(map(repr, await rows(database, table))) for table in tables]


async def by_id(
    database: Database, of: type[Row], object_type: str, external_id: str
) -> dict[str, Any]:
    """The row of a Salesforce id."""
    (entity,) = [
        ref["entity_id"]
        for ref in await rows(database, ExternalRefRow)
        if (ref["system"], ref["object_type"], ref["external_id"])
        == ("salesforce", object_type, external_id)
    ]
    (found,) = [row for row in await rows(database, of) if row["id"] == entity]
    return found


async def parents(database: Database) -> dict[str, str | None]:
    """Name of each company -> name of its parent."""
    found = await rows(database, CompanyRow)
    names = {row["id"]: row["name"] for row in found}
    return {row["name"]: names.get(row["parent_id"]) for row in found}


async def people_at(database: Database) -> dict[tuple[str, str], tuple[bool, bool]]:
    """(Person, company) -> whether it is active, and primary."""
    people = {p["id"]: p["name"] for p in await rows(database, PersonRow)}
    companies = {c["id"]: c["name"] for c in await rows(database, CompanyRow)}
    return {
        (people[link["person_id"]], companies[link["company_id"]]): (
            link["active"],
            link["is_primary"],
        )
        for link in await rows(database, CompanyPersonRow)
    }


def csv_file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tree_file(folder: Path, name: str, *records: dict[str, Any]) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"records": records}), encoding="utf-8")
    return path


def sobject(object_type: str, reference: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": object_type, "referenceId": reference}, **fields}
