"""The scorecard file in the graph: planned and applied by admins."""

from __future__ import annotations

from enum import Enum

import strawberry

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    UserErrorCode,
    Work,
    author_of,
)
from cyclorama.sections.scorecard import cardfile
from cyclorama.sections.scorecard.applying import (
    Applied,
    VersionConflictError,
    applied,
    held,
    planned,
    version_of,
)
from cyclorama.sections.scorecard.cardfile import ScorecardFileError
from cyclorama.sections.scorecard.recomputing import Effect


@strawberry.enum(description="What becomes of a scheme, a measure or a scorecard.")
class ScorecardChangeKind(Enum):
    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


@strawberry.type(description="A scheme, a measure or a scorecard that is another one.")
class ScorecardChange:
    name: str = strawberry.field(
        description="As `scheme COLOR`, `measure COMPANY logins` or `scorecard COMPANY "
        "health`."
    )
    kind: ScorecardChangeKind


@strawberry.type(
    description="What a scorecard file changes, and what comes of it for scores."
)
class ScorecardPlan:
    changes: list[ScorecardChange]
    lost_scores: int = strawberry.field(
        description="Scores and past scores that go with what is removed."
    )
    records_moved: int = strawberry.field(
        description="Records that get another scorecard."
    )
    scores_changed: int = strawberry.field(
        description="Overall scores that become others; those of records that get "
        "another scorecard are not among them."
    )
    scores_up: int
    scores_down: int
    bands_changed: int = strawberry.field(
        description="Overall scores that get into a band with another label, also where "
        "the bands change and not the score."
    )
    most_points: int = strawberry.field(description="By how much a score changes most.")


@strawberry.input(description="A scorecard file to try out.")
class PlanScorecardsInput:
    file: str | None = strawberry.field(
        default=None,
        description="The text of the file; without it the answer says what there is.",
    )


@strawberry.input(description="A scorecard file: all schemes, measures and scorecards.")
class ApplyScorecardsInput:
    file: str = strawberry.field(
        description="The text of the file. What is left out is removed, with the scores "
        "and the history that it has; all of it is applied, or nothing."
    )
    expected_version: str | None = strawberry.field(
        default=None,
        description="The `version` that the file was made for; another one is refused "
        "with CONFLICT.",
    )


@strawberry.type(
    description="The scorecard file as it is after the call, or why nothing was done; "
    "paths of errors lead into the file."
)
class ScorecardsPayload(Payload):
    plan: ScorecardPlan | None = strawberry.field(
        description="What the file changes; null without a file, and where it is refused."
    )
    file: str | None = strawberry.field(
        description="All schemes, measures and scorecards that there are, as YAML."
    )
    version: str | None = strawberry.field(
        description="Of that file, for `expectedVersion`."
    )
    errors: list[UserError]


async def plan_scorecards(info: Info, input: PlanScorecardsInput) -> ScorecardsPayload:
    """Say what applying a scorecard file would change, and save nothing; for admins.

    It does all of the work and takes it back: while it runs, scores wait.
    """
    ctx = info.context
    if not ctx.is_admin:
        return _forbidden()
    try:
        found = None
        if input.file is not None:
            found = await planned(_work(ctx), input.file)
    except ScorecardFileError as error:
        return _problems(error)
    return await _answer(ctx, found)


async def apply_scorecards(
    info: Info, input: ApplyScorecardsInput
) -> ScorecardsPayload:
    """Replace all schemes, measures and scorecards by those of a file, and compute the
    scores that follow, in one transaction; for admins."""
    ctx = info.context
    if not ctx.is_admin:
        return _forbidden()
    try:
        found = await applied(_work(ctx), input.file, input.expected_version)
    except ScorecardFileError as error:
        return _problems(error)
    except VersionConflictError:
        message = "The scorecards were changed meanwhile; plan again."
        return _refused("CONFLICT", ["expectedVersion"], message)
    return await _answer(ctx, found)


def _work(ctx: Context) -> Work:
    """Scores of all records are computed, also of those that an admin may not read."""
    return Work(
        database=ctx.database.restricted(None),
        author=author_of(ctx),
        today=ctx.today,
        fields=ctx.fields,
    )


async def _answer(ctx: Context, found: Applied | None) -> ScorecardsPayload:
    now = await held(_work(ctx))
    return ScorecardsPayload(
        plan=None if found is None else _plan(found, found.effect),
        file=cardfile.export(now),
        version=version_of(now),
        errors=[],
    )


def _plan(found: Applied, effect: Effect) -> ScorecardPlan:
    return ScorecardPlan(
        changes=[
            ScorecardChange(name=name, kind=ScorecardChangeKind[what.upper()])
            for name, what in found.changes.items()
        ],
        lost_scores=found.lost,
        records_moved=effect.moved,
        scores_changed=effect.changed,
        scores_up=effect.up,
        scores_down=effect.down,
        bands_changed=effect.bands,
        most_points=effect.most,
    )


def _forbidden() -> ScorecardsPayload:
    message = "Only members of the group 'admin' may configure scorecards."
    return _refused("FORBIDDEN", [], message)


def _problems(error: ScorecardFileError) -> ScorecardsPayload:
    errors = [
        UserError(
            path=["file", *map(str, p.path)],
            code=UserErrorCode[p.code],
            message=p.message,
        )
        for p in error.problems
    ]
    return ScorecardsPayload(plan=None, file=None, version=None, errors=errors)


def _refused(code: str, path: list[str], message: str) -> ScorecardsPayload:
    error = UserError(path=path, code=UserErrorCode[code], message=message)
    return ScorecardsPayload(plan=None, file=None, version=None, errors=[error])
