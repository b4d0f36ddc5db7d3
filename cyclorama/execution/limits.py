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


_Size = tuple[int, int]
"""How many levels deep, and how many fields in all."""
DEEPEST_VALUE = 64
MOST_REPEATS = 100
MOST_FRAGMENTS = 200
NUL = "A text of the operation holds a NUL character; no value can have one."


def check_values(value: Any) -> None:
    """Raise `InvalidInputError` if a text of the variables holds what no database takes,
    or if they are nested deeper than any input is."""
    level = [value]
    for _ in range(DEEPEST_VALUE):
        inner: list[Any] = []
        for held in level:
            if isinstance(held, str):
                if "\0" in held:
                    raise InvalidInputError(NUL)
            elif isinstance(held, Mapping):
                inner += held
                inner += held.values()
            elif isinstance(held, list):
                inner += held
        if not inner:
            return
        level = inner
    raise InvalidInputError(
        f"The variables are nested more than {DEEPEST_VALUE} levels deep."
    )


def _check_literals(document: DocumentNode) -> None:
    text = document.loc.source.body if document.loc else ""
    if "\0" not in text and "\\u" not in text:
        return  # there is no other way to write one
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
    if len(fragments) > MOST_FRAGMENTS:
        raise CostLimitError(
            f"The document has {len(fragments)} fragments; at most {MOST_FRAGMENTS} are "
            "allowed. Ask for less in one request."
        )
    known: dict[str, _Size | None] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            depth, fields = _measured(definition.selection_set, fragments, known)
            if depth > limits.depth:
                raise CostLimitError(
                    f"The operation is {depth} levels deep; at most "
                    f"{limits.depth} are allowed. Ask for less in one request."
                )
            if fields > limits.fields:
                raise CostLimitError(
                    f"The operation asks for {fields} fields; at most "
                    f"{limits.fields} are allowed. Ask for less in one request."
                )


def _measured(
    selections: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, _Size | None],
) -> _Size:
    depth = fields = 0
    asked: dict[str, int] = {}
    for node in selections.selections:
        inner_depth = inner_fields = 0
        if isinstance(node, FieldNode):
            _count(node, asked)
            if node.selection_set:
                inner_depth, inner_fields = _measured(
                    node.selection_set, fragments, known
                )
            inner_depth, inner_fields = inner_depth + 1, inner_fields + 1
        elif isinstance(node, InlineFragmentNode):
            inner_depth, inner_fields = _measured(node.selection_set, fragments, known)
        elif isinstance(node, FragmentSpreadNode):
            inner_depth, inner_fields = _spread(node.name.value, fragments, known)
        depth, fields = max(depth, inner_depth), fields + inner_fields
    return depth, fields


def _count(node: FieldNode, asked: dict[str, int]) -> None:
    """Refuse what costs validation the square of its number: one field over and over."""
    key = (node.alias or node.name).value
    asked[key] = asked.get(key, 0) + 1
    if asked[key] > MOST_REPEATS:
        raise CostLimitError(
            f"The field {key[:80]!r} is asked more than {MOST_REPEATS} times in one "
            "place; ask for it once, or under other names."
        )


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
    return known.get(name) or (0, 0)
