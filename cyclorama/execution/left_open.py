"""What the composer leaves open in a statement: records for the next wave, and values
that Python makes of columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from graphql import GraphQLObjectType, get_named_type, is_abstract_type

from cyclorama.errors import CostLimitError
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.holes import MOST_WAVES, Hole, Job
from cyclorama.execution.leaves import leaf_of_column
from cyclorama.execution.levels import Grouped, Level, NotPlanned, Use
from cyclorama.execution.templates import Scope, Template
from cyclorama.resolvers.loaded import KINDS
from cyclorama.schema import catalogue
from cyclorama.schema.adapt import clause, selectable
from cyclorama.schema.read import Python

if TYPE_CHECKING:
    from cyclorama.execution.composer import Composer


def hole(
    composer: Composer, type_: GraphQLObjectType, fields: Grouped, level: Level
) -> str:
    """The id of a record with what layouts ask of it, in the record's place."""
    if not level.proven:
        raise NotPlanned(type_.name)
    if composer.depth >= MOST_WAVES:
        raise CostLimitError(
            f"Sections of records inside sections go {MOST_WAVES} records deep at "
            "most; ask for these records by themselves."
        )
    kind = KINDS[type_.name]
    names = tuple(composer.asked(kind))
    env = level.env
    found = layout_input(
        composer.library, kind, names, env.fields, level.own, env.kind, with_id=True
    )
    texts = [composer.put(template, level) for template in found]
    composer.track.holes.append(Hole(tuple(composer.track.steps), kind, type_, fields))
    if composer.sqlite:
        return f"json_array({', '.join(texts)})"
    return f"json_build_array({', '.join(texts)})::text"


def layout_input(
    library: Declarations,
    kind: str,
    names: Sequence[str],
    fields: Sequence[Any],
    own: Any,
    page: str,
    *,
    with_id: bool = False,
) -> list[Template]:
    """What layouts ask of a row of a kind of records, on a page of some kind."""
    columns = catalogue.attribute_columns(kind, names, fields)
    if library.dialect == "sqlite":  # a JSON text stays a text, as on PostgreSQL
        columns = {n: c.concat(sa.literal_column("''")) for n, c in columns.items()}
    if with_id:
        columns = {"id": selectable(own).c.id, **columns}
    scope = Scope(page, own=own)
    return [
        library.cached(
            ("hole", name, own, page, fields),
            partial(library.compiler.expression, column, scope),
        )
        for name, column in columns.items()
    ]


def made(composer: Composer, source: Python, use: Use) -> str:
    """The columns that a value is made of, in its place."""
    if is_abstract_type(get_named_type(use.field.type)):
        raise NotPlanned(use.coordinate)
    scope = use.scope()
    texts, converts = [], []
    for index, column in enumerate(source.columns):
        leaf, convert = leaf_of_column(clause(column), composer.tripwire)
        template = composer.library.cached(
            use.key(f"python{index}"),
            partial(composer.library.leaf, clause(column), scope, leaf),
        )
        texts.append(composer.put(template, use.level, use.arguments))
        converts.append(convert)
    composer.track.jobs.append(
        Job(tuple(composer.track.steps), source, use.field, tuple(converts))
    )
    return composer.json.array(texts)
