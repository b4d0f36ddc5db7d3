"""What a new database starts with: types of CTAs and what is offered for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclorama.plugins import PicklistItemRow, Row
from cyclorama.sections.cockpit.rules import Category
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    STATUS,
    TYPE,
    ChoiceRow,
    TypeRow,
)

ITEMS: Mapping[str, tuple[tuple[str, str, str | None, str | None], ...]] = {
    TYPE: (
        ("risk", "Risk", "#c62828", "RISK"),
        ("expansion", "Expansion", "#2e7d32", "EXPANSION"),
        ("lifecycle", "Lifecycle", "#1565c0", "LIFECYCLE"),
        ("objective", "Objective", "#6a1b9a", "OBJECTIVE"),
        ("activity", "Activity", "#546e7a", "ACTIVITY"),
    ),
    REASON: (
        ("low_usage", "Low usage", None, None),
        ("low_health", "Low health score", None, None),
        ("low_nps", "Low NPS", None, None),
        ("sponsor_change", "Sponsor left", None, None),
        ("support_load", "Many support cases", None, None),
        ("upsell", "Upsell", None, None),
        ("cross_sell", "Cross-sell", None, None),
        ("onboarding", "Onboarding", None, None),
        ("business_review", "Business review", None, None),
        ("renewal", "Renewal", None, None),
        ("follow_up", "Follow-up", None, None),
        ("other", "Other", None, None),
    ),
    PRIORITY: (
        ("low", "Low", "#90a4ae", None),
        ("medium", "Medium", "#f9a825", None),
        ("high", "High", "#ef6c00", None),
        ("critical", "Critical", "#c62828", None),
    ),
    STATUS: (
        ("new", "New", "#1565c0", Category.OPEN),
        ("in_progress", "Work in progress", "#f9a825", Category.IN_PROGRESS),
        ("closed_success", "Closed success", "#2e7d32", Category.CLOSED_SUCCESS),
        ("closed_lost", "Closed lost", "#c62828", Category.CLOSED_LOST),
        ("closed_invalid", "Closed invalid", "#9e9e9e", Category.CLOSED_INVALID),
    ),
}
"""Key, label, colour and category of the items of each vocabulary, in order."""
REASONS = {
    "risk": ("low_usage", "low_health", "low_nps", "sponsor_change", "support_load"),
    "expansion": ("upsell", "cross_sell"),
    "lifecycle": ("onboarding", "business_review", "renewal"),
    "objective": ("onboarding", "business_review"),
    "activity": ("follow_up",),
}
"""The reasons of each type; `other` is everybody's, and the default."""
DEFAULTS = {"other", "medium"} | {key for key, *_ in ITEMS[STATUS]}


def item_id(picklist: str, key: str) -> str:
    """The id of an item that a new database gets."""
    own = f"{picklist}{key}".replace(".", "").replace("_", "")
    return f"picklist_item_{own}"


def vocabulary(held: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    """Items, types and choices, nothing where there is a type of CTA already. `held` are
    the ids of items by vocabulary and key."""
    if any(picklist == TYPE for picklist, _ in held):
        return
    yield from (_item(p, n) for p, n in _places() if (p, ITEMS[p][n][0]) not in held)
    ids = ids_of(held)
    for position, (key, *_) in enumerate(ITEMS[TYPE]):
        yield TypeRow(
            id=ids[TYPE, key],
            position=position,
            record_kind=None,
            only_in_plans=key == "objective",
        )
    for type_key, reasons in REASONS.items():
        offered = {
            REASON: (*reasons, "other"),
            PRIORITY: tuple(key for key, *_ in ITEMS[PRIORITY]),
            STATUS: tuple(key for key, *_ in ITEMS[STATUS]),
        }
        for picklist, keys in offered.items():
            for key in keys:
                yield ChoiceRow(
                    type_id=ids[TYPE, type_key],
                    item_id=ids[picklist, key],
                    is_default=key in DEFAULTS,
                )


def ids_of(held: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """The ids of all items, of those that there are and of those that are added."""
    made = {(p, i[0]): item_id(p, i[0]) for p, items in ITEMS.items() for i in items}
    return {**made, **held}


def _places() -> Iterator[tuple[str, int]]:
    return ((p, n) for p, items in ITEMS.items() for n in range(len(items)))


def _item(picklist: str, place: int) -> PicklistItemRow:
    key, label, color, category = ITEMS[picklist][place]
    return PicklistItemRow(
        id=item_id(picklist, key),
        picklist=picklist,
        key=key,
        label=label,
        color=color,
        category=None if category is None else str(category),
        active=True,
        position=place,
    )
