"""What users make of their layouts: hidden sections, their order, what was open last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.resolvers.context import Info
from cyclorama.resolvers.gates import resolved_layout
from cyclorama.schema.common import Payload, UserError, UserErrorCode
from cyclorama.schema.records import ResolvedLayout
from cyclorama.storage.audit import canonical
from cyclorama.storage.rows import PersonalisationRow, UserRow

MOST_KEYS: Final = 200
LONGEST_KEY: Final = 80
_LISTS: Final = ("hidden", "order", "collapsed")
_KEYS: Final = "Instance keys of its sections"


@strawberry.input(
    description="What to change of your own view of a layout. What is left out stays as it "
    "is, null takes it back to what the layout says. Instance keys that the layout does "
    "not hold are ignored."
)
class PersonaliseLayoutInput:
    record_id: strawberry.ID = strawberry.field(
        description="A record for which you get the layout; it changes for all of them."
    )
    hidden: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_KEYS} that you don't want; you get nothing of them until they "
        "are taken off this list.",
    )
    order: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"{_KEYS} in your order. One that is not named, or that is added "
        "later, follows the one that it follows in the layout.",
    )
    collapsed: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description=f"{_KEYS} that are shown as a title only."
    )
    last_tab: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The instance key of the section that is open, to open it again.",
    )


@strawberry.type(
    description="The layout as you get it now, or why nothing was changed."
)
class PersonaliseLayoutPayload(Payload):
    layout: ResolvedLayout | None
    errors: list[UserError]


async def personalise_layout(
    info: Info, input: PersonaliseLayoutInput
) -> PersonaliseLayoutPayload:
    """Hide, order and collapse the sections of a layout for yourself, within what it
    gives you; nobody else sees a difference."""
    ctx = info.context
    if ctx.viewer.kind != "USER":
        message = "Only users can arrange layouts for themselves."
        return _refused(_error([], UserErrorCode.FORBIDDEN, message))
    errors = _checked(input)
    if errors:
        return _refused(*errors)
    resolution = await ctx.resolution(input.record_id)
    if resolution is None:
        message = f"There is no record {input.record_id[:80]!r}."
        return _refused(_error(["recordId"], UserErrorCode.NOT_FOUND, message))
    layout = resolution.layout
    held = frozenset(p.instance_key for p in layout.placements)
    async with ctx.database.write() as session:
        settings = await _saved(session, ctx.viewer.id, layout.key, held, input)
    personal = {**ctx.viewer.personal, layout.key: settings}
    ctx.viewer = replace(ctx.viewer, personal=personal)
    ctx.resolutions.clear()
    found = await ctx.ref(input.record_id)
    shown = None if found is None else resolved_layout(ctx, found)
    return PersonaliseLayoutPayload(layout=shown, errors=[])


async def _saved(
    session: AsyncSession,
    user: str,
    layout: str,
    held: frozenset[str],
    input: PersonaliseLayoutInput,
) -> Mapping[str, Any]:
    """The settings after the change; changes by one user follow each other."""
    await session.get(UserRow, user, with_for_update={"key_share": True})
    row = await session.get(PersonalisationRow, (user, layout))
    before = {} if row is None else orjson.loads(row.settings)
    settings = {**before, **_given(input, held), "layout": layout}
    kept = {name: value for name, value in settings.items() if value}
    text = canonical(kept)
    await session.merge(PersonalisationRow(user_id=user, layout=layout, settings=text))
    return kept


def _given(input: PersonaliseLayoutInput, held: frozenset[str]) -> Mapping[str, Any]:
    """What the input sets, without what the layout does not hold."""
    found: dict[str, Any] = {}
    for name in _LISTS:
        keys = getattr(input, name)
        if keys is not strawberry.UNSET:
            found[name] = [k for k in dict.fromkeys(keys or ()) if k in held]
    if input.last_tab is not strawberry.UNSET:
        found["lastTab"] = input.last_tab if input.last_tab in held else None
    return found


def _checked(input: PersonaliseLayoutInput) -> list[UserError]:
    errors: list[UserError] = []
    for name in _LISTS:
        keys = getattr(input, name) or ()
        if len(keys) > MOST_KEYS:
            message = f"{len(keys)} keys; at most {MOST_KEYS} are kept."
            errors.append(_error([name], UserErrorCode.LIMIT_EXCEEDED, message))
            continue
        errors += [_long([name, str(n)]) for n, k in enumerate(keys) if _is_long(k)]
    if input.last_tab and _is_long(input.last_tab):
        errors.append(_long(["lastTab"]))
    return errors


def _is_long(key: str) -> bool:
    return len(key) > LONGEST_KEY


def _long(path: list[str]) -> UserError:
    message = f"An instance key has at most {LONGEST_KEY} characters."
    return _error(path, UserErrorCode.LENGTH, message)


def _error(path: list[str], code: UserErrorCode, message: str) -> UserError:
    return UserError(path=path, code=code, message=message)


def _refused(*errors: UserError) -> PersonaliseLayoutPayload:
    return PersonaliseLayoutPayload(layout=None, errors=list(errors))
