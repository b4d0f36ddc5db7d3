"""What a request carries: who asks, when, the configuration, the open transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from strawberry.dataloader import DataLoader
from strawberry.types import Info as StrawberryInfo

from cyclorama.layouts.checks import Limits
from cyclorama.layouts.model import LayoutBook, Placement, SectionFacts
from cyclorama.layouts.resolution import Resolution
from cyclorama.resolvers.access import Access
from cyclorama.resolvers.breakers import Breakers
from cyclorama.resolvers.masks import masked
from cyclorama.resolvers.reads import Reads
from cyclorama.schema.masks import Fields, Masked, masked_of
from cyclorama.schema.symbols import SYMBOLS
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.kept import Kept
from cyclorama.storage.masks import FieldPermission

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What a declaration may ask when it is planned for one placement."""

    kind: str
    placement: Placement
    described: Mapping[str, Any]
    """The fields of the graph's `SectionPlacement`."""
    config: Any
    """The placement's settings, parsed by the section's model."""
    sections: Sequence[Any]
    """The sections of the viewer's layout on this record, in its order."""
    fields: Sequence[Any]
    """The custom fields of records."""
    token: str
    """Equal only for what was planned with the same settings, sections and fields."""
    configs: Mapping[str, Any] = field(default_factory=dict)
    """The settings of the sections of the layout, by key; of one that stands several times
    in it those of the first."""

    masked: Masked = field(init=False)
    """What the viewer may not see."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "masked", masked_of(self.fields))

    @property
    def hidden(self) -> frozenset[str]:
        """The base columns that the viewer may not see."""
        return self.masked.columns


def unless_masked(
    env: Env | None, condition: ColumnElement[bool], *fields: str
) -> ColumnElement[bool]:
    """A condition that an argument puts on rows, or none of them where it asks for a
    field, as `Cta.owner`, that is hidden from the viewer."""
    if env is None or env.masked.fields.isdisjoint(fields):
        return condition
    return sa.false()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Variant:
    """A layout as it was resolved for a record: records with equal ones share plans."""

    token: str
    kind: str
    resolution: Resolution
    envs: tuple[Env, ...]
    """One for each placement, in order."""
    fields: Sequence[Any]

    def env(self, section: str, instance: str | None) -> Env | None:
        """The placement of a section: the first, or the one of this instance key."""
        for env in self.envs:
            placement = env.placement
            if placement.section == section and (
                instance is None or placement.instance_key == instance
            ):
                return env
        return None


MOST_VARIANTS = 1024


def _kept() -> Kept[Any, Variant]:
    return Kept(MOST_VARIANTS)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Configuration:
    """Layouts, switches and field metadata at one version; immutable."""

    version: int
    book: LayoutBook
    facts: Mapping[str, SectionFacts]
    fields: Sequence[Any]
    sections: Mapping[str, Any]
    """The composed sections by key."""
    access: Access | None = None
    """Who may read which records; None: everybody all."""
    permissions: Sequence[FieldPermission] = ()
    """What groups may do with fields."""
    readable: Kept[Any, Any] = field(default_factory=lambda: Kept(MOST_VARIANTS))
    """The fields, for the members of some groups."""
    variants: Kept[Any, Variant] = field(default_factory=_kept)
    grants: Kept[Any, int] = field(default_factory=lambda: Kept(MOST_VARIANTS))
    """What viewers may see at all, by what is known of them."""
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What layouts ask of each kind of record; filled when it is first needed."""

    def fields_for(self, graph: Any, groups: frozenset[str]) -> Sequence[Any]:
        """The custom fields, with what is masked for the members of some groups."""
        if not self.permissions:
            return self.fields

        def made() -> Fields:
            found = masked(graph, self.fields, self.permissions, groups)
            return Fields.of(self.fields, found)

        fields: Fields = self.readable.get((groups,), made)
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Seconds that a part of a request may take."""

    statement: float = 10
    """The one statement of a plan."""
    section: float = 2
    """A section in the resolver form, or one whose statement runs alone."""


@dataclass(slots=True, eq=False, kw_only=True)
class Context:
    """One request."""

    database: Database
    reading: Reading
    viewer: Viewer
    settings: Configuration
    now: datetime
    today: date
    graph: Any
    request_id: str
    renewed: Callable[[], Awaitable[Reading]]
    """Ends the reading transaction and begins another, which sees what was written."""
    zone: str = "UTC"  # the name of the organisation's
    budgets: Budgets = Budgets()
    layout_limits: Limits = Limits()
    breakers: Breakers = field(default_factory=Breakers)
    text: str = ""
    """The operation that runs, as the client wrote it."""
    bypassed: bool = False
    """Whether rules of access would restrict the viewer, who reads past them."""
    grant: int = 0
    view: Any = None
    """The schema as the viewer sees it, once an operation runs; a `GraphQLSchema`."""
    operation: str | None = None
    """Its name."""
    reads: Reads = field(default_factory=Reads)
    """What has been read, for the audit log."""
    credential: str | None = None
    """The digest of the token that the viewer signed in with."""
    roots: list[Any] = field(default_factory=list)
    """What the operation's own fields gave and plans have read."""
    resolutions: dict[Any, Any] = field(default_factory=dict)
    """Layouts that were resolved, by what they asked of the records."""
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    _replacing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _has_ended: bool = False
    _read_to: int = 0
    """How much of what this request has written its reading transaction sees."""

    def __post_init__(self) -> None:
        self._take(self.reading)

    @property
    def viewer_attributes(self) -> Mapping[str, Any]:
        """The viewer as assignment rules see it."""
        groups = frozenset(g.key for g in self.viewer.groups)
        return {**self.viewer.attributes, "groups": groups}

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The values of the symbols of declarations, by the names of their binds."""
        values = (self.now, self.today, self.viewer.id, self.zone)
        return dict(zip(SYMBOLS, values, strict=True))

    @property
    def fields(self) -> Sequence[Any]:
        """The custom fields of records, with what is masked for this viewer."""
        groups = frozenset(g.key for g in self.viewer.groups)
        return self.settings.fields_for(self.graph, groups)

    @property
    def masked(self) -> Masked:
        """What the viewer may not see, and not change."""
        return masked_of(self.fields)

    def sees(self, type_: Any) -> bool:
        """Whether there is such a type of the graph for the viewer."""
        name = type_.__strawberry_definition__.name
        return self.view is None or name in self.view.type_map

    @property
    def is_admin(self) -> bool:
        """Whether the viewer may read and change the configuration."""
        return "admin" in self.viewer.permissions

    async def renew(self) -> None:
        """Read on from a state that holds what this request has written."""
        self._take(await self.renewed())

    async def replace(self, reading: Reading) -> None:
        """Read on from a new transaction, unless this one has been replaced already. Who
        is cancelled leaves no transaction half begun."""
        task = asyncio.ensure_future(self._replace(reading))
        task.add_done_callback(_seen)
        await asyncio.shield(task)

    async def _replace(self, reading: Reading) -> None:
        async with self._replacing:
            if self.reading is reading and not self._has_ended:
                await self.renew()

    async def end(self) -> None:
        """Begin no further transaction; wait for one that is about to begin."""
        async with self._replacing:
            self._has_ended = True
            self.reading.successor = None

    def _take(self, reading: Reading) -> None:
        async def successor(aborted: bool) -> Reading:
            if aborted:
                await self.replace(reading)
            async with self._replacing:
                return self.reading

        self.reading, self._read_to = reading, self.database.written
        reading.successor = successor

    async def load(
        self,
        function: Callable[[Context, Sequence[K]], Awaitable[list[V]]],
        key: K,
    ) -> V:
        """The function's value for a key, batched with the other keys of this request."""
        loader = self._loaders.get(function)
        if loader is None:

            async def together(keys: list[K]) -> list[V]:
                return await function(self, keys)

            loader = self._loaders[function] = DataLoader(load_fn=together)
        # Others wait for the same future: who is cancelled must not cancel it.
        future: Any = loader.load(key)
        future.add_done_callback(_seen)
        value: V = await asyncio.shield(future)
        return value

    def load_field(self, declared: Any, source: Any, info: Any, values: Any) -> Any:
        """The value of a declared field outside a plan."""
        from cyclorama.resolvers.loaded import load_field

        return load_field(self, declared, source, info, values)

    async def ref(self, record_id: str) -> Any:
        """The record with this id, as this request has left it; None where there is
        none."""
        return (await self.refs([record_id]))[0]

    async def refs(self, record_ids: Sequence[str]) -> list[Any]:
        """As `ref`, many records at once, in this order."""
        from cyclorama.resolvers.refs import find

        known: dict[str, Any] = {}
        for kind in ("company", "relationship"):
            ids = [i for i in record_ids if i.partition("_")[0] == kind]
            if ids:
                if self._read_to != self.database.written:
                    await self.renew()
                found = await find(self, kind.upper(), ids)
                known |= zip(ids, found, strict=True)
        return [known.get(i) for i in record_ids]

    async def resolution(self, record_id: str) -> Resolution | None:
        """The viewer's layout for a record; None where there is no such record."""
        found = await self.ref(record_id)
        return None if found is None else found.variant.resolution


def _seen(future: Any) -> None:
    """Take note of an error for which nobody may be left to wait."""
    if not future.cancelled():
        future.exception()


Info = StrawberryInfo[Context, Any]
