"""The short way: a page that was answered before takes one statement.

What a viewer gets is settled by who they are, by the version of the configuration and by
what layouts ask of the record. A query for one record that plans alone have answered is
kept with these three as conditions of its statement. Where one of them no longer holds the
statement reads nothing of the record and has no row, and the request goes the long way,
which decides anew. So does whatever is unusual: an error, a null where none may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues

from cyclorama.execution.answers import whole
from cyclorama.execution.binds import Binds, Run
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.left_open import layout_input
from cyclorama.execution.pieces import Cells, Plan
from cyclorama.execution.templates import Scope
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.refs import Ref, attributes_of
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.accounts import Viewer, identity
from cyclorama.storage.kept import Kept
from cyclorama.storage.prefix import Prefix

MOST: Final = 4096
MOST_SQL: Final = 20_000_000
MOST_INPUTS: Final = 32
"""Different answers of records to what layouts ask, for one shortcut."""
PATIENCE: Final = 16
"""How many statements in vain a shortcut is tried for beyond those that served."""
ROOTS: Final = frozenset({"company", "relationship", "node"})
"""Fields of the query that give one record by its id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query for one record: the name in its answer, and its id or the variable of it."""

    key: str
    variable: str | None
    record: str | None


@dataclass(slots=True, eq=False, kw_only=True)
class Shortcut:
    """One query of one viewer, with what was true when it was answered."""

    asked: Asked
    viewer: Viewer
    identity: str
    plan: Plan
    pieces: Sequence[Cells]
    sql: str
    binds: Binds
    variables: VariableValues
    prefix: Prefix | None
    """What the viewer may read."""
    bypassed: bool
    """Whether the viewer reads past rules of access."""
    inputs: list[str] = field(default_factory=list)
    """What layouts ask of records, as answered by those that get this layout."""
    served: int = 0
    in_vain: int = 0

    @property
    def is_tried(self) -> bool:
        """Whether it serves more often than not."""
        return self.in_vain < self.served + PATIENCE

    def values(self, record: str, credential: str, now: datetime, today: date) -> Any:
        """The parameters of its statement for a record."""
        variables = self.variables
        if self.asked.variable is not None:
            coerced = {**variables.coerced, self.asked.variable: record}
            variables = VariableValues(variables.sources, coerced)
        run = Run(
            now=now,
            today=today,
            viewer_id=self.viewer.id,
            variables=variables,
            records=record,
            credential=credential,
            identity=self.identity,
            inputs=self.inputs,
        )
        return self.binds.values(run)

    def body(self, rows: Sequence[Any]) -> bytes | None:
        """The answer; None where the long way has to find it."""
        found = whole(self.pieces, rows[0]) if rows else None
        if found is None:
            self.in_vain += 1
            return None
        self.served += 1
        return b'{"data":{"' + self.asked.key.encode() + b'":' + found + b"}}"


class Shortcuts:
    """The shortcuts of a process, bounded and counted."""

    def __init__(self, library: Declarations) -> None:
        self.library = library
        self.questions = Kept[Any, Asked | bool](MOST, MOST_SQL)
        """Texts: what they ask for, False where it is not one record."""
        self.kept = Kept[Any, Shortcut | bool](MOST)
        """True for what was asked once so far."""
        self.statements = Kept[int, tuple[Plan, str, Binds, str, Binds]](1024, MOST_SQL)
        """By the plan's identity: the short statement, and the one that asks for what it
        depends on."""

    def find(
        self, text: str, name: str | None, variables: Any, credential: str
    ) -> tuple[Shortcut, str] | None:
        """The shortcut of an operation and the id of its record, if there is one."""
        asked = self.questions.find((text, name))
        if not isinstance(asked, Asked):
            return None
        key = _key(text, name, asked, variables, credential)
        found = None if key is None else self.kept.find(key)
        if not isinstance(found, Shortcut) or not found.is_tried:
            return None
        record = asked.record or variables[asked.variable]
        return (found, record) if isinstance(record, str) else None

    async def note(
        self,
        context: Context,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        name: str | None,
        sent: Mapping[str, Any] | None,
    ) -> None:
        """Keep the way that a query was answered, the second time it is seen."""
        if context.credential is None or len(context.roots) != 1:
            return
        place = (context.text, name)
        asked = self.questions.get(place, lambda: _asked(document, operation), 1000)
        if not isinstance(asked, Asked):
            return
        key = _key(context.text, name, asked, sent or {}, context.credential)
        if key is None:
            return
        kept = self.kept.find(key)
        if kept is None:
            self.kept.put(key, True)
            return
        ref, plan, variables = context.roots[0]
        if len(plan.pieces) > 1 or not plan.is_whole:
            return
        await self._keep(context, key, kept, asked, ref, plan, variables)

    async def _keep(
        self,
        context: Context,
        key: Any,
        kept: Shortcut | bool,
        asked: Asked,
        ref: Ref,
        plan: Plan,
        variables: VariableValues,
    ) -> None:
        _, sql, binds, question, question_binds = self._statements(context, ref, plan)
        run = Run(
            now=context.now,
            today=context.today,
            viewer_id=context.viewer.id,
            variables=variables,
            records=ref.id,
            credential=context.credential or "",
        )
        rows = await context.reading.fetch(question, question_binds.values(run))
        if not rows or rows[0][0] is None:
            return
        who, input_ = rows[0]
        if isinstance(kept, Shortcut) and kept.plan is plan and kept.identity == who:
            others = [i for i in kept.inputs if i != input_]
            kept.inputs[:] = [input_, *others[: MOST_INPUTS - 1]]
            return
        made = Shortcut(
            asked=asked,
            viewer=context.viewer,
            identity=who,
            plan=plan,
            pieces=plan.pieces[ref.variant.token],  # type: ignore[arg-type]
            sql=sql,
            binds=binds,
            variables=variables,
            prefix=context.database.prefix,
            bypassed=context.bypassed,
            inputs=[input_],
        )
        if isinstance(kept, Shortcut):
            made.served, made.in_vain = kept.served, kept.in_vain
        self.kept.put(key, made)

    def _statements(self, context: Context, ref: Ref, plan: Plan) -> Any:
        held = self.statements.find(id(plan))
        if held is not None and held[0] is plan:
            return held
        kind = ref.variant.kind
        made: list[Any] = [plan]
        binds = plan.binds.copy()
        who, input_ = self._conditions(context, kind, binds, ref)
        table = f'"{ROWS[kind].__tablename__}" r0'
        record = binds.place("records", lambda run: run.records)
        known = binds.place("identity", lambda run: run.identity)
        if self.library.dialect == "sqlite":
            inputs = binds.place(
                "inputs", lambda run: orjson.dumps(run.inputs).decode()
            )
            given = f"SELECT {record} AS id WHERE {who} = {known}"
            fits = f"{input_} IN (SELECT value FROM json_each({inputs}))"
            tail = f"FROM ({given}) v JOIN {table} ON r0.id = v.id AND {fits}"
        else:
            inputs = binds.place("inputs", lambda run: run.inputs)
            given = f"SELECT {record}::text AS id WHERE {who} = {known}::text"
            fits = f"{input_} = ANY({inputs}::text[])"
            one = f"SELECT * FROM {table} WHERE r0.id = v.id AND {fits} LIMIT 1"
            tail = f"FROM ({given}) v CROSS JOIN LATERAL ({one}) r0"
        made += [f"{plan.sql[: plan.head]} {tail}", binds]
        binds = Binds(self.library.dialect)
        who, input_ = self._conditions(context, kind, binds, ref)
        record = binds.place("records", lambda run: run.records)
        if self.library.dialect != "sqlite":
            record = f"{record}::text"
        made += [f"SELECT {who}, {input_} FROM {table} WHERE r0.id = {record}", binds]
        return self.statements.put(id(plan), tuple(made), len(made[1]))

    def _conditions(
        self, context: Context, kind: str, binds: Binds, ref: Ref
    ) -> tuple[str, str]:
        """Who the credential stands for and what layouts ask of the record, as texts."""
        compiler = self.library.compiler
        template = self.library.cached(
            ("identity", kind),
            partial(compiler.expression, identity(self.library.dialect), Scope(kind)),
        )
        arguments = {"arg_credential": ("credential", lambda run: run.credential)}
        who = binds.put(template, {}, arguments)
        names = attributes_of(context, kind)
        inputs = layout_input(
            self.library, kind, names, context.settings.fields, ROWS[kind], kind
        )
        texts = ", ".join(binds.put(t, {"o": "r0", "r": "r0"}, {}) for t in inputs)
        if self.library.dialect == "sqlite":
            return who, f"json_array({texts})"
        return who, f"json_build_array({texts})::text"


def _key(
    text: str, name: str | None, asked: Asked, variables: Mapping[str, Any], who: str
) -> Any:
    """Equal for requests that differ in their record at most."""
    others = {k: v for k, v in variables.items() if k != asked.variable}
    if asked.variable is not None and asked.variable not in variables:
        return None
    try:
        return (text, name, who, orjson.dumps(others))
    except TypeError:
        return None


def _asked(document: DocumentNode, operation: OperationDefinitionNode) -> Any:
    """The one record that a query asks for by its id; False where it does not."""
    chosen = operation.selection_set.selections
    root = chosen[0]
    if len(chosen) > 1 or not isinstance(root, FieldNode) or root.directives:
        return False
    if operation.operation.value != "query" or root.name.value not in ROOTS:
        return False
    arguments = root.arguments or ()
    if [a.name.value for a in arguments] != ["id"]:
        return False
    key = (root.alias or root.name).value
    value = arguments[0].value
    if isinstance(value, StringValueNode):
        return Asked(key, None, value.value)
    if isinstance(value, VariableNode) and _uses(document, value.name) == 1:
        return Asked(key, value.name.value, None)
    return False


def _uses(document: DocumentNode, name: NameNode) -> int:
    """How often a variable's value is asked for in a document."""

    class Counting(Visitor):
        found = 0

        def enter_variable(
            self, node: VariableNode, _k: Any, parent: Any, *_: Any
        ) -> None:
            is_definition = getattr(parent, "kind", "") == "variable_definition"
            self.found += node.name.value == name.value and not is_definition

    counting = Counting()
    visit(document, counting)
    return counting.found
