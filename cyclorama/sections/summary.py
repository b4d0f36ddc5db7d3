"""Summary: the overview on top, made of what other sections contribute and of fields."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import strawberry
from pydantic import BaseModel, ConfigDict, Field

from cyclorama.plugins import (
    JSON,
    Card,
    Env,
    FieldValue,
    Section,
    SectionBase,
    Trend,
    read,
    record,
    record_items,
)

MOST_CARDS = 12


class CardChoice(BaseModel):
    """A card to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(
        title="Card",
        description="The key of a card, as `open_cases`; a section's own card where two "
        "have the same key: `support.open_cases`.",
        max_length=161,
    )
    label: str | None = Field(
        default=None,
        title="Label",
        description="Instead of the card's own.",
        max_length=255,
    )


class FieldChoice(BaseModel):
    """A field to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(
        title="Field",
        description="A field of the record, or of a record one lookup away: `csm.name`.",
        max_length=161,
    )
    label: str | None = Field(
        default=None,
        title="Label",
        description="Instead of the field's own.",
        max_length=255,
    )
    decimals: int | None = Field(
        default=None,
        title="Decimals",
        description="Decimals that a number is shown with; its value is not rounded.",
        ge=0,
        le=9,
    )


class SummaryConfig(BaseModel):
    """What the overview shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cards: tuple[CardChoice, ...] | None = Field(
        default=None,
        title="Cards",
        description="Which cards, in this order; left out: the first twelve that the "
        "sections of the layout contribute.",
        max_length=MOST_CARDS,
    )
    fields: tuple[FieldChoice, ...] = Field(
        default=(), title="Fields", description="Fields of the record.", max_length=50
    )

    def paths(self, kind: str) -> list[tuple[str, str]]:
        """Kind of record and path of its fields, in order."""
        return [(kind, f.path) for f in self.fields]


@strawberry.type(description="How many of what.")
class SummaryCount:
    label: str
    count: int


@strawberry.type(
    description="One number or word of the overview, contributed by the section that "
    "owns it."
)
class SummaryCard:
    key: str
    label: str
    value: JSON | None
    display_value: str | None
    color: str | None
    trend: Trend
    breakdown: list[SummaryCount]
    section: str


def contributed(env: Env) -> Iterator[tuple[str, Card]]:
    """Section keys and cards of the layout, in its order, each once."""
    seen = set()
    for section in env.sections:
        if section.key not in seen:
            seen.add(section.key)
            yield from ((section.key, c) for c in section.cards if _has(env, c))


def _has(env: Env, card: Card) -> bool:
    """Whether a card is of the record's kind, and of nothing that masks hide."""
    return env.kind in card.kinds and env.masked.fields.isdisjoint(card.fields)


def cards(env: Env, config: SummaryConfig) -> list[Mapping[str, Any]]:
    """The cards that the settings choose; one that nobody contributes is left out."""
    held = list(contributed(env))
    if config.cards is None:
        return [_item(env, *one, None) for one in held[:MOST_CARDS]]
    named: dict[str, tuple[str, Card]] = {}
    for owner, card in held:
        named.setdefault(card.key, (owner, card))
        named[f"{owner}.{card.key}"] = (owner, card)
    chosen = [c for c in config.cards if c.key in named]
    return [_item(env, *named[c.key], c.label) for c in chosen]


def _item(env: Env, owner: str, card: Card, label: str | None) -> Mapping[str, Any]:
    def given(thing: Any) -> Any:
        """What a card shows, under the settings of its section."""
        if inspect.isfunction(thing):
            return thing(env.configs.get(owner), env.kind)
        return thing

    return {
        "key": card.key,
        "label": label or card.label,
        "value": given(card.value),
        "display_value": given(card.display_value),
        "color": given(card.color),
        "trend": given(card.trend),
        "breakdown": given(card.breakdown),
        "section": owner,
    }


def fields(env: Env, config: SummaryConfig) -> Sequence[Mapping[str, Any]]:
    """The chosen fields; a path that no field has any more is left out."""
    return record_items(env, config.fields)


@strawberry.type(description="The overview of the record.")
class SummarySection(SectionBase):
    cards: list[SummaryCard] = read.each(cards)
    fields: list[FieldValue] = read.each(fields)
    tags: list[str] = read.value(record.c.tags)
    comment: str | None = read.value(record.c.comment)


section = Section(
    key="summary",
    title="Summary",
    description="The overview: key numbers, fields, tags and a comment.",
    type=SummarySection,
    config=SummaryConfig,
    icon="layout-dashboard",
)
