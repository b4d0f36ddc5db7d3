"""The composition root: settings, storage, plugins and schema become an application."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cyclorama.config import Settings, load_settings
from cyclorama.errors import ConfigError, UnauthenticatedError
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Answer, Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plain import selections
from cyclorama.execution.plans import Plans
from cyclorama.layouts.checks import Limits as LayoutLimits
from cyclorama.layouts.resolution import Resolution
from cyclorama.plugins.compose import Graph, compose
from cyclorama.plugins.configs import upgraded
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.dispatching import LISTENERS
from cyclorama.plugins.notifying import notifier
from cyclorama.plugins.rules.actions import NOTIFIED, catalogue
from cyclorama.plugins.rules.engine import RuleEngine
from cyclorama.plugins.rules.running import Runs
from cyclorama.plugins.rules.webhooks import Sender
from cyclorama.plugins.working import Worker
from cyclorama.plugins.written import EVENTS
from cyclorama.resolvers.access import access_of
from cyclorama.resolvers.access_book import load_access
from cyclorama.resolvers.audit import (
    actor_of,
    entries_of_reads,
    entry_of_bypass,
    entry_of_reads,
)
from cyclorama.resolvers.book import load_book
from cyclorama.resolvers.breakers import Breakers
from cyclorama.resolvers.context import Budgets, Configuration, Context
from cyclorama.resolvers.layout_files import Desk
from cyclorama.resolvers.refs import find, resolved
from cyclorama.storage.accounts import (
    ADMINS,
    SignedIn,
    Viewer,
    credential_of,
    signed_in_as,
)
from cyclorama.storage.audit import Author
from cyclorama.storage.audit_queue import AuditQueue
from cyclorama.storage.configuration import load_fields, read_version
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.kept import Kept
from cyclorama.storage.masks import load_permissions
from cyclorama.storage.migration import pending
from cyclorama.storage.switches import load_switches, note_failure

log = structlog.get_logger(__name__)
SignIn = Callable[[Reading], Awaitable[SignedIn | None]]


def clock() -> datetime:
    """The instant, in UTC; read here and nowhere else."""
    return datetime.now(UTC)


@cache
def graph() -> Graph:
    """The schema with every installed section; made once in a process."""
    found = discover()
    return compose(found.sections, found.failures)


@dataclass(slots=True, eq=False)
class App:
    """One process's application on one database."""

    settings: Settings
    database: Database
    graph: Graph
    engine: Engine
    now: Callable[[], datetime] = clock
    breakers: Breakers = field(default_factory=Breakers)
    audit: AuditQueue = field(init=False)
    """What requests have read, until it is written."""
    _configuration: Configuration | None = field(default=None)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _notes: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.breakers.watch = self._note
        self.audit = AuditQueue(self.database)

    def _note(self, section: str, since: datetime | None) -> None:
        task = asyncio.ensure_future(self._write_note(section, since))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _write_note(self, section: str, since: datetime | None) -> None:
        log.warning("section_breaker", section=section, since=since)
        try:
            async with self.database.write() as session:
                await note_failure(session, section, since)
        except (SQLAlchemyError, OSError) as error:
            log.warning("breaker_not_noted", section=section, error=repr(error))

    @property
    def caches(self) -> Mapping[str, Kept[Any, Any]]:
        """Every cache of the process that grows with what is asked, by name."""
        plans, configuration = self.engine.plans, self._configuration
        variants = None if configuration is None else configuration.variants
        access = None if configuration is None else configuration.access
        return {
            "documents": self.engine.documents,
            "validated": self.engine.validated,
            "views": self.engine.views.kept,
            "plans": plans.kept,
            "shaping_variables": plans.shaping,
            "templates": plans.library.cache,
            "short_questions": self.engine.shortcuts.questions,
            "short_statements": self.engine.shortcuts.statements,
            "shortcuts": self.engine.shortcuts.kept,
            "plain_selections": selections(self.engine.schema).written,
            "plain_variables": selections(self.engine.schema).shaping,
            "layout_variants": Kept(0) if variants is None else variants,
            "core_statements": self.database.kept,
            "shadowed_statements": self.database.behind,
            "access_prefixes": Kept(0) if access is None else access.kept,
        }

    async def check(self) -> None:
        """Raise `ConfigError` unless the database answers and is up to date."""
        await self.database.check()
        if await pending(self.database, self.graph.sections.values()):
            raise ConfigError("The database is not up to date; run: cyclorama migrate")

    async def configuration(
        self, reading: Reading, version: int | None = None
    ) -> Configuration:
        """The configuration at its version, loaded where the process has another; once
        for all that ask at the same time, as plans are made for one `Configuration`."""
        if version is None:
            version = await read_version(reading)
        kept = self._configuration
        if kept is not None and self._keeps(version):
            return kept
        async with self._loading:
            kept = self._configuration
            if kept is None or kept.version != version:
                kept = self._configuration = await self._loaded(reading, version)
            return kept

    def _keeps(self, version: int | None) -> bool:
        kept = self._configuration
        return kept is not None and kept.version == version

    async def _loaded(self, reading: Reading, version: int) -> Configuration:
        fields = await load_fields(reading)
        rules, sections = await load_access(reading), self.graph.sections.values()
        return Configuration(
            version=version,
            book=upgraded(await load_book(reading), self.graph.sections),
            facts=self.graph.facts(await load_switches(reading)),
            fields=fields,
            permissions=await load_permissions(reading),
            sections=self.graph.sections,
            access=await access_of(self.database, reading, rules, fields, sections),
        )

    @property
    def layout_limits(self) -> LayoutLimits:
        """How many layouts, assignments and so on there may be."""
        return LayoutLimits(
            company_layouts=self.settings.max_company_layouts,
            layouts_per_type=self.settings.max_layouts_per_type,
            assignments_per_kind=self.settings.max_assignments,
        )

    async def desk(self, reading: Reading) -> Desk:
        """What layout files are read and planned with, for the command line."""
        return Desk(
            reading=reading,
            settings=await self.configuration(reading),
            graph=self.graph,
            today=self.today(self.now()),
            limits=self.layout_limits,
        )

    def today(self, now: datetime) -> date:
        """The calendar day of an instant where the organisation is."""
        return now.astimezone(ZoneInfo(self.settings.time_zone)).date()

    @asynccontextmanager
    async def context(
        self,
        sign: SignIn,
        *,
        now: datetime,
        request_id: str = "-",
        operation: Operation | None = None,
    ) -> AsyncIterator[Context]:
        """The context of one request in its reading transaction, whose first statement
        signs in; `UnauthenticatedError` where nobody is. Until the first change of an
        operation that is a mutation, it reads loosely."""
        loosely = operation is not None and self.engine.is_mutation(operation)
        database = self.database
        async with AsyncExitStack() as stack:
            inner = await stack.enter_async_context(AsyncExitStack())
            begun = database.read(loosely=loosely)
            reading = await inner.enter_async_context(begun)

            async def renewed() -> Reading:
                await inner.aclose()
                return await inner.enter_async_context(database.read())

            signed = await sign(reading)
            if signed is None:
                raise UnauthenticatedError("Sign in with a valid bearer token.")
            version: int | None = signed.configuration_version
            if loosely and not self._keeps(version):
                # It takes several statements, which have to see one state.
                reading, version = await renewed(), None
            settings = await self.configuration(reading, version)
            viewer = signed.viewer
            prefix = settings.access.prefix(viewer) if settings.access else None
            bypassed = prefix is not None and self._bypasses(viewer)
            if bypassed:
                prefix = None
                await self.audit.put([entry_of_bypass(viewer, now, request_id)])
            database = database.restricted(prefix)
            reading.restrict(prefix)
            context = self._context(
                database=database,
                reading=reading,
                viewer=viewer,
                settings=settings,
                now=now,
                request_id=request_id,
                renewed=renewed,
                bypassed=bypassed,
            )
            stack.push_async_callback(context.end)
            yield context

    def _context(self, *, now: datetime, **given: Any) -> Context:
        """With what is the same for all requests."""
        return Context(
            now=now,
            today=self.today(now),
            zone=self.settings.time_zone,
            layout_limits=self.layout_limits,
            graph=self.graph,
            budgets=Budgets(
                statement=self.settings.statement_timeout_seconds,
                section=self.settings.section_timeout_seconds,
            ),
            breakers=self.breakers,
            **given,
        )

    def _bypasses(self, viewer: Viewer) -> bool:
        return self.settings.admin_bypass and ADMINS in viewer.permissions

    @asynccontextmanager
    async def as_user(self, email: str) -> AsyncIterator[Context]:
        """The context of a local user, for the command line; `ConfigError` where there
        is no active one with this address."""

        async def sign(reading: Reading) -> SignedIn:
            signed = await signed_in_as(reading, email)
            if signed is None:
                raise ConfigError(
                    f"There is no active user {email[:80]!r}; see: cyclorama users list"
                )
            return signed

        async with self.context(sign, now=self.now()) as context:
            yield context

    async def answer_shortly(
        self, operation: Operation, token: str, request_id: str = "-"
    ) -> tuple[Viewer, Answer] | None:
        """The answer by one statement, and whose it is; None where nothing like it was
        answered before, or something has changed since."""
        credential = credential_of(token)
        if credential is None or self.breakers.opened:
            return None
        now = self.now()
        today = now.astimezone(ZoneInfo(self.settings.time_zone)).date()
        seconds = self.settings.statement_timeout_seconds
        found = await self.engine.answer_shortly(
            operation, credential, self.database, now, today, seconds
        )
        if found is None:
            return None
        shortcut = found.shortcut
        author = Author(
            actor=actor_of(shortcut.viewer),
            at=now,
            operation=shortcut.operation,
            request_id=request_id,
        )
        entries = [entry_of_reads(author, "PAGE", found.reads)]
        if shortcut.bypassed:
            entries.append(entry_of_bypass(shortcut.viewer, now, request_id))
        await self.audit.put(entries)
        return shortcut.viewer, found.answer

    async def answer(self, operation: Operation, context: Context) -> Answer:
        """The answer to an operation; what it read is left to the audit log."""
        answer = await self.engine.answer(operation, context)
        await self.audit.put(entries_of_reads(context))
        return answer

    def worker(self) -> Worker:
        """What does the jobs of sections; `run` it."""
        zone = ZoneInfo(self.settings.time_zone)
        sender = Sender(
            clock=self.now,
            secret=self.settings.webhook_secret,
            private_hosts=frozenset(
                h.strip() for h in self.settings.webhook_private_hosts.split(",")
            ),
        )
        rules = self.rules()
        return Worker(
            self.database,
            self.graph.sections,
            clock=self.now,
            zone=zone,
            jobs=[*rules.jobs(), sender.job()],
            listeners=[
                *LISTENERS,
                rules.engine.listen,
                notifier(self.graph.sections.values(), (*EVENTS, NOTIFIED)),
            ],
        )

    def rules(self) -> Runs:
        """What runs the rules of the organisation."""
        engine = RuleEngine(catalogue(self.graph.sections.values()))
        return Runs(engine=engine, zone=ZoneInfo(self.settings.time_zone))

    async def close(self) -> None:
        """Close the database, once the audit log has what it still lacks."""
        await self.database.close()

    async def resolution(
        self, context: Context, record_id: str, surface: str = "PAGE"
    ) -> Resolution | None:
        """The layout of the context's viewer on a record; None if there is none."""
        kind = record_id.partition("_")[0].upper()
        if kind not in ("COMPANY", "RELATIONSHIP"):
            return None
        (ref,) = await find(context, kind, [record_id])
        if ref is None:
            return None
        return resolved(context, kind, ref.id, ref.attributes, surface)


