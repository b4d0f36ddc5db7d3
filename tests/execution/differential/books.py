"""Random layout books: what is placed, how often, where, and who gets it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import (
    KINDS,
    SURFACES,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
)

Configs = Mapping[str, Sequence[Mapping[str, Any]]]
"""Settings to choose from, by section."""
SEVERAL: Final = ("attributes",)
"""Sections that a layout may hold more than once."""


def random_book(
    chance: random.Random, sections: Mapping[str, Any], configs: Configs
) -> LayoutBook:
    """Two to four layouts for each kind of record."""
    layouts, assignments = [], []
    for kind in KINDS:
        usable = [k for k, s in sections.items() if kind in s.kinds]
        for number in range(chance.randint(2, 4)):
            key = f"{kind.lower()}_{number}"
            held = chance.sample(usable, chance.randint(len(usable) // 3, len(usable)))
            layouts.append(
                Layout(
                    key,
                    kind,
                    None,
                    f"Läyout {number}",
                    is_default=number == 0,
                    placements=tuple(_placements(chance, held, configs)),
                    id=f"layout_{key.replace('_', '')}",
                )
            )
            if number:
                assignments.append(_assignment(chance, len(assignments), key))
    return LayoutBook(tuple(layouts), tuple(assignments))


def _placements(
    chance: random.Random, held: Sequence[str], configs: Configs
) -> list[Placement]:
    made = []
    for section in held:
        for number in range(chance.randint(1, 3) if section in SEVERAL else 1):
            surfaces = SURFACES if chance.random() < 0.8 else chance.sample(SURFACES, 2)
            made.append(
                Placement(
                    section if not number else f"{section}_{number}",
                    section,
                    label=chance.choice((None, 'Lábel "🙂"')),
                    surfaces=tuple(surfaces),
                    config=chance.choice(configs.get(section, ({},))),
                )
            )
    chance.shuffle(made)
    return made


def _assignment(chance: random.Random, rank: int, layout: str) -> Assignment:
    statuses = chance.choice((("active",), ("ended", "inactive"), ("none",)))
    record = chance.choice(((), (Clause("status", "IN", statuses),)))
    groups = (Clause(GROUPS, "IN_GROUP", (chance.choice(("csm", "exec", "admin")),)),)
    viewer = groups if not record else chance.choice(((), groups))
    return Assignment(rank, f"rule {rank}", layout, viewer=viewer, record=record)
