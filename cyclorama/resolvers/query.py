"""The roots of the graph; sections add their mutations to them."""

from __future__ import annotations

from typing import Annotated, Any, cast

import strawberry

from cyclorama.errors import InvalidInputError
from cyclorama.resolvers.audit import audit_log
from cyclorama.resolvers.companies import list_companies
from cyclorama.resolvers.context import Context, Info
from cyclorama.resolvers.layout_changes import (
    apply_layouts,
    layout_history,
    plan_layouts,
    revert_layouts,
)
from cyclorama.resolvers.layouts import (
    explain_layout,
    layout_file,
    list_layouts,
    one_layout,
)
from cyclorama.resolvers.loaded import instance_of
from cyclorama.resolvers.mutes import list_mutes
from cyclorama.resolvers.nodes import find_nodes
from cyclorama.resolvers.notifications import list_notifications
from cyclorama.resolvers.refs import Ref, find, find_mirror
from cyclorama.resolvers.search import search
from cyclorama.schema.audit import AuditConnection, AuditFilter
from cyclorama.schema.common import Node, RecordKind, UserGroup
from cyclorama.schema.envelope import Surface
from cyclorama.schema.inputs import (
    CompanyFilter,
    CompanyOrder,
    ExternalRefInput,
    SearchMatch,
    SearchType,
)
from cyclorama.schema.layouts import (
    ApplyLayoutsInput,
    ApplyLayoutsPayload,
    Layout,
    LayoutExplanation,
    LayoutPlan,
    LayoutRevision,
    RevertLayoutsInput,
)
from cyclorama.schema.lists import CompanyConnection, SearchConnection
from cyclorama.schema.notifications import NotificationConnection, NotificationMute
from cyclorama.schema.permissions import FOR_ADMINS
from cyclorama.schema.records import Company, Relationship
from cyclorama.schema.symbols import COMPANY, RELATIONSHIP
from cyclorama.schema.viewer import Viewer, ViewerKind
from cyclorama.storage.rows import UserGroupRow

First = Annotated[int, strawberry.argument(description="Rows of a page: 1 to 200.")]
After = Annotated[
    str | None,
    strawberry.argument(description="The `endCursor` of the page before."),
]


