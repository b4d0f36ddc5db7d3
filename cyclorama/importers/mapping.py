"""Mapping files: how the CSV files of a system become records."""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from cyclorama.errors import ConfigError
from cyclorama.importers.targets import Target
from cyclorama.layouts.yaml_text import MOST_BYTES, YamlTextError, read_yaml

CUSTOM: Final = "custom."
CUSTOM_TYPES: Final = (
    "STRING",
    "RICH_TEXT",
    "NUMBER",
    "PERCENT",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "EMAIL",
    "URL",
)
"""Those of the graph's `FieldType` that a mapping may fill a custom field with."""
Plain = str | bool | int | float | None
MOST_JOINS: Final = 5
_FILLED_BY_US: Final = frozenset({"created_at", "updated_at"})


class Part(BaseModel):
    """A part of a mapping file; what it doesn't know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(Part):
    """Where a column of ours gets its value from: a column of the file, a template of
    several, or a constant."""

    column: str | None = Field(None, description="The column of the file.")
    template: str | None = Field(
        None, description="Text with columns in braces: `{city}, {country}`."
    )
    constant: Plain = Field(None, description="The same value in every row.")
    default: Plain = Field(None, description="The value where the cell is empty.")
    filled: Plain = Field(None, description="The value where the cell is not empty.")
    values: dict[str, Plain] = Field(
        default={}, description="Cell -> value; other cells stay as they are."
    )
    format: str | None = Field(
        None, description="How dates are written, as `%d.%m.%Y`; else ISO 8601."
    )
    separator: str | None = Field(
        None, min_length=1, description="What stands between the tags in a cell."
    )
    required: bool = Field(False, description="Reject rows where it is empty.")
    label: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Of a custom field, for people.",
    )
    type: str | None = Field(None, description="Of a custom field: a `FieldType`.")

    @model_validator(mode="before")
    @classmethod
    def _column_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    def columns(self) -> set[str]:
        """The columns of the file that it reads."""
        own = set() if self.column is None else {self.column}
        return own | placeholders(self.template or "")


class ReferenceRule(Part):
    """A column that holds the id of another object of the same system, or the same id in
    every row."""

    object: str = Field(min_length=1, max_length=80)
    column: str | None = None
    constant: str | None = Field(None, min_length=1, max_length=255)


class JoinRule(Part):
    """Another file, whose columns are read as `<name>.<column>`."""

    file: str = Field(
        min_length=1, description="A name, or a pattern that fits one file."
    )
    column: str = Field(description="The column here that holds the key.")
    key: str = Field(description="The column there; each key stands in one row.")
    encoding: str = "utf-8-sig"
    delimiter: str = Field(",", min_length=1, max_length=1)


class FileRule(Part):
    """How the files of one object are read."""

    file: str = Field(min_length=1, description="A name or pattern: `accounts*.csv`.")
    object: str = Field(
        min_length=1, max_length=80, description="What the system calls the object."
    )
    target: str = Field(description="What it becomes: company, relationship, …")
    id: list[str] = Field([], description="Its id, or columns that make it.")
    constant_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="In place of `id`: the entry makes one record, with this id.",
    )
    once: bool = Field(
        False, description="Leave out rows whose id stands in an earlier row."
    )
    encoding: str = "utf-8-sig"
    delimiter: str = Field(",", min_length=1, max_length=1)
    url: str | None = Field(None, description="A template of its address.")
    only: dict[str, str] = Field(
        default={}, description="Column -> cell: other rows are left out."
    )
    joins: dict[str, JoinRule] = {}
    fields: dict[str, FieldRule]
    references: dict[str, ReferenceRule] = {}

    @model_validator(mode="before")
    @classmethod
    def _one_id(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            return {**value, "id": [value["id"]]}
        return value

    def custom(self) -> dict[str, FieldRule]:
        """The custom fields that it fills, by key."""
        found = {n: f for n, f in self.fields.items() if n.startswith(CUSTOM)}
        return {n.removeprefix(CUSTOM): f for n, f in found.items()}

    def columns(self) -> dict[str, str]:
        """The columns of the file that it reads -> what for."""
        found = {
            r.column: f"references.{n}"
            for n, r in self.references.items()
            if r.column is not None
        }
        found |= {c: f"fields.{n}" for n, r in self.fields.items() for c in r.columns()}
        found |= dict.fromkeys(placeholders(self.url or ""), "url")
        found |= {j.column: f"joins.{n}" for n, j in self.joins.items()}
        return found | dict.fromkeys(self.only, "only") | dict.fromkeys(self.id, "id")

    def is_joined(self, column: str) -> bool:
        """Whether a column is one of a file that is joined."""
        name, dot, _ = column.partition(".")
        return bool(dot) and name in self.joins

    @property
    def takes_once(self) -> bool:
        """Whether rows whose id stands in an earlier row are left out."""
        return self.once or self.constant_id is not None


class MappingFile(Part):
    """A mapping file."""

    system: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$")
    files: list[FileRule] = Field(min_length=1)


def read_mapping(path: Path, targets: Mapping[str, Target]) -> MappingFile:
    """The mapping of a file; `ConfigError` names every problem and its place."""
    try:
        with path.open("rb") as file:
            raw = read_yaml(file.read(MOST_BYTES + 1).decode())
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except YamlTextError as error:
        raise ConfigError(f"{path}: {error}") from None
    try:
        mapping = MappingFile.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise _unusable(path, [_refused(raw, d) for d in details]) from None
    problems = [
        p for n, rule in enumerate(mapping.files) for p in _problems(n, rule, targets)
    ]
    if problems:
        raise _unusable(path, problems)
    return mapping


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file, for editors."""
    return MappingFile.model_json_schema()


