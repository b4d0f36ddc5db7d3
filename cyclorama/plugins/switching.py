"""Installed plugins and their switches, as plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import InvalidInputError
from cyclorama.layouts.model import KINDS, SURFACES, LayoutBook
from cyclorama.plugins.discovery import Failure
from cyclorama.plugins.section import Section
from cyclorama.storage.switches import switch


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFacts:
    """An installed plugin as admins see it."""

    key: str
    label: str
    description: str = ""
    version: str = ""
    distribution: str = ""
    kinds: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    max_instances: int | None = 1
    requires_config: bool = False
    enabled: bool
    config_schema: Mapping[str, Any] = field(default_factory=dict)
    config_version: int = 1
    used_by: tuple[str, ...] = ()
    """Keys of layouts, in order."""
    error: str | None = None
    """Why it could not be used."""


def plugin_facts(
    graph: Any, book: LayoutBook, switches: Mapping[str, bool]
) -> list[PluginFacts]:
    """The sections by key, then the plugins that failed; `switches` as they are stored:
    a section without one is enabled."""
    used = users(book)
    held = [
        _facts(section, used.get(key, ()), switches.get(key, True))
        for key, section in graph.sections.items()
    ]
    return [*held, *(_failed(failure) for failure in graph.failures)]


async def set_enabled(
    session: AsyncSession, known: Mapping[str, Any], key: str, enabled: bool
) -> bool:
    """Switch one of the known sections; whether that changed anything.

    `InvalidInputError` names a key that no installed section has, and the keys there are.
    """
    if key not in known:
        raise InvalidInputError(unknown(key, list(known)))
    return await switch(session, key, enabled)


class Switched(TypedDict):
    """A switch before and after."""

    before: Mapping[str, bool]
    after: Mapping[str, bool]


def switched(enabled: bool) -> Switched:
    """A switch as the audit log notes it."""
    return {"before": {"enabled": not enabled}, "after": {"enabled": enabled}}


def unknown(key: str, known: Sequence[str]) -> str:
    """The message for a key that no installed section has."""
    return (
        f"There is no section {key[:80]!r}; installed are {', '.join(sorted(known))}."
    )


def config_schema(section: Section) -> dict[str, Any]:
    """The JSON Schema of a placement's settings; one that allows nothing if none."""
    if section.config is None:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return section.config.model_json_schema()


def users(book: LayoutBook) -> Mapping[str, tuple[str, ...]]:
    """The keys of the layouts that place each section, in order."""
    keys: dict[str, set[str]] = {}
    for layout in book.layouts:
        for placement in layout.placements:
            keys.setdefault(placement.section, set()).add(layout.key)
    return {section: tuple(sorted(layouts)) for section, layouts in keys.items()}


def _facts(section: Section, used_by: tuple[str, ...], enabled: bool) -> PluginFacts:
    return PluginFacts(
        key=section.key,
        label=section.title,
        description=section.description,
        version=section.version,
        distribution=section.distribution,
        kinds=tuple(k for k in KINDS if k in section.kinds),
        surfaces=tuple(s for s in SURFACES if s in section.surfaces),
        max_instances=section.max_instances,
        requires_config=section.requires_config,
        enabled=enabled,
        config_schema=config_schema(section),
        config_version=section.config_version,
        used_by=used_by,
    )


def _failed(failure: Failure) -> PluginFacts:
    return PluginFacts(
        key=failure.name,
        label=failure.name,
        distribution=failure.distribution,
        enabled=False,
        error=failure.message,
    )
