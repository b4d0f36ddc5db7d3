"""Custom fields of companies that Salesforce accounts bring along."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from cyclorama.importers.custom_fields import describe_fields
from cyclorama.importers.salesforce.cells import Record
from cyclorama.storage.engine import Database

STANDARD: Final[Mapping[str, tuple[str, str, str]]] = {
    "AccountNumber": ("account_number", "Account Number", "STRING"),
    "AccountSource": ("account_source", "Account Source", "STRING"),
    "AnnualRevenue": ("annual_revenue", "Annual Revenue", "NUMBER"),
    "BillingStreet": ("billing_street", "Billing Street", "STRING"),
    "BillingCity": ("billing_city", "Billing City", "STRING"),
    "BillingState": ("billing_state", "Billing State", "STRING"),
    "BillingPostalCode": ("billing_postal_code", "Billing Postal Code", "STRING"),
    "BillingCountry": ("billing_country", "Billing Country", "STRING"),
    "Description": ("description", "Description", "STRING"),
    "Ownership": ("ownership", "Ownership", "STRING"),
    "Phone": ("phone", "Phone", "STRING"),
    "Rating": ("rating", "Rating", "STRING"),
    "Site": ("site", "Site", "STRING"),
    "TickerSymbol": ("ticker_symbol", "Ticker Symbol", "STRING"),
    "Website": ("website", "Website", "STRING"),
}
"""Standard field of Account without a column of ours -> key, label, type. The customer's
own revenue is not what they pay us, so it is no ARR."""
_KEYS: Final = frozenset(key for key, _, _ in STANDARD.values())
_CUSTOM: Final = re.compile(r"[a-z]\w{0,75}__c", re.ASCII | re.IGNORECASE)


def field_of(column: str) -> tuple[str, str, str] | None:
    """Key, label and type of the field that a column of Account fills; None for one that
    is left out. `Branch_Code__c` fills `branch_code`; an export does not say the types of
    such fields, so they are text."""
    if column in STANDARD:
        return STANDARD[column]
    if not _CUSTOM.fullmatch(column):
        return None
    name = column[: -len("__c")]
    key = name.lower()
    label = " ".join(name.split("_")).strip()
    return f"{key}_c" if key in _KEYS else key, label, "STRING"


def custom_values(record: Record) -> dict[str, Any]:
    """Values of all custom fields that an account's columns fill, None for empty cells."""
    found = {}
    for column in record.cells:
        field = field_of(column)
        if field is not None:
            found[field[0]] = record.value(column, field[2])
    return found


class CustomFields:
    """Describes custom fields once a record has a value for them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()

    async def describe(self, records: Collection[Record]) -> None:
        """Add the fields that these records fill and nobody described."""
        columns = {c: None for r in records for c, cell in r.cells.items() if cell}
        fields = {f[0]: f for c in columns if (f := field_of(c)) is not None}
        new = {
            ("company", key): (label, type_)
            for key, label, type_ in fields.values()
            if key not in self._known
        }
        if new:
            await describe_fields(self._database, new)
            self._known |= fields.keys()