def placeholders(template: str) -> set[str]:
    """The columns in a template's braces; `ValueError` if it can't be read."""
    return {
        name for _, name, _, _ in string.Formatter().parse(template) if name is not None
    }


def filled_in(template: str, cells: Mapping[str, str]) -> str:
    """The template with cells in place of its columns, whatever those are called."""
    parts = string.Formatter().parse(template)
    return "".join(t + ("" if name is None else cells[name]) for t, name, _, _ in parts)


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for names that are close, or nothing."""
    close = difflib.get_close_matches(name, list(known), 3, 0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _unusable(path: Path, problems: list[str]) -> ConfigError:
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ConfigError(
        f"The mapping {path} can't be used; nothing was imported.\n{lines}"
    )


def _place(raw: Any, loc: tuple[int | str, ...]) -> str:
    """`files[1] (accounts).fields.name`: the entry also by its object."""
    shown, at = "", raw
    for part in loc:
        if isinstance(part, int):
            at = at[part] if isinstance(at, list) and part < len(at) else None
            named = isinstance(at, dict) and "object" in at
            label = f" ({at['object']})" if named and at is not None else ""
            shown += f"[{part}]{label}"
        else:
            at = at.get(part) if isinstance(at, dict) else None
            shown += f".{part}" if shown else part
    return shown or "the file"


def _refused(raw: Any, detail: ErrorDetails) -> str:
    loc = detail["loc"]
    place = _place(raw, loc)
    if detail["type"] == "extra_forbidden":
        names = sorted(_model_at(loc).model_fields)
        hint = near(str(loc[-1]), names) or f"; known are {', '.join(names)}"
        return f"{place} is unknown{hint}"
    if detail["type"] == "missing":
        return f"{place} is missing; add it"
    return f"{place}: {detail['msg']}; it is {repr(detail['input'])[:60]}"


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that refused what stands at `files, 0, fields, name, …`."""
    if len(loc) < 3:
        return MappingFile
    if len(loc) > 3 and loc[2] == "fields":
        return FieldRule
    if len(loc) > 3 and loc[2] == "joins":
        return JoinRule
    return ReferenceRule if len(loc) > 3 and loc[2] == "references" else FileRule