@strawberry.type
class Query:
    @strawberry.field(description="Who asks.")
    def viewer(self, info: Info) -> Viewer:
        asking = info.context.viewer
        return Viewer(
            id=asking.id,  # type: ignore[arg-type]
            kind=ViewerKind(asking.kind),
            name=asking.name,
            email=asking.email,
            groups=[_group(group) for group in asking.groups],
            permissions=list(asking.permissions),
        )

    @strawberry.field(
        description="Anything with an id; null where there is nothing of the kind that "
        "you may see."
    )
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        return cast("Node | None", (await find_nodes(info.context, [id]))[0])

    @strawberry.field(description="Up to 200 things by id, in this order.")
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        return await find_nodes(info.context, ids)

    @strawberry.field(
        description="A company by `id`, or by the record of another system that it "
        "mirrors; null where there is none."
    )
    async def company(
        self,
        info: Info,
        id: strawberry.ID | None = None,
        ref: ExternalRefInput | None = None,
    ) -> Company | None:
        return cast("Company | None", await _record(info.context, COMPANY, id, ref))

    @strawberry.field(
        description="A relationship by `id`, or by the record of another system that "
        "it mirrors; null where there is none."
    )
    async def relationship(
        self,
        info: Info,
        id: strawberry.ID | None = None,
        ref: ExternalRefInput | None = None,
    ) -> Relationship | None:
        found = await _record(info.context, RELATIONSHIP, id, ref)
        return cast("Relationship | None", found)

    @strawberry.field(description="Companies, by name unless ordered otherwise.")
    async def companies(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: CompanyFilter | None = None,
        order_by: list[CompanyOrder] | None = None,
    ) -> CompanyConnection:
        return await list_companies(info.context, first, after, filter, order_by)

    @strawberry.field(
        description="Companies, relationships and people by name, people also by "
        "address, whatever case and accents; the best come first."
    )
    async def search(
        self,
        info: Info,
        text: str,
        types: list[SearchType] | None = None,
        match: SearchMatch = SearchMatch.CONTAINS,
        first: First = 10,
        after: After = None,
    ) -> SearchConnection:
        return await search(info.context, text, types, match, first, after)

    @strawberry.field(
        description="What you were told of, the newest first: of records that you follow "
        "and of what concerns you. The last 200 of 90 days are kept."
    )
    async def notifications(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        unread_only: bool = False,
    ) -> NotificationConnection:
        return await list_notifications(info.context, first, after, unread_only)

    @strawberry.field(
        description="Of what you don't want to be told, muted last first; at most 500."
    )
    async def notification_mutes(self, info: Info) -> list[NotificationMute]:
        return await list_mutes(info.context)

    @strawberry.field(
        description="The layouts there are. For admins.", metadata=FOR_ADMINS
    )
    async def layouts(
        self,
        info: Info,
        kind: RecordKind | None = None,
        relationship_type_key: str | None = None,
    ) -> list[Layout]:
        return await list_layouts(info.context, kind, relationship_type_key)

    @strawberry.field(
        description="A layout by its key. For admins.", metadata=FOR_ADMINS
    )
    async def layout(self, info: Info, key: str) -> Layout | None:
        return await one_layout(info.context, key)

    @strawberry.field(
        description="All layouts and assignments as the text of a layout file. For "
        "admins.",
        metadata=FOR_ADMINS,
    )
    async def layout_file(self, info: Info) -> str:
        return await layout_file(info.context)

    @strawberry.field(
        description="What applying a layout file would change, for whom, and what to "
        "think over before. For admins.",
        metadata=FOR_ADMINS,
    )
    async def plan_layouts(
        self,
        info: Info,
        file: Annotated[str, strawberry.argument(description="The text of the file.")],
    ) -> LayoutPlan:
        return await plan_layouts(info.context, file)

    @strawberry.field(
        description="The last changes of layouts, newest first. For admins.",
        metadata=FOR_ADMINS,
    )
    async def layout_history(
        self,
        info: Info,
        first: Annotated[
            int, strawberry.argument(description="How many: 1 to 100.")
        ] = 20,
    ) -> list[LayoutRevision]:
        return await layout_history(info.context, first)

    @strawberry.field(
        description="Which layout a user gets on a record and why; you yourself without "
        "`userId`, and as if in `groupKeys` where they are given. For admins.",
        metadata=FOR_ADMINS,
    )
    async def explain_layout(
        self,
        info: Info,
        record_id: strawberry.ID,
        user_id: strawberry.ID | None = None,
        group_keys: list[str] | None = None,
        surface: Surface = Surface.PAGE,
    ) -> LayoutExplanation:
        return await explain_layout(
            info.context, record_id, user_id, group_keys, surface
        )

    @strawberry.field(
        description="What was changed and read, by whom, the newest first. For admins.",
        metadata=FOR_ADMINS,
    )
    async def audit_log(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: AuditFilter | None = None,
    ) -> AuditConnection:
        return await audit_log(info.context, first, after, filter)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Replace all layouts and assignments by those of a file, all or "
        "nothing. For admins.",
        metadata=FOR_ADMINS,
    )
    async def apply_layouts(
        self, info: Info, input: ApplyLayoutsInput
    ) -> ApplyLayoutsPayload:
        return await apply_layouts(info.context, input)

    @strawberry.mutation(
        description="Go back to the layouts of a revision, as one more change. For "
        "admins.",
        metadata=FOR_ADMINS,
    )
    async def revert_layouts(
        self, info: Info, input: RevertLayoutsInput
    ) -> ApplyLayoutsPayload:
        return await revert_layouts(info.context, input)


def _group(group: Any) -> UserGroup:
    values = {"id": group.id, "key": group.key, "name": group.name}
    made: UserGroup = instance_of(UserGroup, row=UserGroupRow, values=values)
    return made


async def _record(
    ctx: Context, kind: str, id: str | None, ref: ExternalRefInput | None
) -> Ref | None:
    """The record with this id, or the one that mirrors a record of another system."""
    if (id is None) == (ref is None):
        raise InvalidInputError(
            f"Name the {kind.lower()} by either `id` or `ref`, and by one of them only."
        )
    if id is not None:
        return (await find(ctx, kind, [id]))[0]
    assert ref is not None
    found = await find_mirror(ctx, kind, ref.system, ref.external_id, ref.object_type)
    if len(found) > 1:
        raise InvalidInputError(
            "The argument `ref` names several records; give its `objectType`."
        )
    return found[0] if found else None
