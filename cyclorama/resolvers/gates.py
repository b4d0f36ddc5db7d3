"""Gates: the fields of sections on records, open only where the layout holds them."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import strawberry
import structlog
from graphql import GraphQLObjectType, get_named_type
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from cyclorama.errors import (
    InvalidInputError,
    RequestError,
    RequestTimeoutError,
    SectionFailedError,
    SectionNotInLayoutError,
)
from cyclorama.layouts.personal import personal_of
from cyclorama.resolvers.context import Context, Env
from cyclorama.resolvers.held import held
from cyclorama.resolvers.placements import shown
from cyclorama.resolvers.refs import Ref, resolved, variant
from cyclorama.schema.envelope import SectionBase, SectionPlacement, Surface
from cyclorama.schema.records import ResolvedLayout

log = structlog.get_logger(__name__)


class OfRecord(StrawberryField):
    """A field of a record that graph resolvers answer, given the record's `Ref`."""

    @property
    def is_basic_field(self) -> bool:
        return False


class SectionField(OfRecord):
    """A section on a record; `instance` picks a placement."""

    section: Any

    def __copy__(self) -> SectionField:
        copied: SectionField = super().__copy__()
        copied.section = self.section
        return copied

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        ref = ref_of(source)
        env = gate(ref, self.section, kwargs.get("instance"))
        info.context.reads.section(ref.id, self.section.key)
        return section_object(info.context, self.section, ref, env)


class SectionsField(OfRecord):
    """All sections of a record's layout."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        ref = ref_of(source)
        surface = kwargs.get("surface", Surface.PAGE)
        chosen = _on_surface(info.context, ref, surface)
        envs = picked(chosen.envs, kwargs.get("instances"))
        found = []
        for env, section, _ in visible(info._raw_info.parent_type, envs):
            info.context.reads.section(ref.id, section.key, surface.name)
            found.append(section_object(info.context, section, ref, env))
        return found


class LayoutField(OfRecord):
    """The layout that the viewer gets for a record."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        surface = kwargs.get("surface", Surface.PAGE)
        return resolved_layout(info.context, ref_of(source), surface)


class Gate(OfRecord):
    """A resolver field that asks its section's gate before it runs."""

    section: Any

    def __copy__(self) -> Gate:
        copied: Gate = super().__copy__()
        copied.section = self.section
        return copied

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        ref = getattr(source, "cy_ref", source)
        if isinstance(ref, Ref):
            gate(ref, self.section, None)
        context: Context = info.context
        if isinstance(ref, Ref):
            context.reads.section(ref.id, self.section.key)
        refusal = context.breakers.refusal(self.section.key, context.now)
        if refusal is not None:
            raise refusal
        result = super().get_result(source, info, args, kwargs)
        return within_budget(context, self.section.key, held(result))


async def within_budget(context: Context, section: str, result: Any) -> Any:
    """What a section's function gives, in its time; what it raises fails the section."""
    failed: RequestError
    try:
        async with asyncio.timeout(context.budgets.section):
            value = await result
    except RequestError:
        raise
    except TimeoutError:
        failed = RequestTimeoutError(
            f"The section {section!r} took longer than it may.", section=section
        )
    except Exception as error:
        log.error("section_failed", section=section, exc_info=error)
        failed = SectionFailedError(
            f"The section {section!r} could not be read just now.", section=section
        )
    else:
        context.breakers.worked(section)
        return value
    context.breakers.failed(section, context.now)
    raise failed


def visible(
    type_: GraphQLObjectType, envs: Iterable[Env]
) -> Iterator[tuple[Env, Any, GraphQLObjectType]]:
    """The placements whose sections the viewer's graph has on a type of records, each
    with its section and the section's type."""
    types = {
        named.name: named
        for named in (get_named_type(f.type) for f in type_.fields.values())
        if isinstance(named, GraphQLObjectType)
    }
    for env in envs:
        key = env.placement.section
        section = next(s for s in env.sections if s.key == key)
        if section.type is None:
            continue
        found = types.get(section.type.__strawberry_definition__.name)
        if found is not None:
            yield env, section, found


def ref_of(source: Any) -> Ref:
    """The reference of a record, read or not."""
    ref: Ref = source if isinstance(source, Ref) else source.cy_ref
    return ref


def gate(ref: Ref, section: Any, instance: str | None) -> Env:
    """The placement that the viewer gets; `SectionNotInLayoutError` where there is none."""
    env = ref.variant.env(section.key, instance)
    if env is None:
        held = ref.variant.env(section.key, None)
        if held is not None:
            raise InvalidInputError(
                f"The layout holds no instance {instance!r} of the section "
                f"{section.key!r}; ask `layout` for its instance keys.",
                section=section.key,
            )
        raise SectionNotInLayoutError(
            f"The section {section.key!r} is not in your layout for this record.",
            section=section.key,
        )
    return env


