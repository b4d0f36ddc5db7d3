"""A rule file: read with every problem of it, compared, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from cyclorama.layouts.clauses import OPERATORS, in_order
from cyclorama.layouts.entries import ClauseEntry
from cyclorama.layouts.problems import LayoutFileError, Path, Problem, Problems, listed
from cyclorama.layouts.yaml_text import Flow, YamlTextError, read_yaml, write_yaml
from cyclorama.plugins.acting import Action, Fact, Trigger
from cyclorama.plugins.rules.cel import OF_EVENT, CelError, Condition
from cyclorama.plugins.rules.entries import RuleEntry, RuleFile
from cyclorama.resolvers.conditions import wrong_clauses
from cyclorama.schema.catalogue import attribute_names
from cyclorama.storage.events import EventKind

_HEADER: Final = """\
# Rules, in the order in which they act. What is removed here is removed when it is
# applied; what it has done stays.

"""


class RuleFileError(LayoutFileError):
    """A rule file can't be used; nothing of it was applied."""

    what = "rule file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What rules can name, by key."""

    events: Mapping[str, EventKind]
    triggers: Mapping[str, Trigger]
    actions: Mapping[str, Action]
    facts: Mapping[str, Fact]

    @classmethod
    def of(
        cls,
        sections: Iterable[Any],
        events: Sequence[EventKind],
        actions: Sequence[Action],
    ) -> Catalogue:
        """What sections bring, and these."""
        held = list(sections)
        kinds = [*events, *(e for s in held for e in s.events)]
        return cls(
            events={e.key: e for e in kinds},
            triggers={t.key: t for s in held for t in s.triggers},
            actions={
                a.key: a for a in (*actions, *(x for s in held for x in s.actions))
            },
            facts={f.key: f for s in held for f in s.rule_facts},
        )

    def asked(self, kind: str, fields: Sequence[Any]) -> frozenset[str]:
        """What conditions may ask of records of a kind."""
        return attribute_names(kind, fields).union(self.facts)

    def event_of(self, rule: RuleEntry) -> EventKind | None:
        """The kind of events that a rule looks at; None: it follows from none."""
        if rule.when.trigger is not None:
            return self.triggers[rule.when.trigger].event
        return None if rule.when.event is None else self.events[rule.when.event]


def parse(text: str, known: Catalogue, fields: Sequence[Any]) -> list[RuleEntry]:
    """The rules of a file; `RuleFileError` with every problem of it. `fields` are the
    custom fields that conditions may ask."""
    found = Problems()
    try:
        raw = read_yaml(text)
    except YamlTextError as error:
        raise RuleFileError([Problem((), "INVALID", str(error))]) from None
    file = found.read(RuleFile, raw, (), "File") or RuleFile()
    rules: list[RuleEntry] = []
    for n, held in enumerate(file.rules):
        path: Path = ("rules", n)
        rule = found.read(RuleEntry, held, path, f"rules no. {n + 1}")
        if rule is None:
            continue
        for name in ("key", "name"):
            if any(getattr(r, name) == getattr(rule, name) for r in rules):
                message = f"another rule has the {name} {getattr(rule, name)!r}."
                found.add((*path, name), "DUPLICATE", message)
        _Check(path, rule, known, found).all(fields)
        rules.append(rule)
    if found.found:
        raise RuleFileError(found.found)
    return rules


