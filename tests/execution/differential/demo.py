"""The built-in sections over the demo and wild rows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.app import graph
from cyclorama.demo import load_demo
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.resolvers.book import load_book
from cyclorama.sections.usage.tables import UsageModuleRow
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import FieldRow, RelationshipTypeRow, Row
from cyclorama.testing import NOW
from differential.access import accesses, team_rows
from differential.books import random_book
from differential.databases import add, both
from differential.sides import Side, World, configurations, viewer
from differential.wild import COMPANIES, RELATIONSHIPS, of_sections, records

VIEWERS: Final = (
    viewer("admin", "admin", admin=True),
    viewer("csm", "csm"),
    viewer("exec", "exec"),
    viewer("both", "csm", "exec", user="user_demoexec"),
    viewer("nobody", user="user_demoadmin"),
    viewer("personal", user="user_demoadmin", admin=True),
)
PATHS: Final = (
    "name",
    "arr",
    "csm.email",
    "csm.name",
    "renewalDate",
    "status",
    "tags",
    "employees",
    "parent.name",
    "comment",
    "createdAt",
    "custom.tier",
    "custom.seats",
    "industry",
    "managedAs",
)
POOLS: Final = {
    "id": (
        *COMPANIES[:6],
        *RELATIONSHIPS[:4],
        "company_demo001",
        "company_demo020",
        "company_demo020",
        "company_demo150",
        "relationship_demo020platform",
        "user_democsm",
        "relationship_type_demoplatform",
        "case_w1x0",
        "case_w7x1",
        "group_csm",
        "person_1",
        "layout_company0",
        "company_",
        "nope",
        "",
    ),
    "path": (*PATHS, "nope", "csm.nope", "company.name"),
    "paths": (*PATHS, "nope", "csm.csm.name"),
    "typeKeys": ("platform", "module", "services", "none"),
    "instance": ("summary", "attributes", "attributes_1", "support", "usage", "nope"),
    "instances": ("summary", "attributes", "attributes_2", "support", "usage", "nope"),
    "text": ("a", "demo", "line", "東京", "%", "_", "", "x" * 300, 'say "', "é"),
    "statusKeys": ("active", "inactive", "ended", "nope"),
    "search": ("a", "line", "東", "%", "\\"),
    "tags": ("x", "ü", "", "none"),
    "csmIds": ("user_democsm", "user_demoexec", "nope"),
    "system": ("salesforce", "salesforce", "none"),
    "objectType": ("Account", "Opportunity"),
    "externalId": ("001", "002", "003", "id 10", "nope"),
    "arrAtLeast": ("0", "12.50", "-1e3", "99999999999999999999", "NaN", 5),
    "key": ("company_0", "company_1", "relationship_0", "nope"),
    "expectedVersion": (1, 2, 7, 2**31 - 1),
    "groupKeys": ("csm", "exec", "nope"),
    "userId": ("user_democsm", "user_demoexec", "nope"),
}
SURVEYS: Final = (
    {"period": "ALL_TIME", "policy": "ALL", "roll_up": True},
    {"period": "FISCAL_QUARTER", "fiscal_start": 5, "show_comments": False},
)
POOLS_OF_IDS: Final = dict.fromkeys(("ids", "recordId"), POOLS["id"])


async def fill(database: Database) -> None:
    """The demo, and rows that are unlike any demo."""
    await bring_up_to_date(database, graph())
    await load_demo(database, graph().sections.values(), NOW)
    await add_wild(database)


async def add_wild(database: Database) -> None:
    """Rows that are unlike any demo, to the demo."""
    async with database.read() as reading:
        types = sa.select(RelationshipTypeRow.id).order_by(RelationshipTypeRow.id)
        ids = tuple(r.id for r in await reading.execute(types))
        module = sa.select(UsageModuleRow.id).order_by(UsageModuleRow.id).limit(1)
        ((module_id,),) = await reading.execute(module)
    made = [*records(ids, "user_democsm"), *_fields(), *of_sections(module_id)]
    await add(database, [*made, *team_rows()])


def _fields() -> list[Row]:
    return [
        FieldRow(
            id=f"field_w{kind}{key}",
            object=kind,
            key=key,
            label=f"Fïeld {key}",
            type=type_,
            help_text=None,
        )
        for kind in ("company", "relationship")
        for key, type_ in (("tier", "STRING"), ("seats", "NUMBER"))
    ]


def _attributes(chance: random.Random) -> dict[str, Any]:
    groups = []
    for number in range(chance.randint(1, 3)):
        paths = chance.sample(PATHS, chance.randint(1, 6))
        fields = [{"path": p, "editable": chance.random() < 0.7} for p in paths]
        groups.append({"label": f"Gröup {number}", "fields": fields})
    return {"groups": groups}


@asynccontextmanager
async def demo_world(
    seed: int, urls: tuple[str, str], *, guarded: bool = False
) -> AsyncIterator[World]:
    """Both engines on the demo, with the demo's layouts and random ones."""
    chance = random.Random(seed)
    async with both(urls) as (one, other):
        async with one.read() as reading:
            book = await load_book(reading)
            fields = await load_fields(reading)
        configs: dict[str, list[Any]] = {}
        for layout in book.layouts:
            for placement in layout.placements:
                configs.setdefault(placement.section, []).append(placement.config)
        configs["attributes"] = [_attributes(chance) for _ in range(8)]
        configs["surveys"] = [{}, *SURVEYS]
        books = [book, *(random_book(chance, graph().sections, configs) for _ in "abc")]
        access = await accesses(
            chance, one, graph(), fields, count=len(books), guarded=guarded
        )
        yield World(
            Side(graph(), one, planned=True),
            Side(graph(), other, planned=False),
            VIEWERS,
            configurations(graph(), books, access, fields),
            {**POOLS, **POOLS_OF_IDS},
        )
