"""A bounded cache that counts: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """At most `most` values by key; `hits` and `misses` tell how well it serves."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.hits = self.misses = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it is not kept; an error keeps nothing."""
        found = self._values.get(key)
        if found is not None:
            self.hits += 1
            self._values.move_to_end(key)
            return found
        self.misses += 1
        made = self._values[key] = make()
        if len(self._values) > self.most:
            self._values.popitem(last=False)
        return made
