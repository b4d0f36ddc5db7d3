"""The authorization matrix: every field of the records' pages for every kind of viewer.

The reference is set arithmetic over the configuration: it knows neither bits nor views nor
plans. Planted defects show that the matrix can fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from cyclorama.execution.engine import Engine
from cyclorama.execution.grants import Units
from cyclorama.layouts import resolution
from cyclorama.layouts.model import (
    SURFACES,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
)
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import discover
from cyclorama.storage.accounts import GroupFacts, Viewer
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, Bench, company, relationship

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
GRAPH = compose(SECTIONS)
FULL = GRAPH.schema._schema
ALL = tuple(s.key for s in SECTIONS)
FEW = ("summary", "relationships", "company_hierarchy")
CHURNED = ("summary", "support")
OFF = "usage"
"""The section that is switched off."""
RECORDS = ("company_1", "company_2", "relationship_1")
MASKS = (
    FieldPermission("masked", "Company.arr", "hidden"),
    FieldPermission("masked", "User.email", "hidden"),
    FieldPermission("masked", "SupportCase.number", "hidden"),
)
OF_MASKS = {"Company.arr", "User.email", "SupportCase.number", "Record360.arr"}
"""The coordinates of the masks, and that of the interface; none derives from them."""


def who(name: str, *groups: str, admin: bool = False) -> Viewer:
    return replace(
        CSM,
        name=name,
        groups=tuple(GroupFacts(f"group_{g}", g, g) for g in groups),
        permissions=("admin",) if admin else (),
    )


VIEWERS = (
    who("csm", "csm"),
    who("exec", "exec"),
    who("admin", "admin", "csm", admin=True),
    who("masked", "csm", "masked"),
    who("nobody"),
)


def _layout(key: str, kind: str, sections: tuple[str, ...], default: bool) -> Layout:
    placements = tuple(
        Placement(s, s, surfaces=SURFACES, config=CONFIG.get(s, {})) for s in sections
    )
    key = f"{key}-{kind.lower()}"
    return Layout(key, kind, None, key, is_default=default, placements=placements)


CONFIG: Mapping[str, Any] = {
    "attributes": {"groups": [{"label": "A", "fields": [{"path": "name"}]}]}
}
KINDS = ("COMPANY", "RELATIONSHIP")
BOOK = LayoutBook(
    tuple(
        _layout(key, kind, sections, key == "none")
        for kind in KINDS
        for key, sections in (
            ("all", ALL),
            ("few", FEW),
            ("churned", CHURNED),
            ("none", ()),
        )
    ),
    tuple(
        assignment
        for kind in ("company", "relationship")
        for assignment in (
            Assignment(
                1,
                f"churned {kind}",
                f"churned-{kind}",
                viewer=(Clause("groups", "IN_GROUP", ("csm",)),),
                record=(Clause("name", "EQ", ("Churned",)),),
            ),
            Assignment(
                2,
                f"csm {kind}",
                f"all-{kind}",
                viewer=(Clause("groups", "IN_GROUP", ("csm",)),),
            ),
            Assignment(
                3,
                f"exec {kind}",
                f"few-{kind}",
                viewer=(Clause("groups", "IN_GROUP", ("exec",)),),
            ),
        )
    ),
)


@dataclass(frozen=True)
class Cell:
    """A field to ask for, by the way to it."""

    coordinates: tuple[str, ...]
    text: str
    section: str | None


def cells(kind: str) -> Iterator[Cell]:
    """The shortest way to every leaf below a kind of record."""
    camel = {_camel(s.key): s.key for s in SECTIONS}
    seen: set[str] = set()
    root = "Company" if kind == "company" else "Relationship"
    waiting: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [(root, (), ())]
    while waiting:
        name, way, coordinates = waiting.pop(0)
        type_ = FULL.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field, of in type_.fields.items():
            coordinate = f"{name}.{field}"
            if any(is_required_argument(a) for a in of.args.values()):
                continue
            further, passed = (*way, field), (*coordinates, coordinate)
            target = get_named_type(of.type)
            if is_leaf_type(target):
                if coordinate not in seen:
                    seen.add(coordinate)
                    section = camel.get(further[0])
                    yield Cell(passed, _nested(further), section)
                continue
            is_near = isinstance(target, GraphQLObjectType) and len(further) < 6
            if is_near and coordinate not in seen:
                seen.add(coordinate)
                waiting.append((target.name, further, passed))


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(o.title() for o in others)


def _nested(way: tuple[str, ...]) -> str:
    return " { ".join(way) + " }" * (len(way) - 1)


def expected(cell: Cell, viewer: Viewer, record: str) -> str:
    """`absent`, `gated` or `open`."""
    groups = {g.key for g in viewer.groups}
    if "masked" in groups and OF_MASKS & set(cell.coordinates):
        return "absent"
    sections = [cell.section] if cell.section else []
    # A section of a record inside of a section is asked of that record.
    for section in sections:
        if section == OFF:
            return "absent"
        if "csm" in groups:
            own = CHURNED if record == "company_2" else ALL
            anywhere = {*CHURNED, *ALL}
        elif "exec" in groups:
            own, anywhere = FEW, set(FEW)
        else:
            own, anywhere = (), set()
        if section not in anywhere:
            return "absent"
        if section not in own:
            return "gated"
    return "open"


def _inner(cell: Cell) -> bool:
    """Whether the way passes a section of another record."""
    keys = {
        f"{t}.{_camel(s.key)}" for s in SECTIONS for t in ("Company", "Relationship")
    }
    return any(c in keys for c in cell.coordinates[1:])


async def found(bench: Bench, cell: Cell, viewer: Viewer, record: str) -> str:
    kind = record.partition("_")[0]
    answer = await bench.ask(
        f'{{ {kind}(id: "{record}") {{ {cell.text} }} }}', viewer=viewer
    )
    codes = {e["extensions"]["code"] for e in answer.get("errors", ())}
    if codes == {"GRAPHQL_VALIDATION_FAILED"}:
        return "absent" if bench.statements == [] else "absent and read"
    if codes == {"SECTION_NOT_IN_LAYOUT"}:
        read = " ".join(bench.statements)
        tables = [
            t.__tablename__ for s in SECTIONS if s.key == cell.section for t in s.tables
        ]
        return "gated and read" if any(t in read for t in tables) else "gated"
    return str(sorted(codes)) if codes else "open"


async def differences(bench: Bench, step: int = 1) -> list[str]:
    """The cells that are not as the reference says; of every few, one is looked at."""
    wrong, looked = [], 0
    for record in RECORDS:
        asked = [c for c in cells(record.partition("_")[0]) if not _inner(c)]
        for cell in asked[::step]:
            for viewer in VIEWERS:
                want = expected(cell, viewer, record)
                got = await found(bench, cell, viewer, record)
                looked += 1
                if want != got:
                    wrong.append(
                        f"{viewer.name} {record} {cell.text}: {got}, not {want}"
                    )
    assert looked > 300 // step
    return wrong


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=BOOK, permissions=MASKS)
    made.switches = {OFF: False}
    await made.fill(0)
    await made.add(
        company(1, arr_minor=100, csm_id="user_csm"),
        company(2, name="Churned", arr_minor=200, csm_id="user_csm"),
        relationship(1, of=1),
    )
    return made


async def test_every_cell_is_as_the_reference_says(bench: Bench) -> None:
    assert await differences(bench) == []


async def test_a_mask_that_is_forgotten_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Units, "hidden", lambda self, masked: set())
    assert await differences(bench) != []


async def test_operations_on_the_full_schema_are_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = Engine.bind

    def unbound(self: Engine, context: Any) -> Any:
        bind(self, context)
        context.view = self.schema

    monkeypatch.setattr(Engine, "bind", unbound)
    assert await differences(bench, 3) != []


async def test_a_layout_that_is_passed_over_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ajar(assignment: Any, layout: Any, today: Any) -> str | None:
        return "ignored" if layout.key.startswith("churned") else None

    monkeypatch.setattr(resolution, "skipped", ajar)
    assert await differences(bench, 3) != []