class _Check:
    """What a rule names has to be there, and to fit."""

    def __init__(
        self, path: Path, rule: RuleEntry, known: Catalogue, found: Problems
    ) -> None:
        self.path, self.rule, self.known, self.found = path, rule, known, found

    def all(self, fields: Sequence[Any]) -> None:
        """Note every problem."""
        when, kind = self.rule.when, self._when()
        for n, action in enumerate(self.rule.actions):
            held = self.known.actions.get(action.action)
            at: Path = ("actions", n)
            if held is None:
                self._unknown((*at, "action"), "action", self.known.actions)
            else:
                self._settings(held.settings, action.with_, (*at, "with"))
        is_unknown = kind is None and (when.event or when.trigger) is not None
        if when.cel is not None and not is_unknown:
            self._cel(when.cel, kind, fields)
        for place, code, message in wrong_clauses(
            self.rule.kind, self.rule.record, fields, self.known.facts
        ):
            self._add(("record", *place), code, message)

    def _cel(self, text: str, kind: EventKind | None, fields: Sequence[Any]) -> None:
        try:
            Condition.read(text, kind, self.known.asked(self.rule.kind, fields))
        except CelError as error:
            self._add(("when", "cel"), "INVALID", f"{error}.")

    def _when(self) -> EventKind | None:
        """Note problems of what starts the rule; the kind of events that it looks at."""
        when = self.rule.when
        kind = None
        if when.event is not None:
            kind = self.known.events.get(when.event)
            if kind is None:
                self._unknown(("when", "event"), "event", self.known.events)
                return None
        elif when.trigger is not None:
            trigger = self.known.triggers.get(when.trigger)
            if trigger is None:
                self._unknown(("when", "trigger"), "trigger", self.known.triggers)
                return None
            kind = trigger.event
            self._settings(trigger.settings, when.with_, ("when", "with"))
        for n, clause in enumerate(self.rule.event):
            self._clause(("event", n), clause, kind)
        return kind

    def _clause(self, at: Path, clause: ClauseEntry, kind: EventKind | None) -> None:
        if kind is None:
            self._add(at, "INVALID", "conditions on events need an event.")
            return
        part, _, name = clause.attribute.partition(".")
        is_value = part in ("before", "after", "change") and kind.has(name)
        if not is_value and clause.attribute not in OF_EVENT:
            names = [f"after.{n}" for n in kind.values]
            message = f"{kind.key} has no {clause.attribute}; use one of: "
            message += f"{listed([*OF_EVENT, *names])}, also with before or change."
            self._add((*at, "attribute"), "LOOKUP_NOT_FOUND", message)
        operator = OPERATORS[clause.operator]
        if clause.operator.endswith("_GROUP"):
            message = f"{clause.operator} asks for viewers."
            self._add((*at, "operator"), "INVALID", message)
        elif not operator.takes(len(clause.values)):
            message = f"{clause.operator} can't take {len(clause.values)} values."
            self._add((*at, "values"), "INVALID", message)
        elif clause.operator == "BETWEEN" and not in_order(*clause.values):
            message = "BETWEEN takes two values of one sort, the lower first."
            self._add((*at, "values"), "INVALID", message)

    def _settings(self, model: type[BaseModel], given: Any, at: Path) -> None:
        self.found.read(model, given, (*self.path, *at), f"Rule {self.rule.key!r}")

    def _unknown(self, at: Path, what: str, known: Iterable[str]) -> None:
        message = f"there is no such {what}; use one of: {listed(known)}."
        self._add(at, "LOOKUP_NOT_FOUND", message)

    def _add(self, at: Path, code: str, message: str) -> None:
        self.found.add((*self.path, *at), code, f"Rule {self.rule.key!r}: {message}")


def data_of(rule: RuleEntry) -> dict[str, Any]:
    """A rule as a file has it, without what is as usual."""
    found: dict[str, Any] = rule.model_dump(exclude_defaults=True, by_alias=True)
    return found


def export(rules: Sequence[RuleEntry]) -> str:
    """The file that reads as these rules."""
    held = []
    for rule in rules:
        data = data_of(rule)
        for name in ("event", "record"):
            if name in data:
                data[name] = [Flow(c) for c in data[name]]
        held.append(data)
    return _HEADER + write_yaml({"rules": held})


def difference(old: Sequence[RuleEntry], new: Sequence[RuleEntry]) -> dict[str, str]:
    """`added`, `changed`, `moved` or `removed`, by key."""
    before = {r.key: (n, data_of(r)) for n, r in enumerate(old)}
    after = {r.key: (n, data_of(r)) for n, r in enumerate(new)}
    found = {k: "added" for k in after if k not in before}
    for key, (place, data) in before.items():
        if key not in after:
            found[key] = "removed"
        elif after[key][1] != data:
            found[key] = "changed"
        elif after[key][0] != place:
            found[key] = "moved"
    return found
