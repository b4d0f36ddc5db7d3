"""The section plugins in the graph: what is installed, and the switch of each."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.scalars import JSON

from cyclorama.errors import ForbiddenError
from cyclorama.plugins.switching import PluginFacts, plugin_facts, switched, unknown
from cyclorama.resolvers.audit import record_change
from cyclorama.resolvers.context import Context, Info
from cyclorama.schema.common import Payload, RecordKind, UserError, UserErrorCode
from cyclorama.schema.envelope import Surface
from cyclorama.storage.switches import switch


@strawberry.type(description="An installed section plugin.")
class SectionPlugin:
    key: str
    label: str
    description: str
    version: str
    distribution: str = strawberry.field(description="The package that brings it.")
    kinds: list[RecordKind]
    surfaces: list[Surface]
    max_instances: int | None
    requires_config: bool
    enabled: bool
    config_schema: JSON = strawberry.field(
        description="JSON Schema of a placement's `config`, with a title and a help "
        "text for each setting."
    )
    config_version: int = strawberry.field(
        description="Grows when the plugin writes settings in another way than before; "
        "older settings are read as the new ones, and written so when layouts are saved."
    )
    used_by: list[str] = strawberry.field(
        description="The keys of the layouts that place it."
    )
    error: str | None = strawberry.field(
        description="What kind of error kept the plugin from being used; null for one "
        "that works. The log and `cyclorama doctor` say more."
    )


@strawberry.type(description="What came of switching a plugin.")
class SectionPluginPayload(Payload):
    plugin: SectionPlugin | None
    errors: list[UserError]


async def section_plugins(info: Info) -> list[SectionPlugin]:
    """The installed section plugins by key, those that failed last. For admins."""
    context = info.context
    if not context.is_admin:
        raise ForbiddenError("Only members of the group 'admin' may see the plugins.")
    return [_shown(facts) for facts in _facts(context)]


async def set_section_plugin_enabled(
    info: Info, key: str, enabled: bool
) -> SectionPluginPayload:
    """Switch a section plugin on or off, everywhere within five seconds. For admins."""
    context = info.context
    if not context.is_admin:
        message = "Only members of the group 'admin' may switch plugins."
        return _refused(UserErrorCode.FORBIDDEN, [], message)
    known = context.graph.sections
    if key not in known:
        return _refused(UserErrorCode.NOT_FOUND, ["key"], unknown(key, list(known)))
    async with context.database.write() as session:
        if await switch(session, key, enabled):
            action = "plugin.enable" if enabled else "plugin.disable"
            await record_change(context, session, action, key, **switched(enabled))
    # A package that failed may bear the same name; it stands behind the sections.
    facts = next(f for f in _facts(context, {key: enabled}) if f.key == key)
    return SectionPluginPayload(plugin=_shown(facts), errors=[])


def _facts(
    context: Context, switched: dict[str, bool] | None = None
) -> list[PluginFacts]:
    settings = context.settings
    switches = {key: facts.enabled for key, facts in settings.facts.items()}
    return plugin_facts(context.graph, settings.book, {**switches, **(switched or {})})


def _shown(facts: PluginFacts) -> SectionPlugin:
    schema: Any = dict(facts.config_schema)
    return SectionPlugin(
        key=facts.key,
        label=facts.label,
        description=facts.description,
        version=facts.version,
        distribution=facts.distribution,
        kinds=[RecordKind(kind) for kind in facts.kinds],
        surfaces=[Surface(surface) for surface in facts.surfaces],
        max_instances=facts.max_instances,
        requires_config=facts.requires_config,
        enabled=facts.enabled,
        config_schema=schema,
        config_version=facts.config_version,
        used_by=list(facts.used_by),
        error=facts.error and facts.error.partition(":")[0],
    )


def _refused(
    code: UserErrorCode, path: list[str], message: str
) -> SectionPluginPayload:
    error = UserError(path=path, code=code, message=message)
    return SectionPluginPayload(plugin=None, errors=[error])
