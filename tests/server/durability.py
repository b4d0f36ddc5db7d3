"""Many clients write while the server is killed and started again.

    PYTHONPATH=tests/server python -m durability sqlite:///new.db --keys 1000 --kills 100

makes CTAs on a database with nothing in it: each key is sent several times at once, and
again until it is acknowledged; beside them go writes that are sent once. At the end it
counts CTAs, events and entries of the audit log, and compares them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import sqlalchemy as sa
from processes import free_port, inside, kill, prepare, served

from cyclorama.app import clock
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.storage.audit import AuditRow
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EventRow
from cyclorama.storage.rows import PicklistItemRow

SENDS = 5
"""Of each key, at the same time."""
CLIENTS = 16
BETWEEN = 12
"""Acknowledged writes from one kill to the next, at least."""
PATIENCE = 600
"""Seconds that a client tries to get one write acknowledged."""
CREATE = """mutation($input: CreateCtaInput!) { createCta(input: $input) {
  cta { id name } errors { path code } } }"""


@dataclass
class Clients:
    """What many clients have been told by one server, whoever it is at the moment."""

    address: str
    token: str
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    """Of each answer the name of the CTA that was asked for, and the id that it has."""

    given_up: bool = False
    """Whether nobody waits for answers any more."""

    def __post_init__(self) -> None:
        self.own = threading.local()
        self.opened: list[httpx2.Client] = []

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self.given_up = True
        for client in self.opened:
            client.close()

    def post(self, query: str, variables: dict[str, Any]) -> Any:
        """The answer to one request; `TransportError` where there is none."""
        if not hasattr(self.own, "client"):
            self.own.client = httpx2.Client(verify=False, timeout=20)
            self.opened.append(self.own.client)
        response = self.own.client.post(
            f"{self.address}/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
        )
        return response.json()

    def create(self, name: str, key: str | None) -> bool:
        """Ask once for a CTA; whether it was acknowledged."""
        due = (clock().date() + timedelta(days=30)).isoformat()
        given = {"recordId": "company_1", "name": name, "typeKey": "risk"}
        given |= {"dueDate": due, "idempotencyKey": key}
        try:
            answer = self.post(CREATE, {"input": given})
        except httpx2.TransportError:
            return False
        codes = {e["extensions"]["code"] for e in answer.get("errors", ())}
        if codes and codes <= {"SERVICE_UNAVAILABLE", "TIMEOUT"}:
            return False
        payload = answer["data"]["createCta"]
        assert payload["errors"] == [], payload
        self.acknowledged.append((name, payload["cta"]["id"]))
        return True

    def insist(self, key: str) -> None:
        """Ask for a CTA until it is acknowledged."""
        deadline = time.monotonic() + PATIENCE
        while not self.create(key, key):
            waits = time.monotonic() < deadline and not self.given_up
            assert waits, f"{key} is not acknowledged"
            time.sleep(0.05)


Told = Mapping[str, Any]
"""What an event says: kind, record, before and after."""


@dataclass(frozen=True)
class Outcome:
    """What was acknowledged, and what is stored."""

    keys: Sequence[str]
    acknowledged: Sequence[tuple[str, str]]
    stored: Mapping[str, Told]
    """By the id of a CTA what the event of its making has to say."""
    events: Sequence[tuple[str, Told]]
    """The id of the CTA that an event is about, and what the event says."""
    audited: int
    whole: bool
    """The audit chain."""
    kills: int

    def check(self) -> None:
        """Raise `AssertionError` if a write is lost or doubled, or not told of once."""
        names = {cta: told["after"]["name"] for cta, told in self.stored.items()}
        held = {
            name: {i for n, i in self.acknowledged if n == name} for name in self.keys
        }
        assert all(len(ids) == 1 for ids in held.values())
        assert Counter(n for n, _ in self.acknowledged if n in held) == Counter(
            dict.fromkeys(self.keys, SENDS)
        )
        assert all(names.get(cta) == name for name, cta in self.acknowledged)
        assert {*self.keys} <= {*names.values()}
        assert set(Counter(names.values()).values()) == {1}
        assert Counter(cta for cta, _ in self.events) == Counter([*self.stored])
        assert all(said == self.stored[cta] for cta, said in self.events)
        assert self.audited == len(self.stored)
        assert self.whole

    def __str__(self) -> str:
        acknowledged = {cta for _, cta in self.acknowledged}
        told = sum(1 for cta, _ in self.events if cta in acknowledged)
        return (
            f"{self.kills} kills; {len(self.acknowledged)} acknowledgements of "
            f"{len(acknowledged)} CTAs, {told} events of these; in all "
            f"{len(self.stored)} CTAs, {len(self.events)} events and {self.audited} "
            f"entries of the audit log, for {len(self.keys)} keys and as many single "
            "writes."
        )


def killed_and_written(
    url: str, keys: int, kills: int, seed: int = 1, say: Callable[[str], None] = print
) -> Outcome:
    """What comes of as many keys while a server on the database is killed so often."""
    token, port = asyncio.run(prepare(url))["csm"], free_port()
    names = [f"key {n}" for n in range(keys)]
    draw, done = random.Random(seed), 0
    with (
        ThreadPoolExecutor(CLIENTS) as pool,
        Clients(f"http://127.0.0.1:{port}", token) as clients,
    ):
        sent = []
        for name in names:
            sent += [pool.submit(clients.insist, name) for _ in range(SENDS)]
            sent.append(pool.submit(clients.create, f"once {name}", None))
        while not all(one.done() for one in sent):
            with served(url, port=port) as (_, process):
                before = len(clients.acknowledged)
                while not all(one.done() for one in sent):
                    time.sleep(draw.random() / 50)
                    if done < kills and len(clients.acknowledged) >= before + BETWEEN:
                        kill(process)
                        done += 1
                        say(f"killed {done} times, {len(clients.acknowledged)} written")
                        break
        for one in sent:
            one.result()
    checked = inside("audit", "verify", "--json", "--database-url", url)
    stored, audited = asyncio.run(_stored(url))
    whole = json.loads(checked.stdout)["ok"]
    events = asyncio.run(_events(url))
    return Outcome(names, clients.acknowledged, stored, events, audited, whole, done)


async def _stored(url: str) -> tuple[dict[str, Told], int]:
    """What is to be told of the CTAs, and how many were made by the audit log."""
    database = Database(url)
    made = sa.select(sa.func.count()).where(AuditRow.action == "cockpit.create")
    async with database.write() as session:
        items = await session.execute(
            sa.select(PicklistItemRow.id, PicklistItemRow.key)
        )
        keys = {item.id: item.key for item in items}
        ctas = await session.scalars(sa.select(CtaRow))
        found = {cta.id: _to_be_told(cta, keys) for cta in ctas}
        audited = await session.scalar(made) or 0
    await database.close()
    return found, audited


async def _events(url: str) -> list[tuple[str, Told]]:
    database = Database(url)
    async with database.write() as session:
        events = await session.scalars(sa.select(EventRow))
        found = [(str(one.subject_id), _told(one)) for one in events]
    await database.close()
    return found


def _told(event: EventRow) -> Told:
    return {"kind": event.kind, "record": event.record_id, **event.payload}


def _to_be_told(cta: CtaRow, keys: Mapping[str, str]) -> Told:
    after = {
        "name": cta.name,
        "type": keys[cta.type_id],
        "reason": keys.get(cta.reason_id),
        "priority": keys[cta.priority_id],
        "status": keys[cta.status_id],
        "owner_id": cta.owner_id,
        "due_date": cta.due_date.isoformat(),
        "is_important": False,
        "is_closed": False,
        "source": "MANUAL",
    }
    kind = "cockpit.cta_created"
    return {"kind": kind, "record": "company_1", "before": {}, "after": after}


CHANGE = """mutation($input: UpdateCtaInput!) { updateCta(input: $input) {
  cta { name version } errors { path code } } }"""
ITS_NAME = "query($id: ID!) { node(id: $id) { ... on Cta { name version } } }"


def incremented(url: str, clients: int, times: int) -> tuple[int, int, Counter[str]]:
    """The number that clients have counted one record up to, its version, and the codes
    of what they were refused with meanwhile."""
    token = asyncio.run(prepare(url))["csm"]
    refused: Counter[str] = Counter()
    with (
        served(url, "--workers", "2") as (address, _),
        Clients(address, token) as asked,
        ThreadPoolExecutor(clients) as pool,
    ):
        assert asked.create("0", None)
        ((_, cta),) = asked.acknowledged

        def count(n: int) -> None:
            draw, left = random.Random(n), times
            while left:
                held = asked.post(ITS_NAME, {"id": cta})["data"]["node"]
                change = {"id": cta, "expectedVersion": held["version"]}
                change["name"] = str(int(held["name"]) + 1)
                answer = asked.post(CHANGE, {"input": change})["data"]["updateCta"]
                left -= not answer["errors"]
                refused.update(e["code"] for e in answer["errors"])
                time.sleep(draw.random() / 20)

        list(pool.map(count, range(clients)))
        end = asked.post(ITS_NAME, {"id": cta})["data"]["node"]
    return int(end["name"]), end["version"], refused


def main() -> None:
    """The command above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a database with nothing in it")
    parser.add_argument("--keys", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=100)
    asked = "instead: so many clients count one record up, each so often"
    parser.add_argument("--increments", type=int, nargs=2, help=asked)
    given = parser.parse_args()
    if given.increments is not None:
        clients, times = given.increments
        end, version, refused = incremented(given.url, clients, times)
        print(f"counted to {end}, at version {version}; refused: {dict(refused)}")
        assert (end, version) == (clients * times, clients * times + 1)
        assert {*refused} <= {"CONFLICT"}
        return
    outcome = killed_and_written(given.url, given.keys, given.kills)
    print(outcome)
    outcome.check()
    print(
        "None is lost, none doubled, each is told of by one event that says what was "
        "stored; the audit chain is whole."
    )


if __name__ == "__main__":
    main()