def _problems(
    place: int, rule: FileRule, targets: Mapping[str, Target]
) -> Iterator[str]:
    """What is wrong with an entry of the right shape."""
    where = f"files[{place}] ({rule.object})"
    target = targets.get(rule.target)
    if not _is_encoding(rule.encoding):
        yield f"{where}.encoding: there is no encoding {rule.encoding!r}; write utf-8"
    if rule.url is not None and _is_unreadable(rule.url):
        yield f"{where}.url is no template with columns in braces: {rule.url!r}"
    if target is None:
        known = ", ".join(sorted(targets))
        hint = near(rule.target, targets)
        yield f"{where}.target: there is no {rule.target!r}{hint}; there are {known}"
        return
    for name, field in rule.fields.items():
        problem = _field_problem(target, name, field)
        if problem:
            yield f"{where}.fields.{name} {problem}"
    yield from _id_problems(where, rule)
    for name, reference in rule.references.items():
        if name not in target.lookups:
            known = ", ".join(sorted(target.lookups)) or "none"
            yield f"{where}.references.{name} points to no record; those that do: {known}"
        if (reference.column is None) == (reference.constant is None):
            yield f"{where}.references.{name} needs exactly one of column, constant"
    for name in _lacking(target, rule):
        yield f"{where}: {rule.target} needs {name}; add it to fields or references"


def _id_problems(where: str, rule: FileRule) -> Iterator[str]:
    """What is wrong with the ids of an entry and with what it joins."""
    if not rule.id and rule.constant_id is None:
        yield f"{where}.id is missing; add it, or constant_id for one record"
    if rule.id and rule.constant_id is not None:
        yield f"{where} has both id and constant_id; leave one out"
    if len(rule.joins) > MOST_JOINS:
        yield f"{where}.joins names {len(rule.joins)} files; at most {MOST_JOINS}"
    for name, join in rule.joins.items():
        if not (name.isidentifier() and name.isascii()):
            yield f"{where}.joins.{name!r:.80} needs a name of letters, digits and _"
        if rule.is_joined(join.column):
            yield f"{where}.joins.{name}.column stands in another file; name one of its own"
        if not _is_encoding(join.encoding):
            yield f"{where}.joins.{name}.encoding: there is no {join.encoding!r}"


def _field_problem(target: Target, name: str, field: FieldRule) -> str:
    given = [field.column, field.template, field.constant]
    if sum(g is not None for g in given) != 1:
        return "needs exactly one of column, template, constant"
    if _is_unreadable(field.template):
        return f"has a template that can't be read: {field.template!r}"
    if name.startswith(CUSTOM):
        return _custom_problem(target, name, field)
    if field.type or field.label:
        return "is no custom field: only those have a type and a label"
    if name in target.lookups:
        return "points to a record; write it under references, with its object"
    if name not in target.columns or name == "custom":
        known = sorted(set(target.columns) - set(target.lookups) - {"custom"})
        hint = near(name, known) or f"; there are {', '.join(known)}"
        own = ", or custom.<key>" if "custom" in target.columns else ""
        return f"is no column of {target.name}{hint}{own}"
    return ""


def _custom_problem(target: Target, name: str, field: FieldRule) -> str:
    key = name.removeprefix(CUSTOM)
    if "custom" not in target.columns:
        return f"can't be kept: {target.name} has no custom fields"
    if not (key.isidentifier() and key.isascii() and len(key) <= 80):
        return "needs a key of letters, digits and _, at most 80"
    if field.type is not None and field.type not in CUSTOM_TYPES:
        return f"has the type {field.type!r}; use one of {', '.join(CUSTOM_TYPES)}"
    return ""


def _is_encoding(name: str) -> bool:
    """Whether text can be read in it; `rot13` and `hex` are codecs of other kinds."""
    try:
        b"?".decode(name)
    except UnicodeError:
        return True
    except (LookupError, ValueError):
        return False
    return True


def _is_unreadable(template: str | None) -> bool:
    """Whether it is no text with columns in braces: those have a name and nothing else,
    no conversion and no width."""
    if template is None:
        return False
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return True
    named = [part for part in parts if part[1] is not None]
    return not named or any(not n or spec or kind for _, n, spec, kind in named)


def _lacking(target: Target, rule: FileRule) -> list[str]:
    """Columns that have to be filled and aren't."""
    return [
        c.name
        for c in target.columns.values()
        if not c.nullable
        and c.default is None
        and c.name not in {*_FILLED_BY_US, *rule.fields, *rule.references}
    ]
