"""The smallest operation that still shows a difference: parts are left out greedily."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    VariableNode,
    parse,
    print_ast,
    visit,
)
from graphql.language import REMOVE, Visitor

Differs = Callable[[str], Awaitable[bool]]


async def shrunk(text: str, differs: Differs, most: int = 400) -> str:
    """A text in which nothing more can be left out, or not within so many tries."""
    tries = 0
    found = True
    while found:
        found = False
        for less in smaller(text):
            tries += 1
            if tries > most:
                return text
            if await differs(less):
                text, found = less, True
                break
    return text


def smaller(text: str) -> Iterator[str]:
    """The text without each of its parts in turn, the largest parts first."""
    document = parse(text)
    parts = sorted(_parts(document), key=lambda n: n.loc.start - n.loc.end)
    for part in parts:
        less = _tidy(_without(document, part))
        if less is not None:
            yield less


def _parts(document: Any) -> list[Any]:
    found: list[Any] = []

    class Collect(Visitor):
        def enter(self, node: Any, *_: Any) -> None:
            if node.kind in (
                "field",
                "inline_fragment",
                "fragment_spread",
                "argument",
                "directive",
                "object_field",
            ):
                found.append(node)

    visit(document, Collect())
    return found


def _without(document: Any, part: Any) -> Any:
    class Remove(Visitor):
        def enter(self, node: Any, *_: Any) -> Any:
            return REMOVE if node is part else None

    return visit(document, Remove())


def _tidy(document: Any) -> str | None:
    """Without fragments and variables that nothing names; None if nothing is left."""
    while True:
        used = _names(document, FragmentSpreadNode)
        kept = [
            d
            for d in document.definitions
            if not isinstance(d, FragmentDefinitionNode) or d.name.value in used
        ]
        if len(kept) == len(document.definitions):
            break
        document = _with(document, kept)
    return _printed(document.definitions)


def _with(document: Any, definitions: Sequence[Node]) -> Any:
    return type(document)(definitions=tuple(definitions), loc=document.loc)


def _names(document: Any, kind: type[Node]) -> set[str]:
    found: set[str] = set()

    class Collect(Visitor):
        def enter(self, node: Any, *_: Any) -> None:
            if isinstance(node, kind):
                found.add(node.name.value)  # type: ignore[attr-defined]

    for definition in document.definitions:
        for child in (definition.selection_set, *(definition.directives or ())):
            visit(child, Collect())
    return found


def _printed(definitions: Sequence[Any]) -> str | None:
    texts = []
    for definition in definitions:
        if not definition.selection_set.selections:
            return None
        text = print_ast(definition)
        if isinstance(definition, OperationDefinitionNode):
            text = _with_used_variables(definition, definitions)
        texts.append(text)
    text = "\n".join(texts)
    return None if "{\n\n}" in text or "{}" in text else text


def _with_used_variables(operation: Any, definitions: Sequence[Any]) -> str:
    used: set[str] = set()
    for definition in definitions:
        used |= _names(
            type("Document", (), {"definitions": [definition]}), VariableNode
        )
    given = [
        print_ast(v)
        for v in operation.variable_definitions or ()
        if v.variable.name.value in used
    ]
    body = print_ast(operation.selection_set)
    head = f"{operation.operation.value} Q"
    return f"{head}({', '.join(given)}) {body}" if given else f"{head} {body}"
