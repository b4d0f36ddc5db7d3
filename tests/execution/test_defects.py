"""Defects that are planted in plans are found by comparing with graph resolvers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from copies import Templates
from differential.defects import DEFECTS, access_dropped
from differential.run import Different, compare
from differential.worlds import opened
from twin_copies import copied_twins

pytestmark = [
    pytest.mark.anyio,
    # A comparison that stops leaves behind what graph resolvers have not awaited.
    pytest.mark.filterwarnings("ignore"),
]
MOST = 600
"""Operations until a defect has to be found."""
SEEDS = {
    "null_check_dropped": 5,
    "wrong_alias": 4,
    "values_left_out": 1,
    "no_gate": 5,
    "page_without_end": 5,
    "wrong_place": 1,
    "first_unguarded": 4,
    "float_unguarded": 1,
}
"""Of sections in which the defect shows soon."""


@pytest.fixture
def urls(templates: Templates) -> Iterator[tuple[str, str]]:
    """Two equal databases."""
    with copied_twins(templates, "random", "sqlite") as found:
        yield found


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.__name__)
async def test_a_planted_defect_is_found(
    defect: Any, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    defect(monkeypatch)
    seed = SEEDS.get(defect.__name__, 0)
    guarded = defect is access_dropped
    async with opened("random", urls, seed, guarded=guarded) as world:
        with pytest.raises(Different):
            await compare(world, seed=seed, operations=MOST, shrink=False, alone=True)
