"""Limits of an operation's text, checked by one walk before it is validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from cyclorama.errors import CostLimitError, InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an operation may be at most; fragments count wherever they are spread."""

    tokens: int = 20_000
    depth: int = 15
    fields: int = 2_000


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int
    fields: int


NUL = "A text of the operation holds a NUL character; no value can have one."


def check_values(value: Any) -> None:
    """Raise `InvalidInputError` if a text of the variables holds what no database takes."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInputError(NUL)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            check_values(key)
            check_values(held)
    elif isinstance(value, list):
        for held in value:
            check_values(held)


def _check_literals(document: DocumentNode) -> None:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        check_values(token.value)
        token = token.next


def check(document: DocumentNode, limits: Limits) -> None:
    """Raise `CostLimitError` if an operation of the document is deeper or larger, and
    `InvalidInputError` if a literal is no text for a database."""
    _check_literals(document)
    fragments = {
        d.name.value: d
        for d in document.definitions
        if isinstance(d, FragmentDefinitionNode)
    }
    known: dict[str, _Size | None] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = _measured(definition.selection_set, fragments, known)
            if size.depth > limits.depth:
                raise CostLimitError(
                    f"The operation is {size.depth} levels deep; at most "
                    f"{limits.depth} are allowed. Ask for less in one request."
                )
            if size.fields > limits.fields:
                raise CostLimitError(
                    f"The operation asks for {size.fields} fields; at most "
                    f"{limits.fields} are allowed. Ask for less in one request."
                )


def _measured(
    selections: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, _Size | None],
) -> _Size:
    depth = fields = 0
    for node in selections.selections:
        size = _Size(0, 0)
        if isinstance(node, FieldNode):
            inner = (
                _measured(node.selection_set, fragments, known)
                if node.selection_set
                else _Size(0, 0)
            )
            size = _Size(inner.depth + 1, inner.fields + 1)
        elif isinstance(node, InlineFragmentNode):
            size = _measured(node.selection_set, fragments, known)
        elif isinstance(node, FragmentSpreadNode):
            size = _spread(node.name.value, fragments, known)
        depth, fields = max(depth, size.depth), fields + size.fields
    return _Size(depth, fields)


def _spread(
    name: str,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, _Size | None],
) -> _Size:
    """A fragment's size, measured once; one that is missing or spreads itself is left
    to validation."""
    if name not in known and name in fragments:
        known[name] = None
        known[name] = _measured(fragments[name].selection_set, fragments, known)
    return known.get(name) or _Size(0, 0)
