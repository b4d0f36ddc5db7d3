"""What can be wrong with a card of a scorecard file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cyclorama.plugins import ClauseEntry, Problems, listed, wrong_clauses
from cyclorama.sections.scorecard.file_entries import (
    CardEntry,
    CriterionEntry,
    Definitions,
    ExceptionEntry,
    NodeEntry,
)

MOST_MEASURES, MOST_GROUPS = 100, 20
"""Of a card."""


class CardCheck:
    """What can be wrong with a card."""

    def __init__(
        self, path: Any, card: CardEntry, known: Definitions, found: Problems
    ) -> None:
        self.path, self.card, self.known, self.found = path, card, known, found

    def add(self, path: Any, code: str, message: str) -> None:
        self.found.add(
            (*self.path, *path), code, f"Scorecard {self.card.key!r}: {message}"
        )

    def all(self, fields: Sequence[Any]) -> None:
        """Note every problem."""
        card = self.card
        schemes = [s.kind for s in self.known.schemes]
        if card.scheme not in schemes:
            message = (
                f"there is no scheme {card.scheme}; use one of: {listed(schemes)}."
            )
            self.add(("scheme",), "LOOKUP_NOT_FOUND", message)
        for part, code, message in wrong_clauses(card.kind, card.criteria, fields):
            self.add(("criteria", *part), code, message)
        self._children()
        self._nodes()
        self._weights()
        seen = set[str]()
        for n, exception in enumerate(card.exceptions):
            if exception.key in seen:
                message = f"another exception has the key {exception.key!r}."
                self.add(("exceptions", n, "key"), "DUPLICATE", message)
            seen.add(exception.key)
            self._exception(("exceptions", n), exception, fields)

    def _children(self) -> None:
        rule = self.card.children
        if rule is None:
            return
        if self.card.kind != "COMPANY":
            message = "only cards of companies can have `children`."
            self.add(("children",), "INVALID", message)
        if rule.above > rule.up_to:
            message = "`above` can't be more than `up_to`."
            self.add(("children", "above"), "RANGE", message)

    def _nodes(self) -> None:
        own = {m.key for m in self.known.measures if m.kind == self.card.kind}
        seen = set[str]()
        for path, part, key in _keys(self.card.nodes):
            if key in seen:
                message = f"{key!r} stands on it twice; remove one."
                self.add(("nodes", *path), "DUPLICATE", message)
            seen.add(key)
            if part == "measure" and key not in own:
                message = (
                    f"there is no measure {key!r} of kind {self.card.kind}; use one of: "
                    f"{listed(own)}."
                )
                self.add(("nodes", *path), "LOOKUP_NOT_FOUND", message)
        groups = [n for n in self.card.nodes if n.group is not None]
        measures = len(seen) - len(groups)
        for count, most, what in (
            (len(groups), MOST_GROUPS, "groups"),
            (measures, MOST_MEASURES, "measures"),
        ):
            if count > most:
                message = f"it has {count} {what}; at most {most} are allowed."
                self.add(("nodes",), "LIMIT_EXCEEDED", message)

    def _weights(self) -> None:
        """Something has to count: of the card, and of each group that has measures."""
        nodes = self.card.nodes
        tops: list[Any] = [n for n in nodes if n.measure or n.measures]
        if self.card.flat:
            tops = [m for n in nodes for m in ([n] if n.measure else n.measures)]
        if not any(n.weight > 0 for n in tops):
            message = "all weights are 0, so nothing would count; raise one."
            self.add(("nodes",), "RANGE", message)
        for n, node in enumerate(nodes):
            if node.measures and not any(m.weight > 0 for m in node.measures):
                message = f"all weights in the group {node.group!r} are 0; raise one."
                self.add(("nodes", n, "measures"), "RANGE", message)

    def _exception(
        self, path: Any, exception: ExceptionEntry, fields: Sequence[Any]
    ) -> None:
        groups = {n.group for n in self.card.nodes if n.group is not None}
        if exception.target is not None and exception.target not in groups:
            message = (
                f"it has no group {exception.target!r}; use one of: {listed(groups)}, "
                "or leave `target` out for the overall score."
            )
            self.add((*path, "target"), "LOOKUP_NOT_FOUND", message)
        if exception.effect != "ADJUST" and exception.value < 0:
            message = "a score is from 0 to 100; only ADJUST takes less."
            self.add((*path, "value"), "RANGE", message)
        for n, criterion in enumerate(exception.criteria):
            for part, code, message in self._criterion(criterion, groups, fields):
                self.add((*path, "criteria", n, part), code, message)

    def _criterion(
        self, asked: CriterionEntry, groups: set[str], fields: Sequence[Any]
    ) -> Iterator[tuple[str, str, str]]:
        measures = {key for _, part, key in _keys(self.card.nodes) if part == "measure"}
        own = groups if asked.left == "GROUP" else measures
        if asked.left == "OVERALL" and asked.key is not None:
            yield "key", "INVALID", "OVERALL has no key; remove it."
        elif asked.left == "ATTRIBUTE":
            named = ClauseEntry(attribute=asked.key or "nothing", operator="NOT_NULL")
            for _, code, message in wrong_clauses(self.card.kind, [named], fields):
                yield "key", code, message
        elif asked.left != "OVERALL" and asked.key not in own:
            message = f"it has no {asked.key!r} for {asked.left}; use one of: "
            yield "key", "LOOKUP_NOT_FOUND", f"{message}{listed(own)}."
        fewest, most = {"IN": (1, 100), "IS_NA": (0, 0), "NOT_NA": (0, 0)}.get(
            asked.operator, (1, 1)
        )
        if not fewest <= len(asked.values) <= most:
            message = f"{asked.operator} can't take {len(asked.values)} values."
            yield "values", "INVALID", message
        if asked.left == "BAND" and asked.operator in ("LT", "LE", "GE", "GT"):
            message = "bands are compared by EQ, NE or IN, with their labels."
            yield "operator", "INVALID", message
        schemes = (s for s in self.known.schemes if s.kind == self.card.scheme)
        labels = [b.label for s in schemes for b in s.bands]
        for value in asked.values:
            if asked.left == "BAND" and value not in labels:
                message = f"its scheme has no band {value!r}; use one of: "
                yield "values", "LOOKUP_NOT_FOUND", f"{message}{listed(labels)}."
            elif asked.left == "ATTRIBUTE" and asked.operator in ("EQ", "NE", "IN"):
                if not (isinstance(value, str) or _is_number(value)):
                    yield "values", "TYPE", f"{value!r} is neither text nor a number."
            elif asked.left != "BAND" and not _is_number(value):
                yield "values", "TYPE", f"{value!r} is no number."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _keys(nodes: Sequence[NodeEntry]) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    """Path, part and key of all that stands on a card."""
    for n, node in enumerate(nodes):
        part = "group" if node.measure is None else "measure"
        yield (n, part), part, node.group or node.measure or ""
        for m, one in enumerate(node.measures):
            yield (n, "measures", m, "measure"), "measure", one.measure
