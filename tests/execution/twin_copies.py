"""Copies of the databases of the worlds that are compared, two at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from copies import DEMO, Recipe, Templates
from differential.demo import add_wild
from differential.random_sections import fill

RECIPES = {
    "demo": Recipe("wild-demo", add_wild, on=DEMO),
    "random": Recipe("random", fill),
}


@contextmanager
def copied_twins(
    templates: Templates, name: str, engine: str
) -> Iterator[tuple[str, str]]:
    """The URLs of two databases of a world."""
    recipe = RECIPES[name]
    with (
        templates.copied(recipe, engine) as one,
        templates.copied(recipe, engine) as other,
    ):
        yield one, other
