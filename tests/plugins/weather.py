"""Builders for tests of composition: small sections about the weather."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import (
    KEY,
    Company,
    Context,
    Info,
    Parent,
    Payload,
    Record360,
    Row,
    Section,
    SectionBase,
    UserError,
    key_column,
    read,
    record,
)


class SkyRow(Row):
    """What the sky over a company was like."""

    __tablename__ = "weather_sky"

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"), index=True)
    words: Mapped[str]


class HillRow(Row):
    """A table whose name two sections could claim."""

    __tablename__ = "weather_hill_top"

    id: Mapped[str] = key_column()


@strawberry.type(description="What the sky is like.")
@read.table(SkyRow)
class Sky:
    id: strawberry.ID
    words: str


@strawberry.type(description="The weather over the record.")
class WeatherSection(SectionBase):
    skies: list[Sky] = read.many(
        SkyRow, SkyRow.company_id == record.id, order_by=[SkyRow.id]
    )


@strawberry.type(description="The weather of tomorrow.")
class ForecastSection(SectionBase):
    words: str = read.value("Rain.")


@strawberry.type(description="The answer to a wish for weather.")
class WishPayload(Payload):
    wish: str
    errors: list[UserError]


async def wind(record: Parent[Record360]) -> str:
    """From where the wind
    blows.

    Not for clients: it always blows from the west.
    """
    return f"west of {record.id}"


async def rain(company: Parent[Company], info: Info, days: int = 1) -> list[float]:
    """Litres for each of the days."""
    return await info.context.load(rains, (company.id, days))


async def rains(context: Context, keys: Sequence[tuple[str, int]]) -> list[list[float]]:
    """(company, days) in, litres of each day out; one call."""
    context_calls.append(len(keys))
    return [[float(d) for d in range(days)] for _, days in keys]


context_calls: list[int] = []
"""How many keys each call of `rains` was given."""


async def smell(sky: Parent[WeatherSection]) -> str:
    """What is in the air."""
    return "Ozone."


async def wish(info: Info, words: str) -> WishPayload:
    """Wish for another weather."""
    return WishPayload(wish=words, errors=[])


def weather(**values: Any) -> Section:
    """The section with a table, in the declared form."""
    given = {
        "key": "weather",
        "title": "Weather",
        "type": WeatherSection,
        "tables": [SkyRow],
        **values,
    }
    return Section(**given)


def forecast(**values: Any) -> Section:
    """A section without tables."""
    given = {"key": "forecast", "title": "Forecast", "type": ForecastSection, **values}
    return Section(**given)


def instruments(**values: Any) -> Section:
    """A section in the resolver form, with a mutation."""
    given = {
        "key": "instruments",
        "title": "Instruments",
        "fields": [wind, rain],
        "mutations": [wish],
        **values,
    }
    return Section(**given)
