"""What is wrong with a layout file: every problem, with its place and the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cyclorama.errors import ConfigError

Path = tuple[str | int, ...]
E = TypeVar("E", bound=BaseModel)

_CODES = {
    "missing": "REQUIRED",
    "extra_forbidden": "UNKNOWN_FIELD",
    "string_too_long": "LENGTH",
    "string_too_short": "LENGTH",
    "too_long": "LIMIT_EXCEEDED",
    "too_short": "REQUIRED",
    "greater_than_equal": "RANGE",
    "less_than_equal": "RANGE",
    "greater_than": "RANGE",
    "less_than": "RANGE",
}

_VITAL = {"values", "instance_key", "relationship_type"}
"""Without these further checks would complain of what isn't there."""


class Problem(NamedTuple):
    """A problem: positions in the file, a code of `UserErrorCode`, the way out."""

    path: Path
    code: str
    message: str


class LayoutFileError(ConfigError):
    """A layout file can't be used; nothing of it was applied."""

    what = "layout file"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        has = "a problem" if count == 1 else f"{count} problems"
        head = f"The {self.what} has {has}"
        lines = [f"  {_dotted(p.path)}: {p.message}" for p in self.problems]
        super().__init__("\n".join([f"{head}; nothing was changed.", *lines]))


class Problems:
    """Collects the problems of a file."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: Path, code: str, message: str) -> None:
        """Note a problem."""
        self.found.append(Problem(path, code, message))

    def read(self, model: type[E], raw: Any, path: Path, where: str) -> E | None:
        """The value in its model, and the notes why it doesn't fit.

        Without the parts that don't fit, so that the rest can be checked on; None where
        nothing is left to check.
        """
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            self._refused(model, detail, path, where)
        refused = {d["loc"][0] for d in details if d["loc"]}
        return None if refused & _VITAL else _salvaged(model, raw, refused)

    def _refused(
        self, model: type[BaseModel], detail: ErrorDetails, path: Path, where: str
    ) -> None:
        kind, at = detail["type"], (*path, *detail["loc"])
        code = _CODES.get(kind, "TYPE" if kind.endswith("_type") else "INVALID")
        self.add(at, code, f"{where}: {_said(model, detail)}")


def listed(names: Iterable[str]) -> str:
    """Names for a message, in order, cut after thirty."""
    ordered = sorted(names)
    more = ", …" if len(ordered) > 30 else ""
    return ", ".join(ordered[:30]) + more or "none"


def _salvaged(model: type[E], raw: Any, refused: set[str | int]) -> E | None:
    if not isinstance(raw, dict):
        return None
    kept = {k: v for k, v in raw.items() if k not in refused}
    unnamed = {"name": "?"} if "name" in model.model_fields else {}
    try:
        return model.model_validate({**unnamed, **kept})
    except ValidationError:
        return None


def _said(model: type[BaseModel], detail: ErrorDetails) -> str:
    name = ".".join(map(str, detail["loc"])) or "this"
    shown = repr(detail["input"])
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    match detail["type"]:
        case "missing":
            return f"{name} is missing; add it."
        case "extra_forbidden":
            known = _names(model, detail["loc"])
            instead = f" or use one of: {listed(known)}" if known else ""
            return f"{name} is unknown; remove it{instead}."
        case "literal_error":
            return f"{name} {shown} is unknown; use {detail['ctx']['expected']}."
        case "string_pattern_mismatch":
            return (
                f"{name} {shown} can't be used; write a lower-case letter, then letters, "
                "digits and _, at most 80."
            )
        case "model_type" | "dict_type":
            return f"{name} has to be a mapping of names to values, it is {shown}."
        case "list_type":
            return f"{name} has to be a list, it is {shown}."
        case "string_type":
            return f"{name} has to be text, it is {shown}; put it in quotes."
    return f"{name}: {detail['msg']}; it is {shown}."


def _names(model: type[BaseModel], loc: tuple[str | int, ...]) -> Collection[str]:
    """The names that would be known in place of the last part of `loc`."""
    return model.model_fields if len(loc) == 1 else ()


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "file"
