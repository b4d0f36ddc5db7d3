"""Demo usage: 90 days up to today of modules, active people and entitlements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
    UsageModuleRow,
)

DAYS = 90
MODULES = (
    ("workspace", "Workspace", "sessions", "SUM"),
    ("reports", "Reports", "reports", "SUM"),
    ("api", "API", "calls", "SUM"),
    ("storage", "Storage", "GB", "LAST"),
)
"""Key, name, unit, aggregation."""


def demo(records: DemoRecords) -> Iterator[Row]:
    """Modules, then what each relationship used; the same rows on every run.

    A person is the company's, so two relationships may share one."""
    for place, (key, name, unit, aggregation) in enumerate(MODULES):
        yield UsageModuleRow(
            id=_module(key),
            key=key,
            name=name,
            unit=unit,
            aggregation=aggregation,
            position=place,
        )
    days = [records.today - timedelta(days=n) for n in reversed(range(DAYS))]
    for relationship, company in records.relationships:
        yield _entitlement(relationship, company, days[0])
        yield from _values(relationship, company, days)
        yield from _people(relationship, company, days)


def _dice(sides: int, *seed: object) -> int:
    return crc32("/".join(map(str, seed)).encode()) % sides


def _module(key: str) -> str:
    return f"usage_module_demo{key}"


def _own(identifier: str) -> str:
    """The part of an id behind its type."""
    return identifier.rpartition("_")[2]


def _licences(relationship: str) -> int:
    return 4 + _dice(10, relationship, "licences")


def _entitlement(relationship: str, company: str, since: date) -> UsageEntitlementRow:
    return UsageEntitlementRow(
        id=f"usage_entitlement_{_own(relationship)}",
        company_id=company,
        relationship_id=relationship,
        quantity=_licences(relationship),
        modules=len(MODULES),
        starts_on=since - timedelta(days=365),
        ends_on=None,
    )


def _values(
    relationship: str, company: str, days: list[date]
) -> Iterator[UsageDailyRow]:
    """Two modules in the mean, rising or falling, quieter at weekends; some days are
    missing."""
    slope = _dice(7, relationship, "slope") - 3
    for key, *_ in MODULES:
        if _dice(2, relationship, key):
            continue
        level = 20 + _dice(200, relationship, key, "level")
        for place, day in enumerate(days):
            if _dice(25, relationship, key, place) == 0:
                continue
            quiet = 4 if day.weekday() > 4 and key != "storage" else 1
            grown = level * (300 + slope * place) // 300
            yield UsageDailyRow(
                id=f"usage_daily_{_own(relationship)}{key}{place:02d}",
                company_id=company,
                relationship_id=relationship,
                module_id=_module(key),
                day=day,
                value=float((grown + _dice(10, relationship, key, place)) // quiet),
            )


def _people(
    relationship: str, company: str, days: list[date]
) -> Iterator[UsageActiveDayRow]:
    """Each person on about two working days in five."""
    slope = _dice(7, relationship, "slope") - 3
    for number in range(_licences(relationship) - _dice(3, relationship, "idle")):
        for place, day in enumerate(days):
            chance = 40 + slope * (place - DAYS // 2) // 5
            if day.weekday() > 4 or _dice(100, relationship, number, place) >= chance:
                continue
            yield UsageActiveDayRow(
                id=f"usage_active_day_{_own(relationship)}p{number}d{place:02d}",
                company_id=company,
                relationship_id=relationship,
                person_key=f"{_own(company)}-{number}",
                day=day,
            )
