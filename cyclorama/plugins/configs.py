"""Settings of placements as their sections want them now, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from pydantic import ValidationError

from cyclorama.layouts.model import LayoutBook, Placement, SharedSection
from cyclorama.plugins.section import Section

log = structlog.get_logger(__name__)


def upgraded(book: LayoutBook, sections: Mapping[str, Section]) -> LayoutBook:
    """The book with the settings of all placements at the versions of their sections;
    one whose settings can't be used says so in `problem` and is nobody's."""
    layouts = []
    for layout in book.layouts:
        placements = tuple(
            _upgraded(p, sections[p.section]) if p.section in sections else p
            for p in layout.placements
        )
        layouts.append(replace(layout, placements=placements))
    shared = tuple(
        _shared(s, sections[s.section]) if s.section in sections else s
        for s in book.shared
    )
    return replace(book, layouts=tuple(layouts), shared=shared)


def _shared(shared: SharedSection, section: Section) -> SharedSection:
    held = Placement(
        shared.key,
        shared.section,
        config=shared.config,
        config_version=shared.config_version,
    )
    found = _upgraded(held, section)
    return replace(shared, config=found.config, config_version=found.config_version)


def _upgraded(placement: Placement, section: Section) -> Placement:
    if section.config is None or (section.requires_config and not placement.config):
        return placement
    version, wanted = placement.config_version, section.config_version
    try:
        config = _brought(placement.config, version, section)
        section.config.model_validate(config)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        problem = f"its settings can't be used: {at or 'they'}: {first['msg']}"
    except Exception as error:  # an upgrade is a plugin's code
        problem = (
            f"its settings of version {version} can't be brought to version {wanted}: "
            f"{error!r}"
        )
    else:
        return replace(placement, config=config, config_version=wanted)
    log.warning("placement_unusable", placement=placement.instance_key, problem=problem)
    return replace(placement, problem=problem)


def _brought(
    config: Mapping[str, Any], version: int, section: Section
) -> Mapping[str, Any]:
    """The settings at the section's version."""
    if version == section.config_version:
        return config
    if version > section.config_version or section.upgrade_config is None:
        raise ValueError("they were written by a newer version of the section")
    return dict(section.upgrade_config(config, version))
