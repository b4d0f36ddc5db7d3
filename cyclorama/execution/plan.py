"""The planner: from a selection of records to the one statement that reads it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import get_argument_values
from strawberry.types.field import StrawberryField

from cyclorama.errors import CostLimitError, InvalidInputError, RequestError
from cyclorama.execution.answers import TRIPWIRE
from cyclorama.execution.binds import Binds, Run
from cyclorama.execution.composer import Composer
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.levels import (
    DEFINITION,
    Collect,
    Details,
    Grouped,
    Level,
    NotPlanned,
    failure,
    item_type,
    section_of,
    type_of,
    variables_of,
)
from cyclorama.execution.pieces import Cells, Piece, Plan, Refused, Rest
from cyclorama.resolvers.context import Variant
from cyclorama.resolvers.gates import (
    OfRecord,
    SectionField,
    SectionsField,
    picked,
    visible,
)
from cyclorama.resolvers.loaded import bare
from cyclorama.schema.symbols import ROWS

DEEPEST = 12
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Column:
    text: str
    variant: int | None


@dataclass(slots=True, kw_only=True)
class Planner:
    """Plans the selection of records of one type."""

    library: Declarations
    collect: Collect
    variables: Any
    kind: str
    type: GraphQLObjectType
    variants: Sequence[Variant]
    asked: Callable[[str], Sequence[str]]
    """What layouts ask of the records of a kind."""
    depth: int = 0
    """How many waves lie above."""
    refused: Mapping[str, RequestError] = field(default_factory=dict)
    """Keys that are not read, and why."""
    left_out: frozenset[str] = frozenset()
    """Keys that were tried and are for graph resolvers."""
    failed: set[str] = field(default_factory=set)
    """Sections that failed while they were planned; such a plan is not kept."""
    shaping: set[str] = field(default_factory=set)
    """Names of the variables whose values have shaped the plan."""
    _nesting: int = 100
    """Objects in objects at most; less where the database's parser can't follow."""
    _fields: Grouped = field(default_factory=dict)
    _columns: list[_Column] = field(default_factory=list)
    _binds: Binds = field(init=False)
    _composer: Composer = field(init=False)

    def plan(self, fields: Grouped) -> Plan:
        """The plan of these fields; a key that can't be planned becomes a rest."""
        left_out = set(self.left_out)
        self._fields = fields
        while True:
            self._columns = []
            self._binds = Binds(self.library.dialect)
            self._composer = Composer(
                self.library,
                self._binds,
                self.collect,
                self.variables,
                TRIPWIRE,
                self.shaping,
                self.asked,
                self.depth,
                self._nesting,
            )
            records = self._binds.place("records", lambda run: run.records)
            try:
                pieces = {
                    v.token: tuple(self._pieces(fields, i, v, left_out))
                    for i, v in enumerate(self.variants)
                }
            except _LeaveOut as left:
                if left.error is None:
                    if left.key not in fields or left.key in left_out:
                        raise RuntimeError(
                            f"{left.key!r} is planned for ever"
                        ) from None
                    left_out.add(left.key)
                else:
                    self.refused = {**self.refused, left.key: left.error}
                continue
            sql, *cuts = self._statement(records)
            if self._nesting > 1 and not self.library.parses(sql):
                self._nesting = min(self._nesting, DEEPEST) - 1
                continue
            head, whole = cuts
            width, read = len(self._columns) + 1, _sections(pieces)
            return Plan(sql, self._binds, pieces, width, head, whole, read)

    def _pieces(
        self, fields: Grouped, index: int, variant: Variant, left_out: set[str]
    ) -> list[Piece]:
        pieces: list[Piece] = []
        for plain, group in itertools.groupby(
            fields.items(), lambda item: self._is_plain(item, left_out)
        ):
            if plain:
                pieces += self._plain(dict(group), index, variant)
                continue
            for key, details in group:
                pieces.append(self._other(key, details, index, variant, left_out))
        return pieces

    def _is_plain(self, item: tuple[str, Details], left_out: set[str]) -> bool:
        key, details = item
        name = details[0].node.name.value
        return (
            key not in left_out
            and key not in self.refused
            and (
                name == "__typename" or not isinstance(self._definition(name), OfRecord)
            )
        )

    def _definition(self, name: str) -> Any:
        if name == "__typename":
            return None
        definition = self.type.fields[name].extensions.get(DEFINITION)
        return definition if isinstance(definition, StrawberryField) else None

    def _plain(self, fields: Grouped, index: int, variant: Variant) -> list[Piece]:
        """Plain fields together, each that has a hole by itself."""
        pieces: list[Piece] = []
        members: dict[str, str] = {}

        def run() -> None:
            if not members:
                return
            try:
                text = self._composer.json.object(members)
            except NotPlanned:
                raise _LeaveOut(next(reversed(members))) from None
            pieces.append(Cells(tuple(members), (self._column(text, index),), "run"))
            members.clear()

        level = Level(bare(variant), "r0", ROWS[self.kind], proven=True)
        for key, details in fields.items():
            self._composer.track.begin()
            member = self._composer.member
            text = self._try(key, member, self.type, key, details, level)
            if any(self._composer.track.left):
                run()
                text = self._composer.json.or_null(text)
                pieces.append(self._cells((key,), [text], index, "one"))
            else:
                members[key] = text
        run()
        return pieces

    def _cells(
        self,
        keys: Any,
        texts: list[str],
        index: int,
        form: str,
        sections: tuple[str, ...] = (),
    ) -> Cells:
        columns = tuple(self._column(text, index) for text in texts)
        return Cells(keys, columns, form, sections, self._composer.track.left)

    def _other(
        self,
        key: str,
        details: Details,
        index: int,
        variant: Variant,
        left_out: set[str],
    ) -> Piece:
        definition = self._definition(details[0].node.name.value)
        if key in self.refused:
            return Refused(key, self.refused[key])
        if key in left_out:
            return Rest(key, is_declared=True)
        if isinstance(definition, SectionField):
            return self._section(key, details, definition, index, variant)
        if isinstance(definition, SectionsField):
            return self._sections(key, details, index, variant)
        return Rest(key)

    def _arguments(self, details: Details) -> Mapping[str, Any]:
        first = details[0]
        field_ = self.type.fields[first.node.name.value]
        self.shaping |= variables_of(first.node)
        return get_argument_values(
            field_, first.node, self.variables, first.fragment_variable_values
        )

    def _section(
        self,
        key: str,
        details: Details,
        definition: SectionField,
        index: int,
        variant: Variant,
    ) -> Piece:
        section = definition.section
        instance = self._arguments(details).get("instance")
        env = variant.env(section.key, instance)
        if env is None:
            return Rest(key)
        type_ = get_named_type(self.type.fields[details[0].node.name.value].type)
        fields = self.collect(type_, details)
        self._composer.track.begin()
        with self._composer.track.at(key, type_of(self.type, details), details):
            text = self._try(key, self._composer.object, type_, fields, Level(env))
        return self._cells((key,), [text], index, "one", (section.key,))

    def _sections(
        self, key: str, details: Details, index: int, variant: Variant
    ) -> Piece:
        given = self._arguments(details)
        if getattr(given["surface"], "name", given["surface"]) != "PAGE":
            return Rest(key)
        try:
            envs = picked(variant.envs, given.get("instances"))
        except InvalidInputError:
            return Rest(key)
        texts: list[str] = []
        names: list[str] = []
        self._composer.track.begin()
        for env, section, type_ in visible(self.type, envs):
            fields = self.collect(type_, details)
            listed = type_of(self.type, details)
            with (
                self._composer.track.at(key, listed, details),
                self._composer.track.at(len(texts), item_type(listed), details),
            ):
                text = self._try(key, self._composer.object, type_, fields, Level(env))
            texts.append(text)
            names.append(section.key)
        return self._cells((key,), texts, index, "list", tuple(names))

    def _try(self, key: str, compose: Any, *arguments: Any) -> str:
        try:
            text: str = compose(*arguments)
        except CostLimitError as error:
            raise _LeaveOut(key, error) from None
        except (NotPlanned, RequestError):
            # A refused argument, too: the error of graph resolvers has its path.
            raise _LeaveOut(key) from None
        except Exception as error:  # a declaration is a section's code
            section = section_of(self.type, self._fields[key])
            log.error("section_not_planned", section=section, exc_info=error)
            self.failed.add(section)
            raise _LeaveOut(key, failure(section)) from None
        return text

    @property
    def _rows_by_column(self) -> bool:
        """Whether the rows of the record are joined within each column that reads them:
        SQLite has no LATERAL, and a record's layout may not ask for them."""
        return self.library.dialect == "sqlite" or len(self.variants) > 1

    def _column(self, text: str, index: int) -> int:
        several = len(self.variants) > 1
        if self._rows_by_column:
            text = self._composer.joined.to_column(text)
        text = self._composer.json.complete(text)
        self._columns.append(_Column(text, index if several else None))
        return len(self._columns)

    def _statement(self, records: str) -> tuple[str, int, int]:
        texts = ["r0.id"]
        variant = "v.variant" if self.library.dialect == "sqlite" else "r0.cy_variant"
        for column in self._columns:
            text = column.text
            if column.variant is not None:
                text = f"CASE WHEN {variant} = {column.variant} THEN {text} END"
            texts.append(text)
        rows = self._records(records)
        joins = "" if self._rows_by_column else self._composer.joined.to_statement()
        head = f"SELECT {', '.join(texts)}"
        whole = f"{head} FROM {rows}"
        sql = f"{whole}{self._composer.lookups}{joins}"
        return sql, len(head), len(whole)

    def _records(self, records: str) -> str:
        """The rows of the records with what was given of them."""
        table = ROWS[self.kind].__tablename__
        if self.library.dialect == "sqlite":
            given = (
                "SELECT json_extract(value, '$[0]') AS id, "
                f"json_extract(value, '$[1]') AS variant FROM json_each({records})"
            )
            return f'({given}) v JOIN "{table}" r0 ON r0.id = v.id'
        given = (
            "SELECT j ->> 0 AS id, (j ->> 1)::int AS variant "
            f"FROM jsonb_array_elements({records}::jsonb) AS j"
        )
        # LIMIT keeps the planner, which expects a hundred, from reading them all, OFFSET
        # from joining what the records look up to each of them by itself.
        one = f'SELECT * FROM "{table}" r WHERE r.id = v.id LIMIT 1'
        given = f"({given}) v CROSS JOIN LATERAL ({one}) r"
        return f"(SELECT v.variant AS cy_variant, r.* FROM {given} OFFSET 0) r0"


def _sections(
    pieces: Mapping[str, Sequence[Piece]],
) -> Mapping[str, tuple[str, ...]]:
    """What the pieces of each variant read."""
    read = {
        token: {s for p in own if isinstance(p, Cells) for s in p.sections}
        for token, own in pieces.items()
    }
    return {token: tuple(sorted(keys)) for token, keys in read.items()}


class _LeaveOut(Exception):
    """This key can't be planned; plan again without it. Graph resolvers answer it, or
    the error is its answer."""

    def __init__(self, key: str, error: RequestError | None = None) -> None:
        super().__init__(key)
        self.key = key
        self.error = error


def run_of(ctx: Any, variables: Any, batch: Any) -> Run:
    """What a plan's statement needs to know for this batch."""
    numbers = {v.token: i for i, v in enumerate(batch.variants)}
    pairs = list({r.id: [r.id, numbers[r.variant.token]] for r in batch.refs}.values())
    return Run(
        now=ctx.now,
        today=ctx.today,
        zone=ctx.zone,
        viewer_id=ctx.viewer.id,
        variables=variables,
        records=orjson.dumps(pairs).decode(),
    )


__all__ = ["Planner", "run_of"]