def open_database(settings: Settings) -> Database:
    """The database of the settings; nothing is connected to yet."""
    return Database(
        settings.database_url,
        pool_size=settings.pool_size,
        pgbouncer=settings.pgbouncer,
    )


def make_app(settings: Settings, database: Database) -> App:
    """An application on an open database."""
    composed = graph()
    limits = Limits(
        depth=settings.max_depth, fields=settings.max_fields, tokens=settings.max_tokens
    )
    plans = Plans(Declarations(database.dialect))
    return App(settings, database, composed, Engine(composed.schema, plans, limits))


@asynccontextmanager
async def opened(
    database_url: str | None = None, *, check_migrated: bool = True
) -> AsyncIterator[App]:
    """The application on a database that answers and is migrated.

    `ConfigError` says what is wrong with the URL, the server or the migrations."""
    settings = load_settings(database_url=database_url)
    database = open_database(settings)
    app = make_app(settings, database)
    try:
        await (app.check() if check_migrated else database.check())
        yield app
    finally:
        await app.close()


def asgi() -> Any:
    """The ASGI application of a worker, from the environment's settings."""
    from cyclorama.server.application import create_server
    from cyclorama.server.logs import configure_logs

    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    database = open_database(settings)
    server = create_server(make_app(settings, database), settings)
    # What lives as long as the process need not be looked through for garbage.
    gc.collect()
    gc.freeze()
    return server
