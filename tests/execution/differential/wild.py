"""Rows with nulls, extremes and Unicode, for records of the core and for the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.usage.tables import UsageDailyRow, UsageEntitlementRow
from cyclorama.storage.rows import (
    CompanyRow,
    ExternalRefRow,
    PicklistItemRow,
    RelationshipRow,
    Row,
)
from cyclorama.storage.search import fold
from cyclorama.testing import NOW

NAMES: Final = (
    "",
    'say "no" \\ yes \\u0041',
    "line \u2028 and \u2029 paragraph",
    "東京 🙂 𝒳 e\u0301",
    "שלום עולם \u202e right to left",
    "tab\tnew\nline\r\x01\x1f\x7f control",
    "x" * 255,
    "NULL",
    "cy_null_",
    "{}",
)
MONEY: Final = (None, 0, -1, 5, 99, 2**31, -(2**53), 2**53 + 1, 10**17 + 1, -7)
INTS: Final = (None, 0, 2**31 - 1, -(2**31), 1, -1)
DAYS: Final = (None, date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), NOW.date())
INSTANTS: Final = (
    NOW,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
)
FLOATS: Final = (None, 0.0, 0.1, 1 / 3, 1e-7, 123456789.125, 1e15, 2.5)
TAGS: Final = ([], ["x", "ü"], ["", '"', "\u2028"], ["a"] * 20)
COMPANIES: Final = tuple(f"company_w{n}" for n in range(len(NAMES)))
RELATIONSHIPS: Final = tuple(f"relationship_w{n}" for n in range(20))


def _nth(values: Any, number: int) -> Any:
    return values[number % len(values)]


def _record(number: int) -> dict[str, Any]:
    """The columns that both kinds of record have."""
    name = _nth(NAMES, number)
    return {
        "name": name,
        "search_key": fold(name),
        "arr_minor": _nth(MONEY, number),
        "mrr_minor": _nth(MONEY, number + 3),
        "currency": _nth(("USD", "EUR", "JPY"), number),
        "original_contract_date": _nth(DAYS, number),
        "renewal_date": _nth(DAYS, number + 2),
        "tags": _nth(TAGS, number),
        "comment": _nth((None, "", "ü" * 5000, "<b>rich</b> & more"), number),
        "custom": _nth(({}, {"tier": "gold", "seats": 2**40, 'q"': None}), number),
        "version": _nth((1, 2**31 - 1, 7), number),
        "created_at": _nth(INSTANTS, number),
        "updated_at": _nth(INSTANTS, number + 1),
        "status_id": _nth((None, "item_active", "item_ended"), number),
        "csm_id": _nth(("user_demo1", None), number),
    }


def records(type_ids: tuple[str, ...], user: str) -> Iterator[Row]:
    """Companies in a tree and their relationships."""
    for key in ("active", "ended"):
        yield PicklistItemRow(
            id=f"item_{key}", picklist="company.wild", key=key, label=key, color=None
        )
    for number, identifier in enumerate(COMPANIES):
        values = _record(number)
        values["csm_id"] = values["csm_id"] and user
        yield CompanyRow(
            id=identifier,
            parent_id=None if number < 3 else COMPANIES[number // 2 - 1],
            employees=_nth(INTS, number),
            users=_nth(INTS, number + 1),
            logo_url=_nth((None, "", "https://example.com/ü"), number),
            managed_as=_nth(("CUSTOMER", "PARTNER", "PROSPECT"), number),
            **values,
        )
    for number, identifier in enumerate(RELATIONSHIPS):
        values = _record(number + 1)
        values["csm_id"] = values["csm_id"] and user
        yield RelationshipRow(
            id=identifier,
            company_id=COMPANIES[number % 6],
            type_id=_nth(type_ids, number),
            **values,
        )


def of_sections(module: str) -> Iterator[Row]:
    """Cases, usage and links of the records."""
    for number, record in enumerate((*COMPANIES, *RELATIONSHIPS)):
        own = number >= len(COMPANIES)
        place = number - len(COMPANIES)
        company = COMPANIES[place % 6] if own else record
        subject = {"company_id": company, "relationship_id": record if own else None}
        for n in range(number % 4):
            yield SupportCaseRow(
                id=f"case_w{number}x{n}",
                number=f"№ {n}",
                subject=_nth((None, *NAMES), number + n),
                status="open",
                is_closed=n % 2 == 1,
                priority=_nth((None, "", "P1"), n),
                opened_at=_nth(INSTANTS, number + n),
                closed_at=_nth((None, *INSTANTS), number + n),
                csat=_nth(FLOATS, number + n),
                updated_at=NOW,
                **subject,
            )
            yield UsageDailyRow(
                id=f"usage_w{number}x{n}",
                module_id=module,
                day=date(2026, 2, 20 + n),
                value=_nth(FLOATS[1:], number + n),
                **subject,
            )
        yield UsageEntitlementRow(
            id=f"entitlement_w{number}",
            quantity=_nth(INTS[1:], number),
            modules=_nth(INTS, number),
            starts_on=date(2026, 1, 1),
            ends_on=_nth((None, date(9999, 12, 31)), number),
            **subject,
        )
        yield ExternalRefRow(
            id=f"ref_w{number}",
            system="salesforce",
            object_type="Account" if number % 2 else "Opportunity",
            external_id=f"00{number % 7}" if number < 9 else f"id {number}",
            entity_id=record,
            url=_nth((None, "", 'https://example.com/?a=1&b="2"'), number),
        )
