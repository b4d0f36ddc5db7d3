"""What a section is: one value that names everything it brings along."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, get_type_hints

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.layouts.model import KINDS, SURFACES, SectionFacts
from cyclorama.plugins.acting import Action, Fact, Trigger
from cyclorama.plugins.commands import Commands
from cyclorama.plugins.dispatching import Listener
from cyclorama.plugins.jobs import Job
from cyclorama.plugins.topics import Topics
from cyclorama.plugins.written import RecordsWritten
from cyclorama.schema.viewer import Viewer
from cyclorama.storage.events import Event, EventKind
from cyclorama.storage.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRecords:
    """The records of the demo, each group in the order in which it was made."""

    companies: tuple[str, ...]
    """Ids."""
    relationships: tuple[tuple[str, str], ...]
    """Id of the relationship, id of its company."""
    users: tuple[str, ...]
    """Ids."""
    today: date
    people: tuple[tuple[str, str], ...] = ()
    """Id of the person, id of a company that they are at."""
    picklists: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Ids of the items that there are, by vocabulary and key."""


GraphType = type[Any]
Config = type[BaseModel]
UpgradeConfig = Callable[[Mapping[str, Any], int], Mapping[str, Any]]
Table = type[Row]
Check = Callable[
    [AsyncConnection, Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]],
    Awaitable[Mapping[int, str]],
]
"""Of rows that an import is about to write, each as it is (None: not yet there) and as it
would be: place and reason of those that are refused."""
Complete = Callable[
    [
        AsyncConnection,
        Sequence[tuple[Mapping[str, Any] | None, dict[str, Any]]],
        datetime,
    ],
    Awaitable[Mapping[int, str]],
]
"""Fills in what follows from the values of rows that an import is about to write, given
each as it is, the values that it gets, and the instant of the import: place and reason of
those that are refused."""
After = Callable[[AsyncConnection, Sequence[Mapping[str, Any]]], Awaitable[None]]
"""Writes what belongs to rows that an import has just written, given whole."""
Happened = Callable[
    [
        AsyncConnection,
        Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any]]],
        datetime,
    ],
    Awaitable[Sequence[Event]],
]
"""The events of rows that an import has just written, given each as it was (None: it is
new) and as it is, and the instant of the import."""
Demo = Callable[[DemoRecords], Iterable[Row]]
"""Rows for the demo's records, parents first; the same ones on every run."""
Seed = Callable[[Mapping[tuple[str, str], str]], Iterable[Row]]
"""Rows for a new database, given the ids of its picklist items by vocabulary and key."""


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """A table that importers may fill. A mapping's fields are its column names; columns
    with a foreign key are looked up by external id."""

    name: str
    row: type[Row]
    id_kind: str
    """The type part of new ids: `case` of `case_01k…`."""
    check: Check | None = None
    """Says which rows are not written."""
    derived: frozenset[str] = frozenset()
    """Columns that follow from others and that no import names."""
    complete: Complete | None = None
    """Fills them in."""
    after: After | None = None
    events: Happened | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A number that a section shows on Summary, where both are in the layout.

    Everything but `key`, `label` and `kinds` is a plain value, a SQL expression over the
    record, or a `read` source, as in the items of `read.each`; or a function that makes
    one of the settings of the section and the kind of the record.
    """

    key: str
    label: str
    value: Any
    display_value: Any = None
    color: Any = None
    trend: Any = "NONE"
    breakdown: Any = ()
    """Mappings with the fields of `SummaryCount`, or a `read.many`."""
    kinds: frozenset[str] = frozenset(KINDS)
    fields: Sequence[str] = ()
    """The fields of the graph that show the same, as `Score.value`: hidden with any."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompanyNumber:
    """A number of companies that `companies` is filtered and ordered by."""

    value: Any
    """A SQL expression over `CompanyRow`; null for a company without one."""
    fields: Sequence[str]
    """The fields of the graph that lead to it, as `Score.value`: hidden with any."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecordCondition:
    """Something that is true of some records, for other sections to ask by its name."""

    where: Mapping[str, Any]
    """By kind of record, a SQL condition over `CompanyRow` or `RelationshipRow`."""
    fields: Sequence[str]
    """The fields of the graph that lead to it, as `Cta.priority`: hidden with any."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Section:
    """A part of the page. Built-in and installed sections are the same kind of value.

    It reads by its `type` (the declared form) or by `fields` (functions whose first
    parameter is annotated `Parent[...]`, the resolver form).
    """

    key: str
    """snake_case; also the field of the graph (in camelCase) and the prefix of tables."""
    title: str
    description: str = ""
    type: GraphType | None = None
    fields: Sequence[Callable[..., Any]] = ()
    kinds: frozenset[str] = frozenset(KINDS)
    surfaces: frozenset[str] = frozenset(SURFACES)
    max_instances: int | None = 1
    """How often a layout may hold it; None: any number of times."""
    requires_config: bool = False
    config: Config | None = None
    """The model of a placement's settings; a field with `json_schema_extra={"internal":
    True}` is not shown to clients."""
    config_version: int = 1
    """Grows when settings are written in another way than before."""
    upgrade_config: UpgradeConfig | None = None
    """Settings as an earlier version wrote them, and that version, to settings as they
    are written now; needed from version 2 on."""
    cards: Sequence[Card] = ()
    mutations: Sequence[Callable[..., Any]] = ()
    tables: Sequence[Table] = ()
    targets: Sequence[ImportTarget] = ()
    jobs: Sequence[Job] = ()
    """What it does in the background while it is enabled."""
    events: Sequence[EventKind] = ()
    """The kinds of events that it emits."""
    actions: Sequence[Action] = ()
    """What rules can do with records."""
    triggers: Sequence[Trigger] = ()
    """What rules can follow from, beyond kinds of events."""
    rule_facts: Sequence[Fact] = ()
    """What conditions of rules can ask of records, beyond their attributes."""
    events_seen: Sequence[Listener] = ()
    """Functions that act on events of all kinds when they are handed out, whether or not
    the section is enabled."""
    nodes: Mapping[str, GraphType] = field(default_factory=dict)
    """Types with a table that `node(id:)` finds, by the type part of their ids. A row is
    found by who gets the section on the record that its `relationship_id` or its
    `company_id` names."""
    node_conditions: Mapping[str, Any] = field(default_factory=dict)
    """By the type part of ids: a condition on rows of `nodes`, which may ask for
    `viewer_id`; nobody finds others."""
    company_numbers: Mapping[str, CompanyNumber] = field(default_factory=dict)
    """By name, `score` so far: what the filters and orders of `companies` that are meant
    for it compare. They are there for who gets the section on every company."""
    record_conditions: Mapping[str, RecordCondition] = field(default_factory=dict)
    """By name, as `open_risk`: what `condition_on` gives to other sections, for viewers
    who get this one on every record of the kind."""
    topics: Topics | None = None
    """Things of records that rows of other sections may be about."""
    records_written: Callable[[RecordsWritten], Awaitable[None]] | None = None
    """Called in the transaction that creates or changes companies or relationships, of
    every import and mutation."""
    sensitive: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Fields of its types, as `SupportCase.subject`, that a permission over many fields
    covers: `money.view` amounts, `pii.view` who somebody is, `verbatim.view` what
    customers wrote."""
    seed: Seed | None = None
    """What `cyclorama migrate` adds to a new database: asked each time, it gives nothing
    where an organisation has such rows of its own."""
    demo: Demo | None = None
    commands: Commands | None = None
    """What it brings to the command line, as one group of commands."""
    icon: str | None = None
    migrations: str | None = None
    """The folder of its Alembic revisions, as a path."""
    version: str = ""
    """Filled by discovery, like `distribution`."""
    distribution: str = ""

    def __post_init__(self) -> None:
        for name in _TUPLES:
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in _SETS:
            object.__setattr__(self, name, frozenset(getattr(self, name)))

    def facts(self, *, enabled: bool = True) -> SectionFacts:
        """What layouts have to know of it."""
        return SectionFacts(
            key=self.key,
            label=self.title,
            icon=self.icon,
            kinds=self.kinds,
            surfaces=self.surfaces,
            max_instances=self.max_instances,
            requires_config=self.requires_config,
            enabled=enabled,
            config_version=self.config_version,
            in_code=any(map(_is_of_page, self.fields)),
        )


def _is_of_page(function: Callable[..., Any]) -> bool:
    """Whether a field in code is read with a page; those of the viewer are not."""
    parent = next(iter(inspect.signature(function).parameters), "")
    return get_type_hints(function).get(parent) is not Viewer


_TUPLES: Final = (
    "actions",
    "triggers",
    "rule_facts",
    "fields",
    "cards",
    "mutations",
    "tables",
    "targets",
    "jobs",
    "events",
    "events_seen",
)
_SETS: Final = ("kinds", "surfaces")
