"""Rows of the record that a statement reads once for all that use their columns."""

from __future__ import annotations

import re

from cyclorama.execution.binds import Binds
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.templates import Scope
from cyclorama.resolvers.context import Env
from cyclorama.schema.symbols import RecordRow

_ALIAS = re.compile(r"\bs[0-9]+\.")


class Joined:
    """The rows of the record that are joined to a statement or to one of its columns."""

    def __init__(self, library: Declarations, binds: Binds) -> None:
        self._library, self._binds = library, binds
        self._aliases: dict[RecordRow, str] = {}
        self._joins: dict[str, str] = {}

    def alias(self, row: RecordRow, env: Env) -> str:
        """The alias of a row, which is joined from here on."""
        found = self._aliases.get(row)
        if found is None:
            template = self._library.cached(
                ("row", row, env.kind, env.masked),
                lambda: self._library.compiler.rows(
                    row.made_of, Scope(env.kind, hidden=env.hidden)
                ),
            )
            if template.joined:
                raise TypeError("a row of the record reads another one of them")
            found = self._aliases[row] = f"s{len(self._aliases) + 1}"
            text = self._binds.put(template, {"r": "r0"}, {})
            if self._library.dialect == "sqlite":
                self._joins[found] = f" LEFT JOIN {text} {found}"
            else:
                self._joins[found] = f" LEFT JOIN LATERAL {text} {found} ON true"
        return found

    def to_statement(self) -> str:
        """What joins the rows, for the statement's FROM."""
        return "".join(self._joins.values())

    def to_column(self, text: str) -> str:
        """A column with the rows that it reads."""
        read = (join for alias, join in self._joins.items() if f"{alias}." in text)
        joins = "".join(read)
        return f"(SELECT {text} FROM (SELECT 1 AS one) s0{joins})" if joins else text


def reads_rows(text: str) -> bool:
    """Whether an expression reads a row of the record."""
    return _ALIAS.search(text) is not None
