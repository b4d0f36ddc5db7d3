"""sObject trees in JSON, as `sf data export tree` writes them.

A record is named by its `attributes.referenceId`; lookups are `@` and that name; children
stand inside their parent as `{"records": […]}`. A plan lists files in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from cyclorama.errors import ConfigError
from cyclorama.importers.salesforce.cells import LOOKUPS, Record, Source, long_id

LARGEST_FILE: Final = 64_000_000
"""Bytes; Salesforce takes 200 records in a tree."""
PARENTS: Final = {
    ("Account", "Account"): "ParentId",
    ("Account", "AccountContactRelation"): "AccountId",
    ("Account", "Case"): "AccountId",
    ("Account", "Contact"): "AccountId",
    ("Contact", "AccountContactRelation"): "ContactId",
    ("Contact", "Case"): "ContactId",
    ("Contact", "Contact"): "ReportsToId",
    ("User", "User"): "ManagerId",
}
"""Object of a parent and of its child -> the child's lookup."""
Ids = dict[tuple[str, str], str]
"""(Object, reference) -> id of the records that were exported with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A record of a tree."""

    line: int
    """Its place among all records of the file, from 1, parents before children."""
    object_type: str
    reference: str
    fields: Mapping[str, Any]
    parent: Node | None


@dataclass(frozen=True, slots=True)
class Trees:
    """What stands in the trees of a run; references are good in all of them."""

    ids: Ids = field(default_factory=dict)
    _files: dict[tuple[str, str], Path] = field(default_factory=dict)

    def sources(self, path: Path, nodes: Sequence[Node]) -> Iterator[Source]:
        """The records of a file, by object; `ConfigError` where one has the reference
        of a record in another file."""
        counts: dict[str, int] = {}
        with_id: set[str] = set()
        for node in nodes:
            counts[node.object_type] = counts.get(node.object_type, 0) + 1
            if node.fields.get("Id"):
                with_id.add(node.object_type)
            self._note(path, node)
        for object_type, rows in counts.items():
            yield Source(
                path=path,
                object_type=object_type,
                rows=rows,
                read=partial(_records, path, object_type, self.ids),
                by_reference=object_type not in with_id,
            )

    def _note(self, path: Path, node: Node) -> None:
        key = (node.object_type, node.reference)
        if node.fields.get("Id"):
            self.ids[key] = long_id(str(node.fields["Id"]))
        elif node.reference and self._files.setdefault(key, path) != path:
            raise ConfigError(
                f"{path} and {self._files[key]} both use the reference {key[1]!r} for a "
                f"record of {key[0]}, and the two would become one; import them apart, "
                "into databases of their own, or rename the references. Nothing was "
                "imported."
            )


def read_json(path: Path) -> Any:
    """What stands in a JSON file; `ConfigError` names one that can't be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigError(
                f"{path} has over {LARGEST_FILE // 1_000_000} MB; export the object in "
                "several trees, or as CSV, which has no limit. Nothing was imported."
            )
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        said = str(error)[:200]
        raise ConfigError(f"{path} is no JSON: {said}. Nothing was imported.") from None


def is_tree(document: Any) -> bool:
    """Whether a JSON document has the shape of a tree."""
    return isinstance(document, dict) and isinstance(document.get("records"), list)


def plan_files(document: Any) -> list[str] | None:
    """The files that a plan lists; None for a document that is no plan."""
    if not isinstance(document, list) or not document:
        return None
    if not all(isinstance(e, dict) and "sobject" in e for e in document):
        return None
    listed = [e.get("files") for e in document]
    return [str(f) for files in listed if isinstance(files, list) for f in files]


def nodes_of(path: Path, document: Any) -> Iterator[Node]:
    """All records of a tree, parents before their children; `ConfigError` names one that
    doesn't say what it is."""
    line = 0
    waiting = [(r, None) for r in reversed(document["records"])]
    stack: list[tuple[Any, Node | None]] = list(waiting)
    while stack:
        record, parent = stack.pop()
        line += 1
        attributes = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(attributes, dict) or not attributes.get("type"):
            raise ConfigError(
                f"{path}, record {line} has no attributes.type; is it an sObject tree? "
                "Nothing was imported."
            )
        node = Node(
            line=line,
            object_type=str(attributes["type"]),
            reference=str(attributes.get("referenceId") or ""),
            fields=record,
            parent=parent,
        )
        yield node
        stack += [(child, node) for child in reversed(_children(record))]


def _children(record: Mapping[str, Any]) -> list[Any]:
    return [
        child
        for value in record.values()
        if is_tree(value)
        for child in value["records"]
    ]


def _records(path: Path, object_type: str, ids: Ids) -> Iterator[Record]:
    for node in nodes_of(path, read_json(path)):
        if node.object_type == object_type:
            yield _record(node, ids)


def _record(node: Node, ids: Ids) -> Record:
    cells = {name: _cell(v) for name, v in node.fields.items() if _is_plain(v)}
    for name in LOOKUPS & cells.keys():
        cells[name] = _named(name, cells[name], node.object_type, ids)
    above = node.parent
    lookup = above and PARENTS.get((above.object_type, node.object_type))
    if above and lookup and not cells.get(lookup):
        cells[lookup] = _own_id(above, ids)
    return Record(node.line, _own_id(node, ids), cells)


def _own_id(node: Node, ids: Ids) -> str:
    return ids.get((node.object_type, node.reference), node.reference)


def _named(column: str, cell: str, object_type: str, ids: Ids) -> str:
    """The id behind `@reference`, or the id that stands there."""
    if not cell.startswith("@"):
        return long_id(cell)
    own = {"ParentId": object_type, "ReportsToId": "Contact"}
    users = {"OwnerId": "User", "ManagerId": "User"}
    kind = {**own, **users}.get(column, column.removesuffix("Id"))
    return ids.get((kind, cell[1:]), cell[1:])


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _cell(value: Any) -> str:
    """As a CSV export would write it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
