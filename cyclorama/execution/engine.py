"""The engine: a request's text in, the bytes of its answer out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import structlog
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    Source,
    execute,
    get_operation_ast,
)
from graphql.language import Location, Token, TokenKind
from graphql.language.parser import Parser

from cyclorama.errors import CODES, InvalidInputError, RequestError
from cyclorama.execution.executor import Executor
from cyclorama.execution.grants import Units, grant_of
from cyclorama.execution.limits import Limits, check, check_values
from cyclorama.execution.plans import Plans
from cyclorama.execution.shortcuts import Shortcut, Shortcuts
from cyclorama.execution.validation import validated
from cyclorama.execution.views import Views
from cyclorama.resolvers.context import Context
from cyclorama.storage.engine import Database
from cyclorama.storage.kept import Kept
from cyclorama.storage.outages import MESSAGE, is_unavailable

log = structlog.get_logger(__name__)
MOST_DOCUMENTS = 1024
MOST_TEXT = 400_000
"""Characters of all documents that are kept; each takes 40 to 150 bytes."""


_NO_TOKEN = Token(TokenKind.SOF, 0, 0, 0, 0)


class _Parser(Parser):
    """Upstream's, whose documents hold on to all tokens of their text, by their places:
    two fifths of what they take."""

    def __init__(self, source: Source, **limits: Any) -> None:
        super().__init__(source, **limits)
        self._places: list[Location] = []

    def loc(self, start_token: Token) -> Location | None:
        """The place of a node."""
        place = super().loc(start_token)
        if place is not None:
            self._places.append(place)
        return place

    def forget_tokens(self) -> None:
        """Have the document know its places without their tokens."""
        for place in self._places:
            place.start_token = place.end_token = _NO_TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a client asks for."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    read_only: bool = False
    """Whether mutations are refused, as over GET."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """An answer, the shortcut that led to it, and what was read."""

    answer: Answer
    shortcut: Shortcut
    reads: Mapping[tuple[str, ...], Sequence[str]]
    """Records by the sections that were read of them."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    key: bytes
    """The digest of the text."""
    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    code: str = ""


