"""Placements of sections as clients see them, and the settings that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyclorama.resolvers.context import Context
from cyclorama.schema import catalogue


def parsed(section: Any, config: Mapping[str, Any]) -> Any:
    """A placement's settings in the section's model; None where it has none."""
    return None if section.config is None else section.config.model_validate(config)


def described(section: Any, placement: Any, position: int) -> dict[str, Any]:
    """The fields of `SectionPlacement` in the graph; without a section, where it is
    installed no more, its key stands for its name."""
    model = getattr(section, "config", None)
    internal = {
        name
        for name, info in (model.model_fields.items() if model else ())
        if (info.json_schema_extra or {}).get("internal")
    }
    title = getattr(section, "title", placement.section)
    return {
        "instance_key": placement.instance_key,
        "section": placement.section,
        "label": placement.label or title,
        "original_label": title,
        "icon": placement.icon or getattr(section, "icon", None),
        "position": position,
        "surfaces": list(placement.surfaces),
        "config": {k: v for k, v in placement.config.items() if k not in internal},
    }


def shown(
    ctx: Context, kind: str, section: Any, placement: Any, position: int
) -> dict[str, Any]:
    """The same for the viewer of a record: settings name no field that they don't have."""
    values = described(section, placement, position)
    paths = getattr(parsed(section, placement.config), "paths", None)
    if callable(paths):
        hidden = {
            path
            for of_kind, path in paths(kind)
            if catalogue.entry(of_kind, path, ctx.fields) is None
        }
        values["config"] = _without(values["config"], hidden)
    return values


def _without(value: Any, paths: set[str]) -> Any:
    """Settings without the items of lists that choose one of these paths."""
    if isinstance(value, Mapping):
        return {name: _without(held, paths) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [
            _without(item, paths)
            for item in value
            if not (isinstance(item, Mapping) and item.get("path") in paths)
        ]
    return value
