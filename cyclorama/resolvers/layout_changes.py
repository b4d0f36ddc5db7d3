"""Layout files in the graph: planned, applied, their history, and the way back."""

from __future__ import annotations

from cyclorama.errors import InvalidInputError
from cyclorama.layouts.problems import LayoutFileError
from cyclorama.resolvers.audit import author_of
from cyclorama.resolvers.book import Authored, VersionConflictError
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.layout_files import Desk, Plan, apply_file, plan_file
from cyclorama.resolvers.layouts import allow_admin
from cyclorama.schema.common import RecordKind, UserError, UserErrorCode
from cyclorama.schema.layouts import (
    ApplyLayoutsInput,
    ApplyLayoutsPayload,
    LayoutChange,
    LayoutChangeKind,
    LayoutImpact,
    LayoutPlan,
    LayoutRevision,
    RevertLayoutsInput,
)
from cyclorama.storage.layout_history import revision_at, revisions

_MOST_REVISIONS = 100


async def plan_layouts(ctx: Context, file: str) -> LayoutPlan:
    """What applying a file would change."""
    allow_admin(ctx)
    try:
        return _shown(await plan_file(_desk(ctx), file))
    except LayoutFileError as error:
        raise InvalidInputError(f"The argument `file`: {error}") from None


async def apply_layouts(ctx: Context, given: ApplyLayoutsInput) -> ApplyLayoutsPayload:
    """Apply a file."""
    refused = _forbidden(ctx)
    if refused is not None:
        return refused
    return await _applied(ctx, given.file, given.expected_version)


async def revert_layouts(
    ctx: Context, given: RevertLayoutsInput
) -> ApplyLayoutsPayload:
    """Apply the file of a revision again."""
    refused = _forbidden(ctx)
    if refused is not None:
        return refused
    revision = await revision_at(ctx.reading, given.version)
    if revision is None:
        message = (
            f"There is no change of layouts with the version {given.version}; "
            "`layoutHistory` names those that there are."
        )
        return _refused(UserErrorCode.NOT_FOUND, ["version"], message)
    return await _applied(ctx, revision.file, given.expected_version)


async def layout_history(ctx: Context, first: int) -> list[LayoutRevision]:
    """The last changes."""
    allow_admin(ctx)
    if not 1 <= first <= _MOST_REVISIONS:
        raise InvalidInputError(
            f"The argument `first` is {first}; use 1 to {_MOST_REVISIONS}."
        )
    return [
        LayoutRevision(
            version=r.version,
            at=r.at,
            author=r.author,
            changes=list(r.changes),
            file=r.file,
        )
        for r in await revisions(ctx.reading, first)
    ]


async def _applied(
    ctx: Context, text: str, expected: int | None
) -> ApplyLayoutsPayload:
    author = ctx.viewer.email or ctx.viewer.name
    by = Authored(text=text, author=author, at=ctx.now, who=author_of(ctx))
    try:
        plan, saved = await apply_file(ctx.database, _desk(ctx), by, expected)
    except LayoutFileError as error:
        errors = [
            UserError(
                path=["file", *map(str, p.path)],
                code=UserErrorCode[p.code],
                message=p.message,
            )
            for p in error.problems
        ]
        return ApplyLayoutsPayload(plan=None, version=None, errors=errors)
    except VersionConflictError as error:
        path = ["expectedVersion"]
        return _refused(UserErrorCode.CONFLICT, path, str(error))
    return ApplyLayoutsPayload(plan=_shown(plan), version=saved.version, errors=[])


def _desk(ctx: Context) -> Desk:
    return Desk(
        reading=ctx.reading,
        settings=ctx.settings,
        graph=ctx.graph,
        today=ctx.today,
        limits=ctx.layout_limits,
    )


def _forbidden(ctx: Context) -> ApplyLayoutsPayload | None:
    if ctx.is_admin:
        return None
    message = "Only members of the group 'admin' may change layouts."
    return _refused(UserErrorCode.FORBIDDEN, [], message)


def _refused(code: UserErrorCode, path: list[str], message: str) -> ApplyLayoutsPayload:
    error = UserError(path=path, code=code, message=message)
    return ApplyLayoutsPayload(plan=None, version=None, errors=[error])


def _shown(plan: Plan) -> LayoutPlan:
    return LayoutPlan(
        version=plan.version,
        changes=[
            LayoutChange(
                layout_key=c.layout,
                kind=LayoutChangeKind(c.kind),
                instance_key=c.instance_key,
                detail=c.detail,
            )
            for c in plan.changes
        ],
        impact=[
            LayoutImpact(
                group=i.group,
                section=i.section,
                record_kind=RecordKind(i.kind),
                gained=i.gained,
                lost=i.lost,
            )
            for i in plan.impact
        ],
        warnings=list(plan.warnings),
    )