class Engine:
    """Prepares and runs operations on one schema and one database."""

    def __init__(
        self, schema: Any, plans: Plans, limits: Limits, *, planned: bool = True
    ) -> None:
        self.schema = schema._schema
        self.units: Units = getattr(schema, "units", None) or Units()
        self.views = Views(schema, self.units.needs)
        self.plans = plans
        self.limits = limits
        self.documents = Kept[bytes, _Prepared](MOST_DOCUMENTS, MOST_TEXT)
        """Parsed, or refused, by the digest of the text."""
        self.validated = Kept[tuple[bytes, int], tuple[GraphQLError, ...]](
            MOST_DOCUMENTS
        )
        """What is wrong with a text on a view, by the grant."""
        self.shortcuts = Shortcuts(plans.library)
        bound = {"plans": plans, "planned": planned}
        self.executor = type("BoundExecutor", (Executor,), bound)

    async def answer(self, operation: Operation, context: Context) -> Answer:
        """The answer; never raises for what the client sent."""
        prepared = self._prepare(operation.query)
        if prepared.document is None:
            return failed(prepared.errors, prepared.code)
        self.bind(context)
        errors = self._validated(prepared, context)
        if errors:
            return failed(errors, "GRAPHQL_VALIDATION_FAILED")
        chosen = get_operation_ast(prepared.document, operation.operation_name)
        if chosen is None:
            message = (
                "Name one of the document's operations in `operationName`; "
                f"{(operation.operation_name or 'no name')[:80]!r} is none of them."
            )
            return failed([GraphQLError(message)], "OPERATION_RESOLUTION_FAILURE")
        refused = self._refused(chosen, operation)
        if refused is not None:
            return refused
        try:
            check_values(operation.variables)
        except InvalidInputError as error:
            return failed([GraphQLError(str(error))], error.code)
        return await self._run(prepared.document, chosen, operation, context)

    def is_mutation(self, operation: Operation) -> bool:
        """Whether the operation is known to be one: its text was parsed before."""
        prepared = self.documents.look(_key(operation.query))
        if prepared is None or prepared.document is None:
            return False
        chosen = get_operation_ast(prepared.document, operation.operation_name)
        return chosen is not None and chosen.operation is OperationType.MUTATION

    def bind(self, context: Context) -> Any:
        """Have a request see what its viewer may see: the schema as they see it."""
        context.grant = grant_of(self.units, context)
        context.view = self.views.view(context.grant)
        return context.view

    async def answer_shortly(
        self,
        operation: Operation,
        credential: str,
        database: Database,
        now: datetime,
        today: date,
        seconds: float,
    ) -> ShortAnswer | None:
        """The answer by one statement, and whose it is, where a shortcut leads to it."""
        found = self.shortcuts.find(
            operation.query,
            operation.operation_name,
            operation.variables or {},
            credential,
        )
        if found is None:
            return None
        shortcut, record = found
        values = shortcut.values(record, credential, now, today)
        rows: Sequence[Any] = ()
        try:
            async with asyncio.timeout(seconds):
                readable = database.restricted(shortcut.prefix)
                rows = await readable.fetch(shortcut.statement.sql, values)
        except Exception as error:  # the long way meets it again and tells it
            log.info("shortcut_failed", error=repr(error))
        body = shortcut.body(rows)
        if body is None:
            return None
        return ShortAnswer(Answer(200, body), shortcut, shortcut.reads(rows))

    def _refused(
        self, chosen: OperationDefinitionNode, operation: Operation
    ) -> Answer | None:
        if chosen.operation is OperationType.SUBSCRIPTION or (
            operation.read_only and chosen.operation is not OperationType.QUERY
        ):
            message = f"A {chosen.operation.value} is not allowed here."
            return failed([GraphQLError(message)], "OPERATION_NOT_ALLOWED", 405)
        return None

    def _prepare(self, text: str) -> _Prepared:
        key = _key(text)
        return self.documents.get(key, lambda: self._parsed(key, text), len(text))

    def _validated(
        self, prepared: _Prepared, context: Context
    ) -> Sequence[GraphQLError]:
        document = prepared.document
        assert document is not None

        def errors() -> tuple[GraphQLError, ...]:
            return tuple(validated(context.view, document))

        return self.validated.get((prepared.key, context.grant), errors)

    def _parsed(self, key: bytes, text: str) -> _Prepared:
        try:
            parser = _Parser(Source(text), max_tokens=self.limits.tokens)
            document = parser.parse_document()
        except (GraphQLError, RecursionError) as error:
            shown = (
                error
                if isinstance(error, GraphQLError)
                else GraphQLError("The document is nested too deeply.")
            )
            return _Prepared(key, None, (shown,), "GRAPHQL_PARSE_FAILED")
        try:
            check(document, self.limits)
        except RequestError as error:
            return _Prepared(key, None, (GraphQLError(str(error)),), error.code)
        parser.forget_tokens()
        return _Prepared(key, document)

    async def _run(
        self,
        document: DocumentNode,
        chosen: OperationDefinitionNode,
        operation: Operation,
        context: Context,
    ) -> Answer:
        context.text = operation.query
        context.operation = chosen.name.value if chosen.name else None
        result: Any = execute(
            context.view,
            document,
            context_value=context,
            variable_values=dict(operation.variables or {}),
            operation_name=operation.operation_name,
            executor_class=self.executor,
            hide_suggestions=True,
        )
        if asyncio.iscoroutine(result) or asyncio.isfuture(result):
            result = await result
        if result.data is None and result.errors and not result.errors[0].path:
            return failed(result.errors, "BAD_USER_INPUT")
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [presented(e, context.request_id) for e in result.errors]
        else:
            await self.shortcuts.note(
                context,
                document,
                chosen,
                operation.operation_name,
                operation.variables,
            )
        return Answer(200, orjson.dumps(body))


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def presented(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """An error as the client sees it; what is no request error is masked and logged."""
    original = error.original_error
    shown: dict[str, Any] = {"message": error.message}
    extensions: dict[str, Any]
    if isinstance(original, RequestError):
        extensions = dict(original.extensions)
    elif (
        (original is None and error.path is None)
        or isinstance(original, GraphQLError)
        or (original is None and (error.extensions or {}).get("code") in CODES)
    ):
        extensions = {"code": "BAD_USER_INPUT"}
    elif is_unavailable(original):
        log.error("database_unavailable", path=error.path, error=repr(original))
        shown["message"] = MESSAGE
        extensions = {"code": "SERVICE_UNAVAILABLE"}
    else:
        log.error(
            "unexpected_error",
            path=error.path,
            error=repr(original or error),
            request_id=request_id,
            exc_info=original,
        )
        shown["message"] = (
            f"Something went wrong here; the log says more (request {request_id})."
        )
        extensions = {"code": "INTERNAL_SERVER_ERROR"}
    if error.locations:
        shown["locations"] = [
            {"line": at.line, "column": at.column} for at in error.locations
        ]
    if error.path is not None:
        shown["path"] = error.path
    return {**shown, "extensions": extensions}


def failed(errors: Any, code: str, status: int = 400) -> Answer:
    """An answer without data: the request was not run."""
    shown = []
    for error in errors:
        one: dict[str, Any] = {"message": error.message}
        if error.locations:
            one["locations"] = [
                {"line": at.line, "column": at.column} for at in error.locations
            ]
        shown.append({**one, "extensions": {"code": code}})
    return Answer(status, orjson.dumps({"errors": shown}))
