"""The company that a contact works for: `AccountId` and `ReportsToId` of Contact.

A link's external id is `contact:account` under the object `Contact.AccountId`, so that a
contact who moves to another company leaves the old link behind, ended, and gets a new
one. `AccountContactRelation` speaks of the same links and adds roles and further ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.batches import Outcome
from cyclorama.importers.model import BATCH, Incoming, Rejected
from cyclorama.importers.references import OPEN, REFS, Key, known, leave_open
from cyclorama.importers.salesforce.cells import Record
from cyclorama.importers.salesforce.objects import SYSTEM
from cyclorama.importers.writing import Writer
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyPersonRow, PersonRow, Row

LINK: Final = "Contact.AccountId"
WAITING: Final = "salesforce.contact"
"""In place of a table's name: the people (`entity_id`) who wait for their company."""
LINKS: Final = Row.metadata.tables[CompanyPersonRow.__tablename__]
PEOPLE: Final = Row.metadata.tables[PersonRow.__tablename__]


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of the links of some contacts."""

    outcome: Outcome
    given: int
    """Links that were written or rejected."""
    waits: tuple[Rejected, ...]
    """Contacts whose company has not come."""


def _pair(contact: str, account: str) -> str:
    return f"{contact}:{account}"


def _link(line: int, contact: str, account: str, **values: Any) -> Incoming:
    return Incoming(
        line=line,
        target="company_person",
        object_type=LINK,
        external_id=_pair(contact, account),
        values={"is_primary": True, **values},
        references={
            "person_id": ("Contact", contact),
            "company_id": ("Account", account),
        },
    )


class Links:
    """Writes the links of contacts that were written."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self.database, self.writer = database, writer

    async def write(self, records: Sequence[Record]) -> Linked:
        """Link contacts to their companies, and end links to companies they left."""
        told = [r for r in records if r.has("AccountId")]
        async with self.database.write() as session:
            connection = await session.connection()
            keys = [("Contact", r.id) for r in told]
            keys += [_account(r) for r in told if _account(r)[1]]
            there = await known(connection, SYSTEM, keys)
            people = {r.id: there["Contact", r.id].entity_id for r in told}
            late = [r for r in told if _account(r)[1] and _account(r) not in there]
            await self._wait(connection, people, late)
            before = await _links(connection, list(people.values()))
        ready = [r for r in told if _account(r) in there]
        wanted = [self._incoming(r, before) for r in ready]
        ended = list(self._ended(told, before, {w.external_id for w in wanted}))
        outcome = await self.writer.write([*ended, *wanted])
        waits = tuple(_waiting(r) for r in late)
        return Linked(outcome, len(ended) + len(wanted), waits)

    async def write_late(self) -> Outcome:
        """Link the contacts of earlier imports whose companies have come since. Whom they
        report to comes with the next import of contacts."""
        outcome = Outcome()
        while rows := await self._come():
            outcome += await self.writer.write(
                [_link(0, row.contact, row.account, title=row.title) for row in rows]
            )
            async with self.database.write() as session:
                ids = [row.id for row in rows]
                await session.execute(sa.delete(OPEN).where(OPEN.c.id.in_(ids)))
        return outcome

    def _incoming(self, record: Record, before: dict[str, bool]) -> Incoming:
        account = record.cells["AccountId"]
        came_back = before.get(_pair(record.id, account)) is False
        values: dict[str, Any] = {"active": True} if came_back else {}
        if record.has("Title"):
            values["title"] = record.first("Title")
        link = _link(record.line, record.id, account, **values)
        if not record.has("ReportsToId"):
            return link
        manager = record.cells["ReportsToId"]
        key = (LINK, _pair(manager, account) if manager else "")
        references = {**link.references, "manager_id": key}
        return Incoming(
            line=link.line,
            target=link.target,
            object_type=link.object_type,
            external_id=link.external_id,
            values=link.values,
            references=references,
        )

    def _ended(
        self, records: Sequence[Record], before: dict[str, bool], wanted: set[str]
    ) -> Iterator[Incoming]:
        lines = {r.id: r.line for r in records}
        for external_id, is_primary in before.items():
            contact = external_id.partition(":")[0]
            if is_primary and contact in lines and external_id not in wanted:
                yield Incoming(
                    line=lines[contact],
                    target="company_person",
                    object_type=LINK,
                    external_id=external_id,
                    values={"is_primary": False, "active": False},
                )

    async def _wait(
        self,
        connection: AsyncConnection,
        people: dict[str, str],
        late: Sequence[Record],
    ) -> None:
        """Note who waits for which company, and forget what they waited for before."""
        ids = list(people.values())
        mine = sa.and_(OPEN.c.table_name == WAITING, OPEN.c.entity_id.in_(ids))
        await connection.execute(sa.delete(OPEN).where(OPEN.c.system == SYSTEM, mine))
        waits = {(people[r.id], "company_id"): _account(r) for r in late}
        await leave_open(connection, SYSTEM, WAITING, waits)

    async def _come(self) -> Sequence[Any]:
        """At most `BATCH` waiting people whose company is there: id of the note,
        contact, account, title."""
        contacts, accounts = REFS.alias(), REFS.alias()
        query = (
            sa.select(
                OPEN.c.id,
                contacts.c.external_id.label("contact"),
                accounts.c.external_id.label("account"),
                PEOPLE.c.title,
            )
            .join(PEOPLE, PEOPLE.c.id == OPEN.c.entity_id)
            .join(contacts, contacts.c.entity_id == OPEN.c.entity_id)
            .join(accounts, accounts.c.external_id == OPEN.c.external_id)
            .where(
                OPEN.c.system == SYSTEM,
                OPEN.c.table_name == WAITING,
                contacts.c.system == SYSTEM,
                contacts.c.object_type == "Contact",
                accounts.c.system == SYSTEM,
                accounts.c.object_type == "Account",
            )
            .order_by(OPEN.c.id)
            .limit(BATCH)
        )
        async with self.database.read() as reading:
            return await reading.execute(query)


async def _links(
    connection: AsyncConnection, people: Collection[str]
) -> dict[str, bool]:
    """External ids of these people's links, and whether each is their primary one."""
    query = (
        sa.select(REFS.c.external_id, LINKS.c.is_primary)
        .join(LINKS, LINKS.c.id == REFS.c.entity_id)
        .where(
            REFS.c.system == SYSTEM,
            REFS.c.object_type == LINK,
            LINKS.c.person_id.in_(people),
        )
        .order_by(REFS.c.external_id)
    )
    return {row.external_id: row.is_primary for row in await connection.execute(query)}


def _account(record: Record) -> Key:
    return "Account", record.cells["AccountId"]


def _waiting(record: Record) -> Rejected:
    account = record.cells["AccountId"]
    reason = f"AccountId waits for Account {account!r}, which has not come"
    return Rejected(line=record.line, reason=reason, raw=record.cells)
