"""Who asks, as they see themselves."""

from __future__ import annotations

from enum import Enum

import strawberry

from cyclorama.schema.common import UserGroup


@strawberry.enum(description="What kind of caller a viewer is.")
class ViewerKind(Enum):
    USER = "USER"
    API_CLIENT = "API_CLIENT"
    EMBED = "EMBED"


@strawberry.type(description="Who asks, with what they may do.")
class Viewer:
    id: strawberry.ID
    kind: ViewerKind
    name: str
    email: str | None
    groups: list[UserGroup]
    permissions: list[str] = strawberry.field(
        description="`admin`: may read and change layouts and switch plugins."
    )
