"""A bounded cache that counts: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key, `None` excepted: at most `most`, weighing at most `heaviest` in
    all; `hits` and `misses` tell how well it serves.

    Nothing in it waits: who asks for a key first makes its value before anyone else can
    ask, so that a burst for one key makes it once."""

    def __init__(self, most: int, heaviest: int | None = None) -> None:
        self.most = most
        self.heaviest = heaviest
        self.weight = 0
        self.hits = self.misses = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def find(self, key: K) -> V | None:
        """The value of a key, if it is kept."""
        found = self._values.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._values.move_to_end(key)
        return found[0]

    def look(self, key: K) -> V | None:
        """As `find`, without being counted or kept for longer by it."""
        found = self._values.get(key)
        return None if found is None else found[0]

    def put(self, key: K, value: V, weight: int = 1) -> V:
        """Keep a value, unless it alone weighs more than a tenth of all that may be kept;
        what is too much goes."""
        if self.heaviest is not None and weight > self.heaviest // 10:
            return value
        _, replaced = self._values.pop(key, (None, 0))
        self._values[key] = (value, weight)
        self.weight += weight - replaced
        while self._is_too_much():
            _, (_, gone) = self._values.popitem(last=False)
            self.weight -= gone
        return value

    def get(self, key: K, make: Callable[[], V], weight: int = 1) -> V:
        """The value of a key, made if it is not kept; an error keeps nothing."""
        found = self.find(key)
        return self.put(key, make(), weight) if found is None else found

    def _is_too_much(self) -> bool:
        heavy = self.heaviest is not None and self.weight > self.heaviest
        return heavy or len(self._values) > self.most
