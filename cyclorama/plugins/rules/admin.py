"""Rules in the graph: the file as it is, planned and applied by admins."""

from __future__ import annotations

import asyncio

import strawberry

from cyclorama.errors import ForbiddenError
from cyclorama.plugins.rules.actions import catalogue
from cyclorama.plugins.rules.engine import load, read
from cyclorama.plugins.rules.entries import RuleEntry
from cyclorama.plugins.rules.file import RuleFileError, difference, export, parse
from cyclorama.plugins.rules.running import save_rules
from cyclorama.resolvers.audit import author_of
from cyclorama.resolvers.context import Context, Info
from cyclorama.schema.common import Payload, UserError, UserErrorCode


@strawberry.input(description="A rule file, to plan or to apply.")
class ApplyRulesInput:
    file: str = strawberry.field(
        description="The text of the file; all of it is applied, or nothing."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Say what would change, and change nothing."
    )


@strawberry.type(description="What becomes of a rule.")
class RuleChange:
    key: str
    kind: str = strawberry.field(description="ADDED, CHANGED, MOVED or REMOVED.")


@strawberry.type(description="What a rule file changes, or why it can't be used.")
class ApplyRulesPayload(Payload):
    changes: list[RuleChange] | None
    errors: list[UserError]


async def rule_file(info: Info) -> str:
    """All rules, as a file. For admins."""
    context = info.context
    if not context.is_admin:
        raise ForbiddenError("Only members of the group 'admin' may see the rules.")
    return export(await read(context.reading))


async def apply_rules(info: Info, input: ApplyRulesInput) -> ApplyRulesPayload:
    """Replace all rules by those of a file, or say what that would change. For admins."""
    context = info.context
    if not context.is_admin:
        message = "Only members of the group 'admin' may change rules."
        return _refused([UserError(path=[], code=_FORBIDDEN, message=message)])
    try:
        new = await asyncio.to_thread(_parsed, context, input.file)
    except RuleFileError as error:
        return _refused(
            [
                UserError(
                    path=["file", *map(str, p.path)],
                    code=UserErrorCode[p.code],
                    message=p.message,
                )
                for p in error.problems
            ]
        )
    async with context.database.write() as session:
        if input.dry_run:
            changes = difference(await load(session), new)
        else:
            changes = await save_rules(session, author_of(context), new)
    shown = [RuleChange(key=k, kind=what.upper()) for k, what in changes.items()]
    return ApplyRulesPayload(changes=shown, errors=[])


_FORBIDDEN = UserErrorCode.FORBIDDEN


def _parsed(context: Context, text: str) -> list[RuleEntry]:
    known = catalogue(context.graph.sections.values())
    return parse(text, known, context.settings.fields)


def _refused(errors: list[UserError]) -> ApplyRulesPayload:
    return ApplyRulesPayload(changes=None, errors=errors)
