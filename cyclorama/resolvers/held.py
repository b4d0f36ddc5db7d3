"""Awaitables that nobody may come to await: who waits may be cancelled before that."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any


class Held:
    """A coroutine that is closed where it is dropped before it has begun; Python warns of
    a bare one."""

    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work: Coroutine[Any, Any, Any] | None = work

    def __await__(self) -> Generator[Any, Any, Any]:
        work, self._work = self._work, None
        if work is None:
            raise RuntimeError("what is held is awaited once")
        return work.__await__()

    def __del__(self) -> None:
        if self._work is not None:
            self._work.close()


class Later:
    """A coroutine that is made when somebody awaits it. One that exists may be found by
    the collector of cycles before what would close it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._make().__await__()


def held(value: Any) -> Any:
    """The value; a coroutine in what closes it."""
    return Held(value) if isinstance(value, CoroutineType) else value
