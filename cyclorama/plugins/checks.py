"""What sections are refused for at start-up, before any schema is built."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from strawberry.parent import StrawberryParent
from strawberry.types.base import get_object_definition

from cyclorama.errors import FieldConflictError, PluginError
from cyclorama.layouts.model import KINDS, SURFACES
from cyclorama.plugins.section import Section
from cyclorama.schema.envelope import SectionBase
from cyclorama.storage.rows import Row

_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def who(section: Section) -> str:
    """The section as messages name it: its key and, if known, its package."""
    package = f" of {section.distribution!r}" if section.distribution else ""
    return f"{section.key!r}{package}"


def check_sections(sections: Sequence[Section]) -> None:
    """Raise `PluginError` for the first thing that can't be composed."""
    for section in sections:
        _check_values(section)
        _check_tables(section)
        _check_jobs(section)
        _check_named(section)
        _check_type(section)
        for function in (*section.fields, *section.mutations):
            description(section, function)
    _check_unique("key", ((s.key, s) for s in sections))
    _check_unique(
        "table", ((t.__tablename__, s) for s in sections for t in set(s.tables))
    )
    _check_unique("type", ((s.type.__name__, s) for s in sections if s.type))
    _check_unique("type of ids", ((kind, s) for s in sections for kind in s.nodes))
    _check_unique(
        "number of companies", ((n, s) for s in sections for n in s.company_numbers)
    )
    _check_unique(
        "condition on records", ((n, s) for s in sections for n in s.record_conditions)
    )
    _check_unique("import target", ((t.name, s) for s in sections for t in s.targets))
    _check_unique("job", ((j.kind, s) for s in sections for j in s.jobs))
    _check_unique("event", ((e.key, s) for s in sections for e in s.events))
    _check_unique("action", ((a.key, s) for s in sections for a in s.actions))
    _check_unique("trigger", ((t.key, s) for s in sections for t in s.triggers))
    _check_unique("fact", ((f.key, s) for s in sections for f in s.rule_facts))
    brought = ((s.commands.name, s) for s in sections if s.commands)
    _check_unique("group of commands", brought)


def _check_values(section: Section) -> None:
    if not _SNAKE.fullmatch(section.key):
        raise PluginError(
            f"The section {who(section)} has a key that is not snake_case; write it in "
            "lower-case words with underscores, as company_hierarchy."
        )
    if not section.title:
        raise PluginError(f"The section {who(section)} has no title; give it one.")
    if section.type is None and not section.fields and not section.cards:
        raise PluginError(
            f"The section {who(section)} shows nothing; give it a `type`, `fields` or "
            "`cards`."
        )
    for name, given, known in (
        ("kinds", section.kinds, KINDS),
        ("surfaces", section.surfaces, SURFACES),
    ):
        if not given or not given <= set(known):
            raise PluginError(
                f"The section {who(section)} has the {name} {sorted(given)}; choose at "
                f"least one of {', '.join(known)}."
            )
    model = section.config
    if model is not None and not (
        isinstance(model, type) and issubclass(model, BaseModel)
    ):
        raise PluginError(
            f"The section {who(section)} has the `config` {model!r}, which is no model "
            "of settings; give it a subclass of pydantic.BaseModel."
        )
    if section.requires_config and section.config is None:
        raise PluginError(
            f"The section {who(section)} requires settings and has no model of them; "
            "give it a `config`."
        )
    _check_config_version(section)


def _check_config_version(section: Section) -> None:
    version, upgrade = section.config_version, section.upgrade_config
    if type(version) is not int or version < 1:
        raise PluginError(
            f"The section {who(section)} has the `config_version` {version!r}; the "
            "first is 1."
        )
    if version > 1 and (section.config is None or not callable(upgrade)):
        raise PluginError(
            f"The section {who(section)} has settings of version {version} and no way "
            "to them; give it a `config` and an `upgrade_config`."
        )
    if version == 1 and upgrade is not None:
        raise PluginError(
            f"The section {who(section)} has an `upgrade_config` and settings of "
            "version 1; raise its `config_version`."
        )


