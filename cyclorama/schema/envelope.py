"""The envelope that every section carries, and the placement that it stands for."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from cyclorama.schema import read


@strawberry.enum(
    description="Where a page is shown. A placement lists the surfaces it appears on."
)
class Surface(Enum):
    PAGE = "PAGE"
    CRM_ACCOUNT = "CRM_ACCOUNT"
    CRM_OPPORTUNITY = "CRM_OPPORTUNITY"
    EMBED = "EMBED"


@strawberry.enum(description="What there is to see in a section.")
class SectionState(Enum):
    READY = "READY"
    EMPTY = "EMPTY"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    STALE = "STALE"


@strawberry.type(description="A section as a layout holds it.")
class SectionPlacement:
    instance_key: str = strawberry.field(
        description="The identity of a section on the wire: unique within a layout."
    )
    section: str = strawberry.field(description="The key of the section.")
    label: str
    original_label: str = strawberry.field(
        description="The plugin's own name for the section, also where an admin "
        "renamed it."
    )
    icon: str | None
    position: int
    surfaces: list[Surface]
    config: JSON = strawberry.field(
        description="The settings that a client needs to render; what an admin marked "
        "as internal is left out."
    )


def placed(env: Any) -> dict[str, Any]:
    """The placement that a section is being read for."""
    described: dict[str, Any] = env.described
    return described


@strawberry.interface(
    name="Section", description="The envelope that every section carries."
)
class SectionBase:
    placement: SectionPlacement = read.known(placed)
    state: SectionState = read.value(SectionState.READY)
    as_of: datetime | None = read.value(None)
    sources: list[str] = read.value([])
