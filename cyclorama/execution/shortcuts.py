"""The short way: what was answered before takes one statement.

What a viewer gets is settled by who they are, by the version of the configuration and by
what layouts ask of the record. A query for one record or for a page of them that plans
alone have answered is kept with these three as conditions of its statement. Where one of
them no longer holds nothing of the record is read, and the request goes the long way,
which decides anew. So does whatever is unusual: an error, a null where none may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Final

import orjson
import structlog
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
from cyclorama.execution.binds import Run
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.pieces import Plan, Root
from cyclorama.execution.plain_code import Unusual
from cyclorama.execution.short_statements import Short, Statement
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.refs import Ref
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.kept import Kept
from cyclorama.storage.prefix import Prefix

log = structlog.get_logger(__name__)
MOST: Final = 4096
MOST_SQL: Final = 10_000_000
MOST_INPUTS: Final = 256
"""Different answers of records to what layouts ask, for one shortcut."""
PATIENCE: Final = 16
"""How many statements in vain a shortcut is tried for beyond those that served."""
ROOTS: Final = frozenset({"company", "relationship", "node"})
"""Fields of the query that give one record by its id."""
PAGES: Final = frozenset({"companies"})
"""Those that give a page of records."""
NOTHING: Final[Any] = None
"""In the place of a variant and a batch, which rows of the short way have none of."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query for one record, or for a page of records."""

    key: str
    """The name in its answer."""
    variable: str | None = None
    """That holds the record's id."""
    record: str | None = None
    """The id where the text has it."""
    others: tuple[str, ...] = ()
    """The names of the operation's other variables."""


@dataclass(slots=True, eq=False, kw_only=True)
class Shortcut:
    """One query of one viewer, with what was true when it was answered."""

    asked: Asked
    viewer: Viewer
    identity: str
    operation: str | None
    """Its name."""
    root: Root
    statement: Statement
    inputs: dict[str, int]
    """What layouts ask of records, as answered so far, to the number of the variant."""
    prefix: Prefix | None
    """What the viewer may read."""
    bypassed: bool
    """Whether the viewer reads past rules of access."""
    zone: str
    """Of the organisation."""
    served: int = 0
    in_vain: int = 0

    @property
    def is_tried(self) -> bool:
        """Whether it serves more often than not."""
        return self.in_vain < self.served + PATIENCE

    def values(self, record: str, credential: str, now: datetime, today: date) -> Any:
        """The parameters of its statement for a record."""
        variables = self.root.variables
        if self.asked.variable is not None:
            coerced = {**variables.coerced, self.asked.variable: record}
            variables = VariableValues(variables.sources, coerced)
        run = Run(
            now=now,
            today=today,
            zone=self.zone,
            viewer_id=self.viewer.id,
            variables=variables,
            records=record,
            credential=credential,
            identity=self.identity,
            inputs=self.inputs,
        )
        return self.statement.binds.values(run)

    def body(self, rows: Sequence[Any]) -> bytes | None:
        """The answer; None where the long way has to find it."""
        found = self._found(rows) if rows else None
        if found is None:
            self.in_vain += 1
            return None
        self.served += 1
        return b'{"data":{"' + self.asked.key.encode() + b'":' + found + b"}}"

    def reads(self, rows: Sequence[Any]) -> Mapping[tuple[str, ...], list[str]]:
        """The records of an answer by the sections that were read of them."""
        plan, source = self.root.plan, self.root.source
        sections = [*plan.sections.values()]
        if source is not None:
            rows = sorted(rows, key=itemgetter(plan.width + 1))[: source.size]
        found: dict[tuple[str, ...], list[str]] = {}
        for row in rows:
            found.setdefault(sections[row[plan.width]], []).append(row[0])
        return found

    def _found(self, rows: Sequence[Any]) -> bytes | None:
        width = self.root.plan.width
        pieces = [*self.root.plan.pieces.values()]
        source = self.root.source
        if source is not None:
            rows = sorted(rows, key=itemgetter(width + 1))
        if any(row[width] is None for row in rows[: source and source.size]):
            return None
        if source is None:
            return whole(pieces[rows[0][width]], rows[0])
        keys = [row[width + 2 :] for row in rows]
        nodes = [
            Ref("Company", row[0], row, NOTHING, NOTHING) for row in rows[: source.size]
        ]

        def record(ref: Ref, _asked: Any) -> orjson.Fragment:
            row: Any = ref.attributes
            found = whole(pieces[row[width]], row)
            if found is None:
                raise Unusual
            return orjson.Fragment(found)

        try:
            return orjson.dumps(self.root.run(source.shown(keys, nodes), record))
        except Unusual:
            return None


