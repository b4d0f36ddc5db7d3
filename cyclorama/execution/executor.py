"""The executor: graphql-core, with one hook where a record's fields are read by plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, cast

import orjson
import structlog
from graphql import GraphQLObjectType, is_non_null_type
from graphql.pyutils import Path

from cyclorama.errors import RequestError
from cyclorama.execution.answers import has_tripped, members, pair, whole
from cyclorama.execution.binds import Run
from cyclorama.execution.levels import failure, section_of
from cyclorama.execution.pieces import Cells, Plan, Refused, Rest, Root
from cyclorama.execution.plain import UNUSUAL, Again, Found, PlainExecutor
from cyclorama.execution.plain_code import Unusual
from cyclorama.execution.plan import Planner, run_of
from cyclorama.execution.plans import Plans, selection_key
from cyclorama.execution.waves import Making, Wave, filled
from cyclorama.resolvers.gates import OfRecord
from cyclorama.resolvers.held import held
from cyclorama.resolvers.loaded import KINDS, DeclarationFailedError, load_record
from cyclorama.resolvers.refs import Batch, Ref, attributes_of

log = structlog.get_logger(__name__)


class Hidden(Exception):
    """A value whose type the viewer may not see."""


Answers = Mapping[str, Any]
"""Record id -> its row of the statement, or the error with which the statement ended."""


class Executor(PlainExecutor):
    """Runs one operation."""

    plans: Plans
    planned = True
    """Whether plans are used; without them graph resolvers answer everything."""

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        if type(result) is Ref and result.kind == return_type.name:
            return self.collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        return super().complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def complete_abstract_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        if type(result) is Ref:
            if result.kind not in self.schema.type_map:
                raise Hidden
            return self.complete_object_value(
                self.schema.get_type(result.kind),
                field_details_list,
                info,
                path,
                result,
                position_context,
            )
        return super().complete_abstract_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def handle_field_error(
        self, raw_error: Any, return_type: Any, field_details_list: Any, path: Any
    ) -> None:
        """As upstream; a declaration that failed goes up to its section, which fails.

        What may not be seen is null without an error, as if it did not exist."""
        cause = getattr(raw_error, "original_error", None) or raw_error
        if isinstance(cause, Hidden) and not is_non_null_type(return_type):
            return
        if isinstance(cause, DeclarationFailedError):
            if path.typename not in KINDS:
                raise raw_error
            record = self.schema.get_type(path.typename)
            section = section_of(cast("GraphQLObjectType", record), field_details_list)
            self.context_value.breakers.failed(section, self.context_value.now)
            raw_error = failure(section)
        super().handle_field_error(raw_error, return_type, field_details_list, path)

    def ensure_valid_runtime_type(self, runtime_type: Any, *rest: Any) -> Any:
        """As upstream, which would name a type that the viewer may not see."""
        is_name = isinstance(runtime_type, str)
        if is_name and runtime_type not in self.schema.type_map:
            raise Hidden
        return super().ensure_valid_runtime_type(runtime_type, *rest)

    def execute_fields(
        self,
        parent_type: Any,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        if type(source_value) is not Ref or source_value.kind != parent_type.name:
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        return held(
            self.read(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        )

    def with_records(self, run: Any, value: Any, found: Found, again: Again) -> Any:
        """A list's records are read together and without a coroutine for each, where
        plans yield the whole of them."""
        plans: dict[Any, Any] = {}
        for ref, asked in found:
            if (id(asked), ref.batch) in plans:
                continue
            type_, details = asked
            fields = self.collect_subfields(type_, details).grouped_field_set
            plan, values = self._plan(type_, ref.batch, fields)
            if not plan.is_whole:
                return UNUSUAL
            plans[id(asked), ref.batch] = (fields, plan, values)
        started = {
            key: self._started(key[1], *planned) for key, planned in plans.items()
        }
        source = getattr(value, "cy_source", None)
        if source is not None and len(plans) == 1:
            ((_, batch), (_, plan, _)) = next(iter(plans.items()))
            root = Root(batch, plan, self.variable_values, source, run)
            self.context_value.roots.append(root)
        return self._with_cells(run, value, started, again)

    async def _with_cells(
        self, run: Any, value: Any, started: Mapping[Any, _Running], again: Again
    ) -> Any:
        cells = {k: await asyncio.shield(r.answers) for k, r in started.items()}

        def record(ref: Ref, asked: Any) -> Any:
            key = (id(asked), ref.batch)
            row = cells[key].get(ref.id)
            found = whole(started[key].plan.pieces[ref.variant.token], row)
            if found is None:
                raise Unusual
            return orjson.Fragment(found)

        try:
            return run(value, record)
        except Exception:
            return await _awaited(again())

    async def read(
        self, type_: GraphQLObjectType, ref: Ref, path: Any, fields: Any, position: Any
    ) -> Any:
        """A record's selection as bytes: planned cells and resolved fields, as asked."""
        run = self._run(type_, ref.batch, fields)
        plan, answers = run.plan, run.answers
        if path.prev is None:
            root = Root(ref.batch, plan, self.variable_values)
            self.context_value.roots.append(root)
        rest = plan.rest(ref.variant)
        self.plans.unplanned += sum(r.is_declared for r in rest)
        keys = [r.key for r in rest]
        values = await self._resolve(type_, ref, path, fields, keys, position)
        cells = await asyncio.shield(answers)
        if isinstance(cells, Exception):
            cells = await self._one_by_one(type_, ref.batch, fields, cells)
        row = cells.get(ref.id)
        parts: list[bytes] = []
        for piece in plan.pieces[ref.variant.token]:
            if isinstance(piece, Rest):
                parts.append(pair(piece.key, values[piece.key]))
                continue
            if isinstance(piece, Refused):
                self._refuse(type_, path, fields, (piece.key,), piece.error)
                parts.append(pair(piece.key, None))
                continue
            part = members(piece, row)
            if has_tripped(part):
                part = await self._again(type_, ref, path, fields, piece, position, row)
            elif any(piece.left):
                wave = await self._wave(ref.batch, run, cells)
                key = piece.keys[0]
                part = await filled(self, wave, ref, key, piece.left, path, position)
            if part:
                parts.append(part)
        return orjson.Fragment(b"{" + b",".join(parts) + b"}")

    async def _wave(self, batch: Batch, running: _Running, cells: Answers) -> Wave:
        """What all answers of a batch leave open; found out once."""
        if running.wave is None:
            making = Making()
            for ref in batch.refs:
                for piece in running.plan.pieces[ref.variant.token]:
                    if not (isinstance(piece, Cells) and any(piece.left)):
                        continue
                    text = members(piece, cells.get(ref.id))
                    if text is not None and not has_tripped(text):
                        root = orjson.loads(b"{" + text + b"}")
                        making.add(ref, piece.keys[0], root, piece.left)
            work = making.wave(
                self.context_value, batch.depth + 1, self.variable_values
            )
            running.wave = asyncio.ensure_future(work)
        wave: Wave = await asyncio.shield(running.wave)
        return wave

    def _refuse(
        self, type_: Any, path: Any, fields: Any, keys: Any, error: Exception
    ) -> None:
        """Say why these fields are null; raise it where they may not be."""
        for key in keys:
            return_type = type_.fields[fields[key][0].node.name.value].type
            self.handle_field_error(
                error, return_type, fields[key], Path(path, key, type_.name)
            )

    def _run(self, type_: GraphQLObjectType, batch: Batch, fields: Any) -> _Running:
        key = id(fields)
        running = batch.runs.get(key)
        if running is None:
            plan, values = self._plan(type_, batch, fields)
            running = self._started(batch, fields, plan, values)
        return running

    def _started(self, batch: Batch, fields: Any, plan: Plan, values: Any) -> _Running:
        self.context_value.reads.planned(batch, plan.sections)
        seconds = self.context_value.budgets.statement
        reading = self.context_value.reading
        work = self._answers(reading, plan, values, seconds)
        answers = asyncio.ensure_future(work)
        running = _Running(fields, plan, answers)
        batch.runs[id(fields)] = running
        return running

    def _planner(self, type_: GraphQLObjectType, batch: Batch) -> Planner:
        return Planner(
            library=self.plans.library,
            collect=lambda t, d: self.collect_subfields(t, d).grouped_field_set,
            variables=self.variable_values,
            kind=batch.kind,
            type=type_,
            variants=batch.variants,
            asked=partial(attributes_of, self.context_value),
            depth=batch.depth,
        )

    def _plan(
        self, type_: GraphQLObjectType, batch: Batch, fields: Any
    ) -> tuple[Plan, Any]:
        """The plan and its parameters; a field whose parameter is refused is left to
        graph resolvers, whose error has the field's own path."""
        planner = self._planner(type_, batch)
        if not self.planned:
            planner.left_out = frozenset(fields)
            return planner.plan(fields), None
        planner.refused = self._refused(type_, fields)
        key = selection_key(self, type_, batch, fields, planner.refused)
        plan = self.plans.get(
            key,
            self.variable_values.coerced,
            lambda: (planner.plan(fields), planner.shaping, not planner.failed),
        )
        for section in planner.failed:
            self.context_value.breakers.failed(section, self.context_value.now)
        run = run_of(self.context_value, self.variable_values, batch)
        try:
            return plan, plan.binds.values(run)
        except RequestError:
            planner.left_out = frozenset(
                k for k in fields if self._refuses(planner, run, k, fields)
            )
            plan = planner.plan(fields)
            return plan, plan.binds.values(run)

    def _refused(
        self, type_: GraphQLObjectType, fields: Any
    ) -> Mapping[str, RequestError]:
        """The fields of sections that keep failing, and what to say instead."""
        context = self.context_value
        if not context.breakers.opened:
            return {}
        sections = {key: section_of(type_, d) for key, d in fields.items()}
        asked = {
            k: context.breakers.refusal(s, context.now) for k, s in sections.items()
        }
        return {key: refusal for key, refusal in asked.items() if refusal is not None}

    def _refuses(self, planner: Planner, run: Run, key: str, fields: Any) -> bool:
        plan = planner.plan({key: fields[key]})
        try:
            plan.binds.values(run)
        except RequestError:
            return True
        return False

    async def _answers(
        self, reading: Any, plan: Plan, values: Any, seconds: float
    ) -> Answers | Exception:
        if not plan.has_columns:
            return {}
        try:
            async with asyncio.timeout(seconds):
                rows = await reading.fetch(plan.sql, values)
        except Exception as error:
            return error
        return {row[0]: row for row in rows}

    async def _one_by_one(
        self, type_: Any, batch: Batch, fields: Any, error: Exception
    ) -> Answers:
        """The answers of a batch whose one statement failed: each key on its own."""
        running = batch.runs[id(fields)]
        if running.parts is None:
            log.warning("statement_failed", error=repr(error), records=len(batch.refs))
            running.parts = asyncio.ensure_future(
                self._parts(type_, batch, fields, running)
            )
        parts: Answers = await asyncio.shield(running.parts)
        return parts

    async def _parts(
        self, type_: Any, batch: Batch, fields: Any, running: _Running
    ) -> Answers:
        # The statement may run on. What others were about to read, they read in the next
        # transaction.
        await self.context_value.replace(self.context_value.reading)
        plan = running.plan
        found: dict[str, dict[int, Any]] = {r.id: {} for r in batch.refs}
        for variant in batch.variants:
            for piece in plan.pieces[variant.token]:
                if isinstance(piece, Cells):
                    await self._part(type_, batch, fields, piece, found)
        return {
            i: [cells.get(c) for c in range(plan.width)] for i, cells in found.items()
        }

    async def _part(
        self, type_: Any, batch: Batch, fields: Any, piece: Cells, found: Any
    ) -> None:
        """One piece by a statement of its own, for all records of the batch."""
        chosen = {k: fields[k] for k in piece.keys}
        single = self._planner(type_, batch).plan(chosen)
        run = run_of(self.context_value, self.variable_values, batch)
        context = self.context_value
        section = section_of(type_, fields[piece.keys[0]])
        values = single.binds.values(run)
        rows = await self._answers(
            context.reading, single, values, context.budgets.section
        )
        if isinstance(rows, Exception):
            log.error("section_failed", section=section, error=repr(rows))
            context.breakers.failed(section, context.now)
            await context.replace(context.reading)
            failed = failure(section, rows)
            for cells in found.values():
                cells.update(dict.fromkeys(piece.columns, failed))
            return
        context.breakers.worked(section)
        for ref in batch.refs:
            for own in single.pieces[ref.variant.token]:
                if isinstance(own, Cells) and ref.id in rows:
                    values = [rows[ref.id][c] for c in own.columns]
                    found[ref.id].update(zip(piece.columns, values, strict=False))

    async def _resolve(
        self, type_: Any, ref: Ref, path: Any, fields: Any, keys: Any, position: Any
    ) -> dict[str, Any]:
        """Fields by graph resolvers: gates on the reference, the rest on its row."""
        gated = {k: fields[k] for k in keys if self._is_of_record(type_, fields[k])}
        plain = {k: fields[k] for k in keys if k not in gated}
        values: dict[str, Any] = {}
        if gated:
            values |= await _awaited(
                super().execute_fields(type_, ref, path, gated, position)
            )
        if plain:
            source = await load_record(self.context_value, ref)
            values |= await _awaited(
                super().execute_fields(type_, source, path, plain, position)
            )
        return values

    def _is_of_record(self, type_: Any, details: Any) -> bool:
        name = details[0].node.name.value
        if name == "__typename":
            return True
        definition = type_.fields[name].extensions.get("strawberry-definition")
        return isinstance(definition, OfRecord)

    async def _again(
        self,
        type_: Any,
        ref: Ref,
        path: Any,
        fields: Any,
        piece: Cells,
        position: Any,
        row: Any,
    ) -> bytes:
        """A piece whose cell can't be used: an error, or graph resolvers in its place."""
        failed = (
            next((row[c] for c in piece.columns if isinstance(row[c], Exception)), None)
            if row is not None
            else None
        )
        if failed is None:
            log.info("tripped", keys=piece.keys)
            values = await self._resolve(type_, ref, path, fields, piece.keys, position)
            return b",".join(pair(k, values[k]) for k in piece.keys)
        self._refuse(type_, path, fields, piece.keys, failed)
        return b",".join(pair(k, None) for k in piece.keys)


class _Running:
    """A plan that has started for a batch; holds its fields, whose identity is its key."""

    __slots__ = ("answers", "fields", "parts", "plan", "wave")

    def __init__(self, fields: Any, plan: Plan, answers: Any) -> None:
        self.fields, self.plan, self.answers = fields, plan, answers
        self.parts: Any = None
        self.wave: Any = None


async def _awaited(value: Any) -> Any:
    return await value if isawaitable(value) else value
