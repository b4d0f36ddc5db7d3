"""The statements of the short way: a plan's columns under conditions, and their question.

The records come from a source, one by its id or a page by its own select, with what
layouts ask of them. A record's variant is looked up among the answers that are known; one
without has no row of its table, so that nothing of it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
import sqlalchemy as sa

from cyclorama.execution.binds import Binds
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.left_open import layout_input
from cyclorama.execution.pieces import Root
from cyclorama.execution.templates import Scope
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.refs import attributes_of, layout_labels
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.accounts import identity

_KNOWN: Final = "v.variant IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's text and its parameters."""

    sql: str
    binds: Binds


@dataclass(slots=True)
class Short:
    """Makes the statements for what one root of an operation has read."""

    library: Declarations
    context: Context
    root: Root
    kind: str

    def page(self) -> Statement:
        """The columns of the plan, the variant, and of a list the order and its keys."""
        binds = self.root.plan.binds.copy()
        source = self._source(binds)
        who = self._identity(binds)
        known = binds.place("identity", lambda run: run.identity)
        inputs = binds.place("inputs", lambda run: orjson.dumps(run.inputs).decode())
        table = f'"{ROWS[self.kind].__tablename__}"'
        plan = self.root.plan
        head, joins = plan.sql[: plan.head], plan.sql[plan.whole :]
        if self.library.dialect == "sqlite":
            one = f"SELECT value FROM json_each({inputs}) WHERE key = s.input"
            given = f"SELECT s.*, ({one}) AS variant FROM {source} s"
            given = f"({given} WHERE {who} = {known}) v"
            rows = f"{given} LEFT JOIN {table} r0 ON r0.id = v.id AND {_KNOWN}"
            further = ", ".join(f"v.{n}" for n in ("variant", *self._names()))
            return Statement(f"{head}, {further} FROM {rows}{joins}", binds)
        given = (
            f"SELECT s.*, ({inputs}::jsonb ->> s.input)::int AS variant FROM {source} s"
        )
        given = f"({given} WHERE {who} = {known}::text{self._unused(binds)}) v"
        one = f"SELECT * FROM {table} r WHERE r.id = v.id LIMIT 1"
        given = f"{given} LEFT JOIN LATERAL ({one}) r ON {_KNOWN}"
        chosen = ", ".join(f"v.{n}" for n in ("variant AS cy_variant", *self._names()))
        rows = f"(SELECT {chosen}, r.* FROM {given} OFFSET 0) r0"
        further = ", ".join(f"r0.{n}" for n in ("cy_variant", *self._names()))
        return Statement(f"{head}, {further} FROM {rows}{joins}", binds)

    def _unused(self, binds: Binds) -> str:
        """A use for the plan's parameter that a page has none for: it needs a type."""
        if self.root.source is None:
            return ""
        return f" AND {binds.place('records', str)}::text IS NOT NULL"

    def question(self) -> Statement:
        """Whom the credential stands for, and the id and input of each record."""
        binds = Binds(self.library.dialect)
        source, who = self._source(binds), self._identity(binds)
        return Statement(f"SELECT {who}, s.id, s.input FROM {source} s", binds)

    def _names(self) -> tuple[str, ...]:
        source = self.root.source
        return () if source is None else ("cy_place", *source.order.labels)

    def _identity(self, binds: Binds) -> str:
        make = partial(self.library.compiler.expression, identity(self.library.dialect))
        template = self.library.cached(
            ("identity", self.kind), lambda: make(Scope(self.kind))
        )
        arguments = {"arg_credential": ("credential", lambda run: run.credential)}
        return binds.put(template, {}, arguments)

    def _source(self, binds: Binds) -> str:
        """The ids of the records in brackets, with `input`."""
        if self.root.source is not None:
            template = self.library.compiler.rows(self._listed(), Scope(self.kind))
            return binds.put(template, {}, {})
        record = binds.place("records", lambda run: run.records)
        row = ROWS[self.kind]
        templates = layout_input(
            self.library,
            self.kind,
            attributes_of(self.context, self.kind),
            self.context.settings.fields,
            row,
            self.kind,
        )
        texts = [binds.put(t, {"o": "r", "r": "r"}, {}) for t in templates]
        made = f"json_array({', '.join(texts)})"
        if self.library.dialect != "sqlite":
            made = f"json_build_array({', '.join(texts)})::text"
            record += "::text"
        chosen = f'SELECT r.id, {made} AS input FROM "{row.__tablename__}" r'
        return f"({chosen} WHERE r.id = {record})"

    def _listed(self) -> Any:
        """The rows of a page with their places in it."""
        source = self.root.source
        rows = source.select().subquery("cy_page")
        labels = layout_labels(self.context, self.kind)
        if self.library.dialect == "sqlite":
            input_: Any = sa.func.json_array(*(rows.c[n] for n in labels))
        else:
            input_ = sa.func.json_build_array(*(rows.c[n] for n in labels))
        keys = source.order.keys_of(rows)
        place = sa.func.row_number().over(order_by=keys)
        return sa.select(
            rows.c.id,
            sa.cast(input_, sa.Text()).label("input"),
            place.label("cy_place"),
            *(rows.c[n] for n in source.order.labels),
        )
