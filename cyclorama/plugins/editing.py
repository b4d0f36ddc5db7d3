"""What mutations of sections ask first: may this viewer change this record there?"""

from __future__ import annotations

from cyclorama.resolvers.context import Context
from cyclorama.schema.common import UserError, UserErrorCode


async def refusals(
    context: Context, section: str, record_id: str, path: list[str] | None = None
) -> list[UserError]:
    """Why the viewer may not change the section of a record; empty where they may.

    A record that does not exist and one out of reach are the same `NOT_FOUND`; a section
    that the viewer's layout for the record does not hold is `FORBIDDEN`. `path` is that
    of the input field with the id, `["recordId"]` by default.
    """
    where = ["recordId"] if path is None else path
    resolution = await context.resolution(record_id)
    if resolution is None:
        message = f"There is no record {record_id!r}."
        return [UserError(path=where, code=UserErrorCode.NOT_FOUND, message=message)]
    if not any(p.section == section for p in resolution.placements):
        message = f"The section {section!r} is not in your layout for this record."
        return [UserError(path=where, code=UserErrorCode.FORBIDDEN, message=message)]
    return []
