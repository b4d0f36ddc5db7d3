"""The objects of Salesforce that have a home here, and what their fields become.

Fields that were not exported stay as they are; empty cells empty them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cyclorama.importers.drafts import check_id
from cyclorama.importers.model import Incoming
from cyclorama.importers.salesforce.activities import (
    NOBODY,
    event_values,
    task_values,
)
from cyclorama.importers.salesforce.cells import LOOKUPS, Record
from cyclorama.importers.salesforce.fields import STANDARD, custom_values
from cyclorama.importers.targets import Refusal

SYSTEM: Final = "salesforce"
"""The system of all external references that this importer makes."""


def _nothing(record: Record) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the records of an object go."""

    target: str
    values: Mapping[str, tuple[str, str]]
    """Their column -> ours and its kind."""
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Their column -> ours and the object that it names."""
    picklists: Mapping[str, str] = field(default_factory=dict)
    """Their column -> ours."""
    fallbacks: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Our column that can't be empty -> what it points to where theirs doesn't."""
    more: Callable[[Record], dict[str, Any]] = _nothing
    """Values that several of their columns make."""

    def incoming(self, object_type: str, record: Record) -> Incoming:
        """The record for the writer; `Refusal` says which cell can't be read."""
        cells = record.cells
        references = dict(self.fallbacks) | {
            ours: (named, cells[theirs])
            for theirs, (ours, named) in self.references.items()
            if cells.get(theirs) or (theirs in cells and ours not in self.fallbacks)
        }
        values = {
            ours: record.value(theirs, kind)
            for theirs, (ours, kind) in self.values.items()
            if theirs in cells
        }
        return Incoming(
            line=record.line,
            target=self.target,
            object_type=object_type,
            external_id=record.id,
            values=values | self.more(record),
            references=references,
            fallbacks=self.fallbacks,
            picklists={
                ours: cells[theirs]
                for theirs, ours in self.picklists.items()
                if theirs in cells
            },
        )


def _account(record: Record) -> dict[str, Any]:
    custom = custom_values(record)
    return {"custom": custom} if custom else {}


def _named(record: Record) -> dict[str, Any]:
    """The name as Salesforce shows it, or made of its parts."""
    parts = ("FirstName", "MiddleName", "LastName", "Suffix")
    if not record.has("Name", *parts):
        return {}
    joined = " ".join(filter(None, (record.cells.get(p) for p in parts)))
    return {"name": record.first("Name") or joined or None}


def _check_account(record: Record) -> None:
    """Links are looked for by it, before they are rows that are checked."""
    if account := record.first("AccountId"):
        try:
            check_id(account)
        except Refusal as refusal:
            raise Refusal(f"AccountId: {refusal}") from None


def _contact(record: Record) -> dict[str, Any]:
    _check_account(record)
    phones = ("Phone", "MobilePhone")
    phone = {"phone": record.first(*phones)} if record.has(*phones) else {}
    return _named(record) | phone


def _user(record: Record) -> dict[str, Any]:
    """An import may take an account away, never give one back: that is ours to do."""
    found = _named(record)
    if record.has("Email"):
        found["email"] = (record.first("Email") or "").lower() or None
    if record.has("IsActive") and not record.value("IsActive", "BOOLEAN"):
        found["active"] = False
    return found


def _relation(record: Record) -> dict[str, Any]:
    if not record.has("Roles"):
        return {}
    roles = [role.strip() for role in record.cells["Roles"].split(";")]
    return {"role": ", ".join(filter(None, roles)) or None}


def _case(record: Record) -> dict[str, Any]:
    """Only `IsClosed` is reliable; without it the date of closing says it."""
    if record.has("IsClosed"):
        return {"is_closed": record.value("IsClosed", "BOOLEAN")}
    if record.has("ClosedDate"):
        return {"is_closed": bool(record.cells["ClosedDate"])}
    return {}


_OF_ACTIVITIES: Final = {
    "AccountId": ("company_id", "Account"),
    "OwnerId": ("author_id", "User"),
}
HOMES: Final[Mapping[str, Home]] = {
    "User": Home(
        target="user",
        values={"Title": ("title", "STRING"), "Department": ("department", "STRING")},
        references={"ManagerId": ("manager_id", "User")},
        more=_user,
    ),
    "Account": Home(
        target="company",
        values={
            "Name": ("name", "STRING"),
            "NumberOfEmployees": ("employees", "WHOLE"),
        },
        references={
            "ParentId": ("parent_id", "Account"),
            "OwnerId": ("csm_id", "User"),
        },
        picklists={"Industry": "industry_id", "Type": "company_type_id"},
        more=_account,
    ),
    "Contact": Home(
        target="person",
        values={"Email": ("email", "STRING"), "Title": ("title", "STRING")},
        more=_contact,
    ),
    "AccountContactRelation": Home(
        target="company_person",
        values={
            "IsActive": ("active", "BOOLEAN"),
            "IsDirect": ("is_primary", "BOOLEAN"),
        },
        references={
            "ContactId": ("person_id", "Contact"),
            "AccountId": ("company_id", "Account"),
        },
        more=_relation,
    ),
    "Case": Home(
        target="case",
        values={
            "CaseNumber": ("number", "STRING"),
            "Subject": ("subject", "STRING"),
            "Status": ("status", "STRING"),
            "Priority": ("priority", "STRING"),
            "IsEscalated": ("escalated", "BOOLEAN"),
            "CreatedDate": ("opened_at", "DATETIME"),
            "ClosedDate": ("closed_at", "DATETIME"),
            "LastModifiedDate": ("updated_at", "DATETIME"),
        },
        references={"AccountId": ("company_id", "Account")},
        more=_case,
    ),
    "Task": Home(
        target="activity",
        values={},
        references=_OF_ACTIVITIES,
        fallbacks={"author_id": NOBODY},
        more=task_values,
    ),
    "Event": Home(
        target="activity",
        values={},
        references=_OF_ACTIVITIES,
        fallbacks={"author_id": NOBODY},
        more=event_values,
    ),
}
"""In the order of their import: what others point to comes first."""
_OF_MORE: Final = (
    *("Name", "FirstName", "MiddleName", "LastName", "Suffix", "Phone", "MobilePhone"),
    *("Email", "IsActive", "IsClosed", "IsDeleted", "Roles"),
    *(
        "WhoId",
        "Subject",
        "ActivityDate",
        "ActivityDateTime",
        "StartDateTime",
        "CallType",
    ),
    *("CompletedDateTime", "DurationInMinutes", "CallDurationInSeconds", "TaskSubtype"),
)
_COLUMNS: Final = {*LOOKUPS, *STANDARD, *_OF_MORE}.union(
    *({*h.values, *h.references, *h.picklists} for h in HOMES.values())
)
_NAMES: Final[Mapping[str, str]] = {c.lower(): c for c in _COLUMNS}


def api_name(column: str) -> str:
    """A column as Salesforce writes it; tools that export know `ID` and `id` too."""
    return _NAMES.get(column.lower(), column)
