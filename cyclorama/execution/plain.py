"""Plain selections: attributes of objects in memory, completed by generated code.

Fields without resolver, extension or permission, of leaf types or of objects and lists
that are plain again, need none of what graphql-core does for each value. One function
for each selection reads them without handling errors. On anything unusual its result is
thrown away, and graphql-core completes the same objects: only attributes were read that
run no code of their class, and values were serialised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from types import CoroutineType
from typing import Any, Final

import structlog
from graphql import FragmentSpreadNode, GraphQLError, GraphQLSchema, VariableNode
from graphql.pyutils import Undefined, is_iterable

from cyclorama.errors import SectionFailedError
from cyclorama.execution.plain_code import MOST_ITEMS, NotPlain, Run, Writer
from cyclorama.execution.tidy import TidyExecutor
from cyclorama.storage.kept import Kept

log = structlog.get_logger(__name__)
MOST_SELECTIONS: Final = 1024
PLAIN: Final = "cyclorama-plain"
"""Where a schema keeps the functions of its selections."""
Found = list[tuple[Any, Any]]
"""Records, each with its type and what is asked of it."""
Again = Callable[[], Any]
UNUSUAL: Final = object()
"""Stands for a value that graphql-core has to complete."""


class Selections:
    """What is known of the selections of one schema: functions, bounded and counted."""

    def __init__(self, most: int = MOST_SELECTIONS) -> None:
        self.shaping: Kept[Any, tuple[str, ...]] = Kept(most)
        self.written: Kept[Any, Written] = Kept(most)

    def get(self, executor: Any, type_: Any, details: Any) -> Written:
        """The function for what is asked of a type.

        The text, the positions of all nodes and the values of the variables in their
        directives settle what is asked."""
        starts = tuple(d.node.loc.start for d in details if d.node.loc)
        if len(starts) < len(details):
            return Written(is_refused=True)
        place = (details[0].node.loc.source.body, starts, type_)
        names = self.shaping.get(place, lambda: shaping(executor, details))
        given = executor.variable_values.coerced
        values = tuple(repr(given.get(n, Undefined)) for n in names)
        return self.written.get((place, values), Written)


class Written:
    """The function of one selection, once it is written."""

    __slots__ = ("asked", "is_refused", "run")

    def __init__(self, *, is_refused: bool = False) -> None:
        self.run: Run | None = None
        self.is_refused = is_refused
        self.asked = 0
        """Of how many objects, while there is no function."""

    def grown(self, executor: Any, type_: Any, details: Any, value: Any) -> Run | None:
        """The function, written as soon as enough objects were asked for."""
        if self.is_refused:
            return None
        self.asked += len(value) if type(value) in (list, tuple) else 1
        if self.asked < executor.worth:
            return None
        try:
            self.run = Writer(executor.collect_subfields).written(type_, details)
        except (NotPlain, GraphQLError, RecursionError):
            self.is_refused = True
        except Exception as error:
            log.warning("plain_selection", type=str(type_), error=repr(error))
            self.is_refused = True
        return self.run


def selections(schema: GraphQLSchema) -> Selections:
    """The functions kept for a schema; they live as long as it does."""
    found = schema.extensions.get(PLAIN)
    if found is None:
        found = schema.extensions[PLAIN] = Selections()
    kept: Selections = found
    return kept


def shaping(executor: Any, details: Any) -> tuple[str, ...]:
    """The variables in directives anywhere below these nodes."""
    names: set[str] = set()
    spread: set[str] = set()
    todo = [d.node.selection_set for d in details]
    while todo:
        part = todo.pop()
        for node in part.selections if part is not None else ():
            names |= _variables(node)
            if not isinstance(node, FragmentSpreadNode):
                todo.append(node.selection_set)
            elif (
                node.name.value not in spread and node.name.value in executor.fragments
            ):
                spread.add(node.name.value)
                fragment = executor.fragments[node.name.value]
                todo.append(fragment.definition.selection_set)
    return tuple(sorted(names))


def _variables(node: Any) -> set[str]:
    return {
        argument.value.name.value
        for directive in node.directives or ()
        for argument in directive.arguments or ()
        if isinstance(argument.value, VariableNode)
    }


class PlainExecutor(TidyExecutor):
    """Completes plain selections by generated code, and bounds every list."""

    worth = 8
    """For how many objects a function is written: about what writing it costs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plain: dict[tuple[int, int], tuple[Any, Any, Written]] = {}

    def complete_list_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        if not self.is_async_iterable(result) and is_iterable(result):
            result = bounded(result, info)
        again = partial(
            super().complete_list_value,
            return_type,
            field_details_list,
            info,
            path,
            result,
            position_context,
        )
        if position_context is None:
            done = self._completed(return_type, field_details_list, result, again)
            if done is not UNUSUAL:
                return done
        return again()

    async def complete_async_iterator_value(
        self,
        item_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        async_iterator: Any,
        position_context: Any,
    ) -> Any:
        return await super().complete_async_iterator_value(
            item_type,
            field_details_list,
            info,
            path,
            await bounded_async(async_iterator, info),
            position_context,
        )

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        position_context: Any,
    ) -> Any:
        again = partial(
            super().complete_object_value,
            return_type,
            field_details_list,
            info,
            path,
            result,
            position_context,
        )
        if position_context is None:
            done = self._completed(return_type, field_details_list, result, again)
            if done is not UNUSUAL:
                return done
        return again()

    def with_records(self, run: Run, value: Any, found: Found, again: Again) -> Any:
        """The completed value once its records are read, or `UNUSUAL`."""
        return UNUSUAL

    def _completed(self, type_: Any, details: Any, value: Any, again: Again) -> Any:
        """The completed value, to be awaited where it holds records, or `UNUSUAL`."""
        key = (id(type_), id(details))
        held = self._plain.get(key)
        if held is None:
            written = Written(is_refused=True)
            if self.middleware_manager is None:
                written = selections(self.schema).get(self, type_, details)
            held = self._plain[key] = (type_, details, written)
        run = held[2].run or held[2].grown(self, type_, details, value)
        if run is None:
            return UNUSUAL
        found: Found = []
        try:
            done = run(value, lambda ref, asked: found.append((ref, asked)))
        except Exception:  # whatever it is, graphql-core meets it again and tells it
            return UNUSUAL
        return self.with_records(run, value, found, again) if found else done


