"""The access file: all rules of access and all teams of an organisation as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from cyclorama.layouts.access import COMPARES, OF_VIEWER, OWN, AccessRule, Team
from cyclorama.layouts.clauses import GROUPS, OPERATORS, in_order
from cyclorama.layouts.entries import MOST_CLAUSES, ClauseEntry, Entry, Key, Name
from cyclorama.layouts.model import Clause
from cyclorama.layouts.problems import (
    LayoutFileError,
    Path,
    Problem,
    Problems,
    listed,
)
from cyclorama.layouts.yaml_text import Flow, YamlTextError, read_yaml, write_yaml

MOST_RULES: Final = 200
MOST_TEAMS: Final = 500
OF_EVERY_VIEWER: Final = frozenset(
    {GROUPS, "email", "name", "title", "department", "id", "teams"}
)
_HEADER: Final = """\
# Who may read which records. What is removed here is removed when it is applied.

"""


class AccessFileError(LayoutFileError):
    """An access file can't be used; nothing of it was applied."""

    what = "access file"


class RuleEntry(Entry):
    """Which records of a kind some viewers may read, or may not."""

    name: Name
    kind: Literal["COMPANY", "RELATIONSHIP"]
    effect: Literal["ALLOW", "DENY"]
    rank: int = Field(default=0, ge=0, le=1_000_000)
    enabled: bool = True
    viewer: list[ClauseEntry] = Field(default=[], max_length=MOST_CLAUSES)
    record: list[ClauseEntry] = Field(default=[], max_length=MOST_CLAUSES)


class TeamEntry(Entry):
    """Users by address, and the records that only they may read."""

    key: Key
    name: Name
    members: list[Name] = []
    records: list[Name] = []


