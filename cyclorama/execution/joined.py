"""Rows of the record that a statement reads once for all that use their columns."""

from __future__ import annotations

from cyclorama.execution.binds import Binds
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.templates import Scope
from cyclorama.schema.symbols import RecordRow


class Joined:
    """The rows of the record that are joined to a statement or to one of its columns."""

    def __init__(self, library: Declarations, binds: Binds) -> None:
        self._library, self._binds = library, binds
        self._aliases: dict[RecordRow, str] = {}
        self._texts: list[str] = []
        self._made = 0

    def alias(self, row: RecordRow, kind: str) -> str:
        """The alias of a row, which is joined from here on."""
        found = self._aliases.get(row)
        if found is None:
            template = self._library.cached(
                ("row", row, kind),
                lambda: self._library.compiler.rows(row.made_of, Scope(kind)),
            )
            if template.joined:
                raise TypeError("a row of the record reads another one of them")
            self._made += 1
            found = self._aliases[row] = f"s{self._made}"
            text = self._binds.put(template, {"r": "r0"}, {})
            lateral = "" if self._library.dialect == "sqlite" else "LATERAL "
            on = "" if self._library.dialect == "sqlite" else " ON true"
            self._texts.append(f" LEFT JOIN {lateral}{text} {found}{on}")
        return found

    def to_statement(self) -> str:
        """What joins the rows, for the statement's FROM."""
        joins = "".join(self._texts)
        self._aliases.clear()
        self._texts.clear()
        return joins

    def to_column(self, text: str) -> str:
        """A column with the rows that it reads."""
        joins = self.to_statement()
        return f"(SELECT {text} FROM (SELECT 1 AS one) s0{joins})" if joins else text