def bounded(items: Any, info: Any) -> Any:
    """A list or tuple as it is, other items as a list; `SectionFailedError` where there
    are more than `MOST_ITEMS`, of which no iterator is asked."""
    if type(items) is list or type(items) is tuple:
        return _checked(items, info)
    found: list[Any] = []
    try:
        for item in islice(iter(items), MOST_ITEMS + 1):
            found.append(item)
    except Exception as error:
        return _again(found, error)
    return _checked(found, info)


async def bounded_async(items: AsyncIterator[Any], info: Any) -> AsyncIterator[Any]:
    """The items of an asynchronous iterator, read ahead and bounded in the same way."""
    found: list[Any] = []
    failed: Exception | None = None
    try:
        async for item in items:
            found.append(item)
            if len(found) > MOST_ITEMS:
                break
    except Exception as error:
        failed = error
    if failed is not None or len(found) > MOST_ITEMS:
        with suppress(Exception):
            await items.aclose()  # type: ignore[attr-defined]
    return _again_async(_checked(found, info), failed)


def _checked(items: Any, info: Any) -> Any:
    if len(items) <= MOST_ITEMS:
        return items
    if type(items[0]) is CoroutineType:
        for item in items:
            if type(item) is CoroutineType:
                item.close()
    raise SectionFailedError(
        f"{info.parent_type}.{info.field_name} returned more than {MOST_ITEMS:,} items "
        "in one list; ask for fewer, or have its section page them."
    )


def _again(items: Iterable[Any], error: Exception) -> Iterator[Any]:
    yield from items
    raise error


async def _again_async(
    items: Iterable[Any], error: Exception | None
) -> AsyncIterator[Any]:
    for item in items:
        yield item
    if error is not None:
        raise error
