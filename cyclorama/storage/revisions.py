"""Revisions of tables as their files name them, read without running one.

Whether a database is up to date is asked at each start and by each probe: that must not
need Alembic, nor run the code of every revision there has ever been.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

Downs = Mapping[str, tuple[str, ...]]
"""Revision -> those right below it; the oldest first."""


def read_revisions(folder: str) -> Downs:
    """The revisions of a folder; `ValueError` or `OSError` where they can't be read."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(p for p in Path(folder).iterdir() if p.suffix == ".py"):
        named = _named(ast.parse(file.read_text("utf-8"), str(file)))
        if "revision" in named:
            below = named.get("down_revision") or ()
            found[named["revision"]] = (
                (below,) if isinstance(below, str) else tuple(below)
            )
    missing = {below for downs in found.values() for below in downs} - set(found)
    if missing:
        raise ValueError(f"the revision {min(missing)!r} is missing")
    try:
        return {r: found[r] for r in TopologicalSorter(found).static_order()}
    except CycleError as error:
        raise ValueError("they refer to each other in a circle") from error


def with_those_below(downs: Downs, heads: Iterable[str]) -> set[str]:
    """These revisions and all that they stand on."""
    done: set[str] = set()
    waiting = list(heads)
    while waiting:
        revision = waiting.pop()
        if revision not in done:
            done.add(revision)
            waiting += downs[revision]
    return done


def _named(module: ast.Module) -> dict[str, Any]:
    """The literals that are given to `revision` and `down_revision`."""
    found = {}
    for node in module.body:
        for target, value in _given(node):
            if getattr(target, "id", "") in ("revision", "down_revision"):
                found[target.id] = ast.literal_eval(value)
    return found


def _given(node: Any) -> Iterator[tuple[Any, Any]]:
    """What a statement assigns to what: `a = 1`, `a: int = 1`, `a, b = 1, 2`."""
    if isinstance(node, ast.AnnAssign):
        yield node.target, node.value
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value