def picked(envs: tuple[Env, ...], instances: list[str] | None) -> list[Env]:
    """The placements with these instance keys, in the layout's order."""
    if instances is None:
        return list(envs)
    known = {e.placement.instance_key for e in envs}
    unknown = [i for i in instances if i not in known]
    if unknown:
        raise InvalidInputError(
            f"The argument `instances` names {unknown[0]!r}, which your layout for this "
            "record does not hold; ask `layout` for its instance keys."
        )
    return [e for e in envs if e.placement.instance_key in instances]


def _on_surface(ctx: Context, ref: Ref, surface: Surface) -> Any:
    if surface is Surface.PAGE:
        return ref.variant
    kind = ref.variant.kind
    return variant(ctx, kind, resolved(ctx, kind, ref.id, ref.attributes, surface.name))


def section_object(ctx: Context, section: Any, ref: Ref, env: Env) -> Any:
    """The section as an object that graph resolvers read field by field."""
    from cyclorama.resolvers.loaded import instance_of

    return instance_of(section.type, ref=ref, env=env)


def placement_object(env: Env) -> SectionPlacement:
    """The placement as clients see it."""
    return _placement({**env.described})


def resolved_layout(
    ctx: Context, ref: Ref, surface: Surface = Surface.PAGE
) -> ResolvedLayout:
    """What the viewer gets for a record, and what they made of it themselves."""
    chosen = _on_surface(ctx, ref, surface)
    layout = chosen.resolution.layout
    own = personal_of(ctx.viewer.personal.get(layout.key))
    keys = [e.placement.instance_key for e in chosen.envs]
    return ResolvedLayout(
        key=layout.key,
        name=layout.name,
        version=layout.version,
        sections=[placement_object(e) for e in chosen.envs],
        hidden=_hidden(ctx, ref, surface) if own.hidden else [],
        collapsed=[key for key in keys if key in own.collapsed],
        last_tab=own.last_tab if own.last_tab in keys else None,
    )


def _hidden(ctx: Context, ref: Ref, surface: Surface) -> list[SectionPlacement]:
    """What the viewer hid. Resolved anew: viewers who get the same share a variant, from
    whatever reasons they lack the rest."""
    kind = ref.variant.kind
    resolution = resolved(ctx, kind, ref.id, ref.attributes, surface.name)
    withheld = {w.instance_key: w.reason for w in resolution.withheld}
    return [
        _placement(shown(ctx, kind, ctx.settings.sections[p.section], p, position))
        for position, p in enumerate(resolution.layout.placements)
        if withheld.get(p.instance_key) == "HIDDEN_BY_VIEWER"
    ]


def _placement(values: dict[str, Any]) -> SectionPlacement:
    surfaces = [Surface[s] for s in values["surfaces"]]
    return SectionPlacement(**{**values, "surfaces": surfaces})


def _argument(name: str, annotation: Any, default: Any) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        default=default,
    )


def section_field(section: Any) -> SectionField:
    """The field of a section on the types of records that it serves."""
    field = SectionField(
        python_name=section.key,
        type_annotation=StrawberryAnnotation(section.type | None),
        description=section.description or section.title,
    )
    field.section = section
    field._arguments = [_argument("instance", str | None, None)]
    return field


def record_fields() -> list[StrawberryField]:
    """`layout` and `sections`, for `Record360` and its implementers."""
    layout = LayoutField(
        python_name="layout",
        type_annotation=StrawberryAnnotation(ResolvedLayout),
        description="The layout that this viewer gets for this record.",
    )
    layout._arguments = [_argument("surface", Surface, Surface.PAGE)]
    sections = SectionsField(
        python_name="sections",
        type_annotation=StrawberryAnnotation(list[SectionBase]),
        description="The sections of that layout, in its order. `instances` picks some "
        "by instance key; unknown ones are an error.",
    )
    sections._arguments = [
        _argument("instances", list[str] | None, None),
        _argument("surface", Surface, Surface.PAGE),
    ]
    return [layout, sections]


def gated(section: Any, function: Callable[..., Any]) -> StrawberryField:
    """A field of the resolver form: nullable, and run only behind the gate."""
    plain = strawberry.field(function)
    resolver = copy.copy(plain.base_resolver)
    assert resolver is not None
    hint = resolver.type_annotation
    field = Gate(
        python_name=function.__name__,
        base_resolver=resolver,
        description=(inspect.getdoc(function) or "").split("\n\n")[0] or None,
    )
    if hint is not None:
        field.type_annotation = StrawberryAnnotation(
            hint.evaluate() | None, namespace=hint.namespace
        )
    field.section = section
    return field
