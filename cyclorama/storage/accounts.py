"""Users, groups and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group that a viewer is in."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks."""

    id: str
    kind: str
    name: str
    email: str | None
    groups: tuple[GroupFacts, ...]
    attributes: Mapping[str, Any]
    permissions: tuple[str, ...]
