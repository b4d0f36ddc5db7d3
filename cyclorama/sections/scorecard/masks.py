"""Fields that a mask closes to a viewer are not changed by way of the mutations."""

from __future__ import annotations

from collections.abc import Iterable

from cyclorama.plugins import Context
from cyclorama.sections.scorecard.rules.bands import Refused

MEASURED = ("Score.value", "MeasureScore.score")
"""What a change of a measure changes."""
OVERALL = ("Score.value", "ScorecardSection.overall")
SCORES = (*OVERALL, "MeasureScore.score")
"""What tells of the scores of a record: hidden with any."""
COMMENT = ("Score.comment",)
COMMENTED = ("Score.comment", "MeasureScore.score")


def check_open(ctx: Context, fields: Iterable[str], path: str) -> None:
    """`Refused` where one of these fields is masked or read-only for the viewer."""
    masked = ctx.masked
    if masked and not (masked.fields | masked.read_only).isdisjoint(fields):
        raise Refused("READ_ONLY", f"You may not change {path!r} here.", path)
