"""A plan: one statement for the records of a batch, and the pieces of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyclorama.errors import RequestError
from cyclorama.execution.binds import Binds
from cyclorama.execution.holes import Open
from cyclorama.resolvers.context import Variant


@dataclass(frozen=True, slots=True)
class Cells:
    """Part of a record's answer that the statement yields: its keys and its columns."""

    keys: tuple[str, ...]
    columns: tuple[int, ...]
    form: str
    """`run` of plain fields, `one` field, or `list` of sections."""
    sections: tuple[str, ...] = ()
    """Keys of those that are read."""
    left: Open = ((), ())
    """What is left open in them."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A field that graph resolvers answer."""

    key: str
    is_declared: bool = False
    """Whether a plan should have held it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that is not read at all."""

    key: str
    error: RequestError


Piece = Cells | Rest | Refused


@dataclass(frozen=True, slots=True)
class Plan:
    """The statement, its parameters, and the pieces of each variant in order."""

    sql: str
    binds: Binds
    pieces: Mapping[str, tuple[Piece, ...]]
    width: int
    """Columns of the statement, the id's included."""
    head: int
    """Characters of the statement before its FROM."""
    whole: int
    """Characters before what is joined to the records."""
    sections: Mapping[str, tuple[str, ...]]
    """Keys of the sections that are read of each variant, in order."""

    @property
    def has_columns(self) -> bool:
        """Whether there is anything to read."""
        return self.width > 1

    @property
    def is_whole(self) -> bool:
        """Whether the statement yields all that is asked, and leaves nothing open."""
        pieces = (p for held in self.pieces.values() for p in held)
        return all(isinstance(p, Cells) and not any(p.left) for p in pieces)

    def rest(self, variant: Variant) -> list[Rest]:
        """What graph resolvers answer."""
        return [p for p in self.pieces[variant.token] if isinstance(p, Rest)]


@dataclass(frozen=True, slots=True)
class Root:
    """Records that a field of the operation itself gave, and how they were read."""

    batch: Any
    plan: Plan
    variables: Any
    source: Any = None
    """Of a page: where it comes from."""
    run: Any = None
    """Of a page: the function that completes it."""

    def settled(self) -> Root:
        """What is needed to be answered again, without the request that it is from."""
        source = self.source
        if source is not None:
            source = replace(source, select=None)
        return replace(self, batch=None, source=source)