class AccessFile(Entry):
    """The two lists of the file."""

    rules: list[Any] = Field(default=[], max_length=MOST_RULES)
    teams: list[Any] = Field(default=[], max_length=MOST_TEAMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the file may name."""

    attributes: Mapping[str, frozenset[str]]
    """Of records, by kind."""
    viewer_attributes: frozenset[str]
    """Those beyond what every viewer has."""
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Written:
    """What a file says; members and records of teams as it names them."""

    rules: tuple[AccessRule, ...]
    teams: tuple[Team, ...]


def parse_access(text: str, known: Known) -> Written:
    """The rules and teams of a file; `AccessFileError` with every problem of it."""
    found = Problems()
    try:
        raw = read_yaml(text)
    except YamlTextError as error:
        raise AccessFileError([Problem((), "INVALID", str(error))]) from None
    file = found.read(AccessFile, raw, (), "File") or AccessFile()
    rules = _entries(RuleEntry, file.rules, "rules", "name", found)
    teams = _entries(TeamEntry, file.teams, "teams", "key", found)
    for path, where, rule in rules:
        for side in ("viewer", "record"):
            for n, clause in enumerate(getattr(rule, side)):
                for part, code, message in _wrong(side, clause, rule.kind, known):
                    found.add((*path, side, n, part), code, f"{where}: {message}")
    if found.found:
        raise AccessFileError(found.found)
    return Written(
        tuple(_rule(entry) for _, _, entry in rules),
        tuple(
            Team(
                key=t.key,
                name=t.name,
                members=frozenset(t.members),
                records=frozenset(t.records),
            )
            for _, _, t in teams
        ),
    )


def _entries(
    model: type[Any], raw: list[Any], part: str, name: str, found: Problems
) -> list[tuple[Path, str, Any]]:
    """Path, words and value of each entry that can be read; names are unique."""
    read, seen = [], set[str]()
    for n, held in enumerate(raw):
        path: Path = (part, n)
        called = held.get(name) if isinstance(held, dict) else None
        where = (
            f"{part[:-1].capitalize()} {called!r}" if called else f"{part} no. {n + 1}"
        )
        entry = found.read(model, held, path, where)
        if entry is None:
            continue
        read.append((path, where, entry))
        if (own := getattr(entry, name)) in seen:
            message = f"{where}: another has this {name}; give one of them another."
            found.add((*path, name), "DUPLICATE", message)
        seen.add(own)
    return read


def _wrong(
    side: str, clause: ClauseEntry, kind: str, known: Known
) -> Iterator[tuple[str, str, str]]:
    """Part of the clause, code and message of each problem."""
    of_viewer = known.viewer_attributes | OF_EVERY_VIEWER
    asked = of_viewer if side == "viewer" else known.attributes[kind] | OWN
    said = f"{side} {clause.attribute}"
    if clause.attribute not in asked:
        message = f"there is no {said}; use one of: {listed(asked)}."
        yield "attribute", "NOT_FOUND", message
    if clause.operator.endswith("_GROUP") and (side, clause.attribute) != (
        "viewer",
        GROUPS,
    ):
        message = f"{clause.operator} asks for the viewer's groups only."
        yield "operator", "INVALID", message
    operator = OPERATORS[clause.operator]
    if not operator.takes(len(clause.values)):
        message = f"{said}: {clause.operator} can't take {len(clause.values)} values."
        yield "values", "INVALID", message
    elif clause.operator == "BETWEEN" and not in_order(*clause.values):
        message = "BETWEEN takes two values of one sort, the lower first."
        yield "values", "INVALID", f"{said}: {message}"
    if (side, clause.attribute) == ("viewer", GROUPS):
        for value in clause.values:
            if value not in known.groups:
                message = f"there is no group {value!r}; use one of: "
                yield "values", "NOT_FOUND", message + f"{listed(known.groups)}."
    yield from _wrong_references(side, clause, of_viewer)


def _wrong_references(
    side: str, clause: ClauseEntry, of_viewer: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    for value in clause.values:
        if not (isinstance(value, str) and value.startswith(OF_VIEWER)):
            continue
        name = value.removeprefix(OF_VIEWER)
        if side == "viewer" or clause.operator not in COMPARES:
            message = f"{value!r} can stand on the record's side only, with one of: "
            yield "values", "INVALID", message + f"{listed(COMPARES)}."
        elif name not in of_viewer:
            message = f"there is no viewer {name}; use one of: {listed(of_viewer)}."
            yield "values", "NOT_FOUND", message


def _rule(entry: RuleEntry) -> AccessRule:
    sides = {
        side: tuple(
            Clause(c.attribute, c.operator, tuple(c.values))
            for c in getattr(entry, side)
        )
        for side in ("viewer", "record")
    }
    return AccessRule(
        rank=entry.rank,
        name=entry.name,
        kind=entry.kind,
        effect=entry.effect,
        enabled=entry.enabled,
        **sides,
    )


def export_access(written: Written) -> str:
    """The file that reads as these rules and teams; what is as usual is left out."""
    return _HEADER + write_yaml(access_as_data(written, Flow))


def access_as_data(
    written: Written, short: Any = lambda value: value
) -> dict[str, Any]:
    """Rules and teams in the shape of the file; `short` wraps what fits on a line."""
    return {
        "rules": [_rule_data(rule, short) for rule in written.rules],
        "teams": [
            _unusual(
                {
                    "key": team.key,
                    "name": team.name,
                    "members": sorted(team.members),
                    "records": sorted(team.records),
                },
                TeamEntry,
            )
            for team in written.teams
        ],
    }


def _rule_data(rule: AccessRule, short: Any) -> dict[str, Any]:
    names = ("name", "kind", "effect", "rank", "enabled")
    sides = {
        side: [short(_clause_data(c)) for c in getattr(rule, side)]
        for side in ("viewer", "record")
    }
    return _unusual({**{n: getattr(rule, n) for n in names}, **sides}, RuleEntry)


def _clause_data(clause: Clause) -> dict[str, Any]:
    values = {"attribute": clause.attribute, "operator": clause.operator}
    return _unusual({**values, "values": list(clause.values)}, ClauseEntry)


def _unusual(data: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Without what the model would assume anyway."""
    fields = model.model_fields
    return {k: v for k, v in data.items() if v != fields[k].default}