def _check_tables(section: Section) -> None:
    for table in section.tables:
        if not (isinstance(table, type) and issubclass(table, Row)):
            raise PluginError(
                f"The section {who(section)} lists {table!r} as a table; a table is a "
                "subclass of cyclorama.plugins.Row."
            )
        if table.__table__.schema is not None:
            raise PluginError(
                f"The table {table.__tablename__!r} of the section {who(section)} names "
                "a schema, and rules of access could not restrict it; name the table "
                "alone."
            )
        name = table.__tablename__
        if not name.startswith(f"{section.key}_"):
            raise PluginError(
                f"The table {name!r} of the section {who(section)} has a name outside "
                f"the section's own; call it {section.key}_{name}."
            )


def _check_jobs(section: Section) -> None:
    for job in section.jobs:
        if not job.kind.startswith(f"{section.key}."):
            raise PluginError(
                f"The job {job.kind!r} of the section {who(section)} has a kind outside "
                f"the section's own; call it {section.key}.{job.kind}."
            )
        if not inspect.iscoroutinefunction(job.run):
            raise PluginError(
                f"The job {job.kind!r} of the section {who(section)} is no async "
                "function; write async def."
            )


def _check_named(section: Section) -> None:
    """What rules name: events, actions, triggers and facts."""
    named: Iterable[tuple[str, Any]] = (
        *(("event", e) for e in section.events),
        *(("action", a) for a in section.actions),
        *(("trigger", t) for t in section.triggers),
        *(("fact", f) for f in section.rule_facts),
    )
    seen = set[tuple[str, str]]()
    for what, held in named:
        if (what, held.key) in seen:
            raise PluginError(
                f"The {what} {held.key!r} stands twice in the section {who(section)}; "
                "name one of them otherwise."
            )
        seen.add((what, held.key))
        owner, _, name = held.key.partition(".")
        if owner != section.key:
            raise PluginError(
                f"The {what} {held.key!r} of the section {who(section)} has a key "
                f"outside the section's own; call it {section.key}.{held.key}."
            )
        if not _SNAKE.fullmatch(name):
            raise PluginError(
                f"The {what} {held.key!r} of the section {who(section)} has a name "
                "that is not snake_case; write it as score_changed."
            )
        if not held.description:
            raise PluginError(
                f"The {what} {held.key!r} of the section {who(section)} has no "
                "description; say what it is."
            )


def _check_type(section: Section) -> None:
    if section.type is None:
        return
    definition = get_object_definition(section.type)
    decorated = definition is not None and definition.origin is section.type
    if not decorated or not issubclass(section.type, SectionBase):
        raise PluginError(
            f"The type {section.type.__name__} of the section {who(section)} is no "
            "section; decorate it with @strawberry.type and derive it from SectionBase."
        )
    if definition is None or not definition.description:
        raise PluginError(
            f"The type {section.type.__name__} of the section {who(section)} has no "
            "description; write @strawberry.type(description=...)."
        )


def _check_unique(what: str, named: Iterable[tuple[str, Section]]) -> None:
    first: dict[str, Section] = {}
    for name, section in named:
        other = first.setdefault(name, section)
        if other is not section:
            raise FieldConflictError(
                f"The {what} {name!r} is used by both {who(other)} and {who(section)}; "
                "rename one of them or uninstall its package."
            )


def description(section: Section, function: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, in one line: public text."""
    written = (inspect.getdoc(function) or "").split("\n\n")[0]
    if not written:
        raise PluginError(
            f"The function {function.__qualname__} of the section {who(section)} has no "
            "docstring; its first paragraph is the description of the field."
        )
    return " ".join(written.split())


def parent_of(section: Section, function: Callable[..., Any]) -> Any:
    """The type that a function of the resolver form adds its field to."""
    name = f"{function.__qualname__} of the section {who(section)}"
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise PluginError(
            f"The annotations of {name} can't be read: {error}; import what they name "
            "outside of `if TYPE_CHECKING`."
        ) from None
    first = next(iter(inspect.signature(function).parameters), None)
    hint = hints.get(first) if first else None
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    if not any(isinstance(m, StrawberryParent) for m in marks):
        raise PluginError(
            f"The first parameter of {name} does not say where the field belongs; "
            "annotate it with Parent[Company], Parent[Relationship], Parent[Record360] "
            "or another type of the graph."
        )
    return get_args(hint)[0]
