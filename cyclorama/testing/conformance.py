"""What every section has to be, checked without a database."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryObjectDefinition,
    get_object_definition,
)

from cyclorama.errors import PluginError
from cyclorama.plugins.checks import check_sections, parent_of
from cyclorama.plugins.section import Section
from cyclorama.schema.adapt import selectable
from cyclorama.schema.read import Call, Declared, Many, Page
from cyclorama.storage.rows import Row

MOST_ROWS: Final = 2000
"""What a list may hold at most; more is a connection (`read.page`)."""


def conformance(section: Section) -> list[str]:
    """What is wrong with a section, a sentence each; none for one that conforms."""
    try:
        check_sections([section])
    except PluginError as error:
        return [str(error)]
    return [
        *_settings(section),
        *_tables(section),
        *_functions(section),
        *_types(section),
        *_cards(section),
        *_imports(section),
    ]


def _settings(section: Section) -> Iterator[str]:
    """The model of a placement's settings draws the form that admins fill in."""
    model = section.config
    if model is None:
        return
    for name, info in model.model_fields.items():
        if not (info.title or info.description):
            yield f"{model.__name__}.{name} has neither title nor description."
    if model.model_config.get("extra") != "forbid":
        yield (
            f"{model.__name__} lets unknown settings pass; write "
            "model_config = ConfigDict(extra='forbid')."
        )
    required = [n for n, i in model.model_fields.items() if i.is_required()]
    if required and not section.requires_config:
        yield (
            f"{model.__name__}.{required[0]} has no default, so the section has to say "
            "requires_config=True."
        )


def _tables(section: Section) -> Iterator[str]:
    for row in section.tables:
        table: Any = row.__table__
        for column in ("company_id", "relationship_id"):
            if column in table.c and column not in _leading(table):
                yield (
                    f"{table.name}.{column} leads no index; every page of a record "
                    "would read the whole table."
                )
    if section.tables and not section.migrations and not _is_built_in(section):
        yield "It has tables and no `migrations`."
    listed = {t.__tablename__ for t in section.tables}
    for mapper in Row.registry.mappers:
        name = mapper.class_.__tablename__
        if _is_own(section, mapper.class_.__module__) and name not in listed:
            yield f"The table {name!r} is missing in `tables`."


def _is_built_in(section: Section) -> bool:
    return _home(section).startswith("cyclorama.")


def _leading(table: Any) -> set[str]:
    """The columns that some index starts with."""
    unique = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    keyed = [*table.indexes, *unique, table.primary_key]
    return {next(iter(k.columns)).name for k in keyed}


def _functions(section: Section) -> Iterator[str]:
    for function in (*section.fields, *section.mutations):
        if not inspect.iscoroutinefunction(function):
            yield f"{function.__qualname__} is not async."
    for function in section.fields:
        try:
            parent_of(section, function)
        except PluginError as error:
            yield str(error)


def _types(section: Section) -> Iterator[str]:
    if section.type is None:
        return
    for definition in _reached(section):
        if not definition.description:
            yield f"The type {definition.name} has no description."
        for field in definition.fields:
            if isinstance(field, Declared):
                name = f"{definition.name}.{field.name}"
                yield from _lists(name, field)


def _lists(name: str, field: Declared) -> Iterator[str]:
    source = field.source
    if not isinstance(source, (Many, Page)):
        return
    if not source.order_by:
        yield f"{name} has no order."
        return
    if isinstance(source, Many) and not 1 <= source.limit <= MOST_ROWS:
        yield f"{name} holds up to {source.limit} rows; the most is {MOST_ROWS}."
    orders = list(_orders(source.order_by))
    if not _is_mapped(source.source):
        return
    if not all(_is_unique(source.source, order) for order in orders):
        yield f"The order of {name} holds no unique key; equal rows change places."


def _orders(order: Any) -> Iterator[Sequence[Any]]:
    """Every order that clients may choose, of a placement and a layout not known."""
    if not isinstance(order, Call):
        yield order
        return
    names = [p.name for p in order.parameters]
    choices = (
        p.type if p.type is not bool else (False, True) for p in order.parameters
    )
    for chosen in product(*choices):
        given = {**dict.fromkeys(order.given), **dict(zip(names, chosen, strict=True))}
        yield order.function(**given).keys


def _is_mapped(source: Any) -> bool:
    return isinstance(source, type) and issubclass(source, Row)


def _is_unique(row: Any, order: Sequence[Any]) -> bool:
    """Whether the columns of an order hold those of a key of the table."""
    table = selectable(row)
    names = {k if isinstance(k, str) else getattr(_plain(k), "key", "") for k in order}
    unique = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    return any(
        names >= {c.name for c in key.columns} for key in (table.primary_key, *unique)
    )


def _plain(key: Any) -> Any:
    """The column behind `.desc()` and `.nulls_last()`."""
    while isinstance(key, sa.UnaryExpression):
        key = key.element
    return key


def _reached(section: Section) -> list[StrawberryObjectDefinition]:
    """The section's own object types: its type and what that leads to."""
    found: dict[Any, StrawberryObjectDefinition] = {}
    waiting: list[Any] = [section.type]
    while waiting:
        cls = waiting.pop()
        definition = get_object_definition(cls)
        if definition is None or cls in found or not _is_own(section, cls.__module__):
            continue
        found[cls] = definition
        waiting += [_named(field.type) for field in definition.fields]
    return list(found.values())


def _named(type_: Any) -> Any:
    while isinstance(type_, StrawberryContainer):
        type_ = type_.of_type
    return type_


def _cards(section: Section) -> Iterator[str]:
    keys = [card.key for card in section.cards]
    for key in {k for k in keys if keys.count(k) > 1}:
        yield f"Two cards have the key {key!r}."
    for card in section.cards:
        if not card.kinds <= section.kinds:
            yield f"The card {card.key!r} is for kinds that the section does not serve."


def _home(section: Section) -> str:
    """The module of the section, or the package if it is a folder."""
    brought = section.type or next(iter((*section.fields, *section.mutations)), None)
    module: str = getattr(brought, "__module__", "")
    package, _, _ = module.rpartition(".")
    is_folder = package and hasattr(sys.modules.get(package), "section")
    return package if is_folder else module


def _is_own(section: Section, module: str) -> bool:
    home = _home(section)
    return bool(home) and (module == home or module.startswith(f"{home}."))


def _imports(section: Section) -> Iterator[str]:
    """A section imports Cyclorama through `cyclorama.plugins` only."""
    for name in sorted(m for m in sys.modules if _is_own(section, m)):
        file = getattr(sys.modules[name], "__file__", None)
        for imported in imports_of(Path(file)) if file else ():
            inside = imported.split(".")[0] == "cyclorama"
            if (
                inside
                and imported != "cyclorama.plugins"
                and not _is_own(section, imported)
            ):
                yield f"{name} imports {imported}; import cyclorama.plugins only."


def imports_of(file: Path) -> list[str]:
    """The modules that a module imports by their full names, in order."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found
