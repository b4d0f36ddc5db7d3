"""The beginning of a restricted viewer's statements: tables shadowed by readable rows.

A `WITH` in front of a statement gives each table's name to those of its rows that the
viewer may read, so that the statement itself needs no word of access.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PREFIX: Final = "cy_prefix"
"""The option of a connection that holds what its viewer may read."""
WHOLE: Final = "cy_whole"
"""The option of a statement that reads all rows, whoever asks: for what has to hold of
all, such as that no tree has a circle."""
HOLE: Final = "\0"
"""Stands on both sides of the number of a parameter."""
_WITH: Final = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)
_WORDS: Final = re.compile(r"\w+")
_READS_NOTHING: Final = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|PRAGMA)\b",
    re.IGNORECASE,
)
_QUALIFIED: Final = re.compile(
    r"""(?:\b(?:FROM|JOIN)\s+"?\w+"?|"?\b(?:main|public)"?)\s*\.\s*"?(\w+)""",
    re.IGNORECASE,
)
"""A table behind the name of a schema, which no shadow hides."""
_WALKED: Final = re.compile(r'"?(\w+)"?/\*walked (\w+)\*/')
"""A table's key to itself as `walked` writes it, and the table."""
_LOCKS: Final = re.compile(r"\sFOR (NO KEY )?UPDATE(\s|$)")


@dataclass(frozen=True, slots=True)
class Shadow:
    """A table's readable rows: a select whose parameters are holes, and the shadows that
    it reads."""

    sql: str
    needs: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    """Keys of the table to itself, which `sql` nulls where they point at no readable row.
    Those that are walked by are read from the shadow that it selects from, as it is."""

    def text(self, *, is_walked: bool) -> str:
        """The select, with the keys as they are beside the others if they are walked."""
        if not (self.keys and is_walked):
            return self.sql
        whole = ", ".join(f't."{key}" AS "{walked_name(key)}"' for key in self.keys)
        return self.sql.replace("SELECT ", f"SELECT {whole}, ", 1)


def walked_name(key: str) -> str:
    """What a key is called in a shadow where it stands as it is."""
    return f"cy_{key}"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A statement behind its shadows, and which of their parameters it has."""

    sql: str
    holes: tuple[int, ...]
    is_first: bool
    """Whether these parameters come before those of the statement."""


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """What a viewer may read, as shadows of tables in the order of their making."""

    shadows: Mapping[str, Shadow]
    values: Sequence[Any]
    """The parameters, by the numbers in the holes."""
    dialect: str
    key: str
    """Equal where the shadows are, whatever the values."""
    _needed: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for name, shadow in self.shadows.items():
            below = {n for need in shadow.needs for n in (*self._needed[need], need)}
            ordered = tuple(n for n in self.shadows if n in below)
            self._needed[name] = ordered

    def shadowed(self, sql: str, given: int, *, numbered: bool) -> Shadowed:
        """The statement behind those shadows that it reads.

        `given` is how many parameters it has; `numbered` whether its placeholders have
        numbers: the prefix's own come after them then, and before them otherwise.
        `RuntimeError` for one that names the schema of such a table."""
        if _READS_NOTHING.match(sql) or _LOCKS.search(sql):
            return Shadowed(sql, (), False)
        words = set(_WORDS.findall(sql))
        named = {n for n in self.shadows if n in words}
        named |= {n for name in named for n in self._needed[name]}
        if not named:
            return Shadowed(sql, (), False)
        for found in _QUALIFIED.finditer(sql):
            if found[1] in named:
                raise RuntimeError(
                    f"A statement names the schema of the table {found[1]!r} and would "
                    "read past the rules of access; name the table alone."
                )
        walked = {found[2] for found in _WALKED.finditer(sql)}
        pieces = ", ".join(
            f'"{n}" AS NOT MATERIALIZED ({s.text(is_walked=n in walked)})'
            for n, s in self.shadows.items()
            if n in named
        ).split(HOLE)
        if walked:
            sql = _WALKED.sub(self._as_walked, sql)
        holes = tuple(sorted({int(n) for n in pieces[1::2]}))
        is_first = self.dialect == "sqlite" and not numbered
        sign = "?" if self.dialect == "sqlite" else "$"
        numbers = {h: n + 1 + (0 if is_first else given) for n, h in enumerate(holes)}
        pieces[1::2] = [f"{sign}{numbers[int(n)]}" for n in pieces[1::2]]
        begun = _WITH.match(sql)
        if begun is None:
            text = f"WITH {''.join(pieces)} {sql}"
        else:
            recursive = "RECURSIVE " if begun[1] else ""
            text = f"WITH {recursive}{''.join(pieces)}, {sql[begun.end() :]}"
        return Shadowed(text, holes, is_first)

    def _as_walked(self, found: re.Match[str]) -> str:
        """A walked key by its name in the table's shadow, if that has one."""
        shadow = self.shadows.get(found[2])
        if shadow is None or found[1] not in shadow.keys:
            return found[0]
        return f'"{walked_name(found[1])}"'

    def parameters(self, shadowed: Shadowed, given: Sequence[Any]) -> Sequence[Any]:
        """The parameters of a shadowed statement."""
        if not shadowed.holes:
            return given
        own = tuple(self.values[hole] for hole in shadowed.holes)
        return (*own, *given) if shadowed.is_first else (*given, *own)
