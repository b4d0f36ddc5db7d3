"""Parameters of a composed statement, numbered in the order of their first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import orjson
from graphql import GraphQLField
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values

from cyclorama.execution.templates import Template, constant_key

Getter = Callable[["Run"], Any]
Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a statement needs to know when it runs."""

    now: datetime
    today: date
    viewer_id: str
    variables: VariableValues
    records: str
    """`[[id, variant], …]` as JSON; one id on the short way."""
    credential: str = ""
    """The digest of the token."""
    identity: str = ""
    """Who it stood for; see `accounts.identity`."""
    inputs: Mapping[str, int] = field(default_factory=dict)
    """What layouts ask of records, as answered by those of each variant."""
    zone: str = "UTC"
    """The name of the organisation's time zone."""


SYMBOL_VALUES: Mapping[str, Getter] = {
    "cy_now": lambda run: run.now,
    "cy_today": lambda run: run.today,
    "cy_viewer": lambda run: run.viewer_id,
    "cy_zone": lambda run: run.zone,
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value that the plan holds."""

    value: Any

    def __call__(self, run: Run) -> Any:
        """The value, whatever the run."""
        return self.value


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of one field of an operation, read anew in each run."""

    field: GraphQLField
    details: FieldDetails
    name: str

    def __call__(self, run: Run) -> Any:
        """The argument's value; a list is its JSON."""
        value = get_argument_values(
            self.field,
            self.details.node,
            run.variables,
            self.details.fragment_variable_values,
        )[self.name]
        return as_bound(value)


def as_bound(value: Any) -> Any:
    """A value of an argument as a parameter."""
    return orjson.dumps(value).decode() if isinstance(value, list) else value


@dataclass(slots=True)
class Binds:
    """The parameters of one statement while it is composed."""

    dialect: str
    checks: list[Getter] = field(default_factory=list)
    """Arguments that must be read for their errors, whether or not they are used."""
    _given: list[Any] = field(default_factory=list)
    """The parameters in order, as the driver wants them; None where a run decides."""
    _read: list[tuple[int, Getter, Process | None]] = field(default_factory=list)
    """Position, value and conversion of those that a run decides."""
    _known: dict[Any, str] = field(default_factory=dict)

    def copy(self) -> Binds:
        """The same parameters, to add further ones to."""
        return replace(
            self,
            checks=self.checks.copy(),
            _given=self._given.copy(),
            _read=self._read.copy(),
            _known=self._known.copy(),
        )

    def place(self, key: Any, getter: Getter, process: Process | None = None) -> str:
        """The placeholder of a parameter; one for each key."""
        found = self._known.get(key)
        if found is None:
            if isinstance(getter, Given):
                self._given.append(_processed(getter.value, process))
            else:
                self._read.append((len(self._given), getter, process))
                self._given.append(None)
            number = len(self._given)
            found = f"?{number}" if self.dialect == "sqlite" else f"${number}"
            self._known[key] = found
        return found

    def constant(self, value: Any, process: Any = None, cast: str = "") -> str:
        """The placeholder of a value that the plan holds."""
        return self.place(constant_key(value, cast), Given(value), process)

    def text(self, value: str) -> str:
        """The placeholder of a text, with its type."""
        place = self.constant(value, cast="text")
        return place if self.dialect == "sqlite" else f"{place}::text"

    def put(
        self,
        template: Template,
        rows: Mapping[str, str],
        arguments: Mapping[str, tuple[Any, Getter]],
    ) -> str:
        """A template's text with its holes filled."""
        out = list(template.parts)
        for index, row in template.rows:
            out[index] = rows[row]
        for index, bind in template.binds:
            if bind.name is None:
                place = self.place(bind.key, Given(bind.value), bind.process)
            elif bind.name in SYMBOL_VALUES:
                place = self.place(bind.name, SYMBOL_VALUES[bind.name], bind.process)
            else:
                key, getter = arguments[bind.name]
                place = self.place((key, bind.name), getter, bind.process)
            out[index] = place
        return "".join(out)

    def values(self, run: Run) -> list[Any]:
        """The parameters of a run, as the driver wants them."""
        for check in self.checks:
            check(run)
        found = self._given.copy()
        for position, getter, process in self._read:
            found[position] = _processed(getter(run), process)
        return found


def _processed(value: Any, process: Process | None) -> Any:
    return value if process is None or value is None else process(value)