class Shortcuts:
    """The shortcuts of a process, bounded and counted."""

    def __init__(self, library: Declarations) -> None:
        self.library = library
        self.questions = Kept[Any, Asked | bool](MOST, MOST_SQL)
        """Texts: what they ask for, False where it is neither a record nor a page."""
        self.kept = Kept[Any, Shortcut | bool](MOST, MOST_SQL)
        """True for what was asked once so far."""
        self.statements = Kept[int, tuple[Plan, Statement, Statement]](1024, MOST_SQL)
        """For one record, by the plan's identity: the page's and the question's."""

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
        record = asked.record or ""
        if asked.variable is not None:
            record = variables[asked.variable]
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
        elif context.roots[0].plan.is_whole:
            try:
                await self._keep(context, key, kept, asked, context.roots[0])
            except Exception as error:  # the request is answered already
                log.warning("shortcut_not_kept", error=repr(error))

    async def _keep(
        self,
        context: Context,
        key: Any,
        kept: Shortcut | bool,
        asked: Asked,
        root: Root,
    ) -> None:
        page, question = self._statements(context, root)
        run = Run(
            now=context.now,
            today=context.today,
            zone=context.zone,
            viewer_id=context.viewer.id,
            variables=root.variables,
            records=root.batch.refs[0].id if root.batch.refs else "",
            credential=context.credential or "",
        )
        rows = await context.reading.fetch(question.sql, question.binds.values(run))
        if not rows or rows[0][0] is None:
            return
        numbers = {token: n for n, token in enumerate(root.plan.pieces)}
        variants = {ref.id: numbers[ref.variant.token] for ref in root.batch.refs}
        made = Shortcut(
            asked=asked,
            viewer=context.viewer,
            operation=context.operation,
            identity=rows[0][0],
            root=root.settled(),
            statement=page,
            inputs={row[2]: variants[row[1]] for row in rows if row[1] in variants},
            prefix=context.database.prefix,
            bypassed=context.bypassed,
            zone=context.zone,
        )
        if isinstance(kept, Shortcut):
            made.served, made.in_vain = kept.served, kept.in_vain
            same = kept.identity == made.identity
            if same and [*kept.root.plan.pieces] == [*root.plan.pieces]:
                known = {**kept.inputs, **made.inputs}
                made.inputs = dict([*known.items()][-MOST_INPUTS:])
        weight = 1000 if root.source is None else 1000 + len(page.sql)
        self.kept.put(key, made, weight)

    def _statements(self, context: Context, root: Root) -> tuple[Statement, Statement]:
        short = Short(self.library, context, root, root.batch.kind)
        if root.source is not None:
            return short.page(), short.question()
        held = self.statements.find(id(root.plan))
        if held is None or held[0] is not root.plan:
            held = (root.plan, short.page(), short.question())
            self.statements.put(id(root.plan), held, len(held[1].sql))
        return held[1], held[2]


def _key(
    text: str, name: str | None, asked: Asked, variables: Mapping[str, Any], who: str
) -> Any:
    """Equal for requests that differ at most in their record, and in values that no
    variable of the operation takes."""
    others = {k: variables[k] for k in asked.others if k in variables}
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
    key = (root.alias or root.name).value
    names = {v.variable.name.value for v in operation.variable_definitions or ()}
    if operation.operation.value == "query" and root.name.value in PAGES:
        return Asked(key, others=(*sorted(names),))
    if operation.operation.value != "query" or root.name.value not in ROOTS:
        return False
    arguments = root.arguments or ()
    if [a.name.value for a in arguments] != ["id"]:
        return False
    value = arguments[0].value
    if isinstance(value, StringValueNode):
        return Asked(key, record=value.value, others=(*sorted(names),))
    if isinstance(value, VariableNode) and _uses(document, value.name) == 1:
        variable = value.name.value
        return Asked(key, variable=variable, others=(*sorted(names - {variable}),))
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
