"""Operations on plain objects, usual ones and those that only graphql-core completes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import strawberry
from graphql.pyutils import Undefined
from plain_sample import Case, Part, Side, Thing, Tone, made, part, thing

ALL = """__typename name count share open at side tone key noteText price data
  part { label weight inner { __typename } } must { label inner { label weight } }
  parts { label weight } maybe { label } words grid"""


class Awaitable:
    """Awaitable without the warning of a coroutine that is not awaited."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        return self.value
        yield


class Odd(Thing):
    @property
    def name(self) -> str:  # type: ignore[override]
        raise ValueError("no name")

    @property
    def count(self) -> int:  # type: ignore[override]
        return next(COUNTER)


class Asked:
    label = "of the class"
    weight = 2.5

    def __getattr__(self, name: str) -> Any:
        return Awaitable(None)


class Slotted:
    __slots__ = ("label", "weight")

    def __init__(self) -> None:
        self.label, self.weight = "slot", 4


class Plainest:
    label = None

    def __init__(self) -> None:
        self.weight = 1.0


COUNTER = iter(range(10**6))


def cast() -> Any:
    return strawberry.cast(Part, thing())


def odd(*items: Any) -> Any:
    return lambda: [made(Odd, vars(thing())), *items]


SHARED = """{ a: thing { shout ...F part { label } } b: thing { shout ...F part { weight } } }
  fragment F on Thing { part { __typename } must { ...G } } fragment G on Part { label }"""
FLAGS = """query($s: Boolean!, $i: Boolean! = true) { things { name
  ... @skip(if: $s) { count ...F } ... on Named @include(if: $i) { n: name } } }
  fragment F on Thing { share parts { label @skip(if: $i) weight } }"""
USUAL = [
    Case(f"{{ things {{ {ALL} }} }}", lambda: [thing(), thing(name="b")]),
    Case(f"{{ thing {{ {ALL} }} }}", thing),
    Case("{ things { b: name a: name count name } }", lambda: (thing(),)),
    Case("{ things { name } }", list),
    Case("{ things { ... @skip(if: true) { name } } }", lambda: [thing()]),
    Case("{ maybe { name noteText } }", lambda: [None, thing(), None]),
    Case("{ things { share key } }", lambda: [thing(share=3, key=7)]),
    Case("{ things { part { label } part { weight label } } }", lambda: [thing()]),
    Case(
        "{ parts { label weight } }",
        lambda: [Slotted(), Plainest()],
    ),
    Case("{ words }", lambda: ["a", "b"]),
    Case(SHARED, thing),
    *(
        Case(FLAGS, lambda: [thing()], {"s": s, "i": i})
        for s in (True, False)
        for i in (True, False)
    ),
]
WRONG: list[dict[str, Any]] = [
    *({n: None} for n in vars(thing())),
    *({"count": v} for v in (2**31, -(2**31) - 1, 2**31 - 1, 1.0, 1.5, True, "5", "x")),
    *({"share": v} for v in (float("nan"), float("inf"), True, "1.5", "x", 2**60 + 1)),
    *({"open": v} for v in (1, 0.5, "yes", Undefined)),
    *({"key": v} for v in (1.0, 1.5, True, b"x", 10**30, Decimal(1))),
    *({"name": v} for v in (1, True, 1.5, b"x", {}, ValueError("raised"), Tone.LOUD)),
    *({"side": v} for v in ("l", "SMALL", Tone.LOUD, [], Side, Awaitable(Side.SMALL))),
    *({"tone": v} for v in ("loud", "LOUD", Side.LARGE)),
    *({"at": v} for v in (datetime(2026, 1, 1), date(2026, 1, 1), "x", Awaitable(None))),
    *({"price": v} for v in (1, "1", Awaitable(Decimal(2)), ValueError("no"))),
    *({"part": v} for v in (1, {}, Undefined, Awaitable(part()), KeyError("k"), Asked())),
    *({"must": v} for v in (part(weight=None), part(inner=part(weight=None)), object())),
    *({"parts": v} for v in ([None], [part(), 1], "text", {}, 5, {"a": 1}, [Awaitable(part())])),
    *({"maybe": v} for v in ([part(weight="x"), part()], [[]], Awaitable([part()]))),
    *({"words": v} for v in ([1], ["a", Awaitable("b")], ("a",), {"a"}, [ValueError("w")])),
    *({"grid": v} for v in ([[1], None], [[None]], [[2**31]], [1], ([1], (2,)))),
]  # fmt: skip
UNUSUAL = [
    *(
        Case(f"{{ {root} {{ {ALL} }} }}", lambda w=w, m=m: m(w))
        for w in WRONG
        for root, m in (
            ("thing", lambda w: thing(**w)),
            ("things", lambda w: [thing(), thing(**w)]),
            ("maybe", lambda w: [thing(**w), thing(), thing(**w)]),
        )
    ),
    Case("{ things { name } }", odd(thing())),
    Case("{ maybe { name } }", odd(None)),
    Case("{ must { name } }", lambda: None),
    Case("{ things { name } }", lambda: [None]),
    Case("{ things { __typename } }", lambda: [Awaitable(thing())]),
    Case("{ parts { __typename } }", lambda: [Awaitable(part()), part()]),
    Case("{ parts { __typename } }", lambda: [ValueError("an item")]),
    Case("{ parts { __typename label } }", lambda: [Undefined]),
    Case("{ things { __typename } }", lambda: [part(), thing()]),
    Case("{ thing { __typename } }", cast),
    Case("{ things { __typename name } }", lambda: [cast()]),
    Case("{ thing { name } }", lambda: SimpleNamespace(name="x")),
    Case("{ parts { label } }", lambda: [Asked()]),
    Case("{ parts { label inner { label } } }", lambda: [Asked()]),
    Case("{ parts { label } }", lambda: [{"label": "x"}]),
    Case("{ parts { label } }", lambda: (p for p in [part(), part(label=1)])),
    Case("{ parts { label } }", lambda: failing(part())),
    Case("{ parts { label weight } }", lambda: failing(part(weight=None))),
    Case("{ parts { label } }", lambda: later(part())),
    Case("{ parts { label weight } }", lambda: later(part(), fails=True)),
    Case("{ parts { label } }", lambda: {"a": part()}),
    Case("{ parts { label } }", lambda: "text"),
    Case("{ named { __typename name ... on Thing { count } } }", lambda: [thing(), thing(count="x")]),
    Case("{ named { __typename name } }", lambda: [part()]),
    Case("{ things { name shout } }", lambda: [thing()]),
    Case("query($s: Boolean) { things { name @skip(if: $s) } }", lambda: [thing()], {"s": None}, valid=False),
    Case("{ things { name @stream } }", lambda: [thing()], valid=False),
    Case("{ things { ... @defer { name } } }", lambda: [thing()], valid=False),
    Case("{ things { name nothing } }", lambda: [thing()], valid=False),
    Case("{ words }", lambda: ["a", None]),
]  # fmt: skip


def failing(*items: Any) -> Iterator[Any]:
    yield from items
    raise ValueError("no more")


async def later(*items: Any, fails: bool = False) -> AsyncIterator[Any]:
    for item in items:
        yield item
    if fails:
        raise ValueError("no more")
