"""Many clients write while the server is killed and started again.

    PYTHONPATH=tests/server python -m durability sqlite:///new.db --keys 1000 --kills 100

makes CTAs on a database with nothing in it: each key is sent several times at once, and
again until it is acknowledged; beside them go writes that are sent once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
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

    def __post_init__(self) -> None:
        self.own = threading.local()
        self.opened: list[httpx2.Client] = []

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
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
            assert time.monotonic() < deadline, f"{key} is not acknowledged"
            time.sleep(0.05)


@dataclass(frozen=True)
class Outcome:
    """What was acknowledged, and what is stored."""

    keys: Sequence[str]
    acknowledged: Sequence[tuple[str, str]]
    stored: Counter[str]
    audited: int
    whole: bool
    """The audit chain."""
    kills: int

    def check(self) -> None:
        """Raise `AssertionError` if a write is lost or doubled."""
        held = {
            name: {i for n, i in self.acknowledged if n == name} for name in self.keys
        }
        assert all(len(ids) == 1 for ids in held.values())
        assert Counter(n for n, _ in self.acknowledged if n in held) == Counter(
            dict.fromkeys(self.keys, SENDS)
        )
        assert {name for name, _ in self.acknowledged} <= {*self.stored}
        assert {*self.keys} <= {*self.stored}
        assert set(self.stored.values()) == {1}
        assert self.audited == self.stored.total()
        assert self.whole


def killed_and_written(
    url: str, keys: int, kills: int, seed: int = 1, say: Callable[[str], None] = print
) -> Outcome:
    """What comes of as many keys while a server on the database is killed so often."""
    token, port = asyncio.run(prepare(url))["csm"], free_port()
    names = [f"key {n}" for n in range(keys)]
    draw, done = random.Random(seed), 0
    with (
        Clients(f"http://127.0.0.1:{port}", token) as clients,
        ThreadPoolExecutor(CLIENTS) as pool,
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
    return Outcome(names, clients.acknowledged, stored, audited, whole, done)


async def _stored(url: str) -> tuple[Counter[str], int]:
    """The names of the CTAs, and how many were made by the audit log."""
    database = Database(url)
    async with database.write() as session:
        names = await session.scalars(sa.select(CtaRow.name))
        made = sa.select(sa.func.count()).where(AuditRow.action == "cockpit.create")
        found = Counter(names), await session.scalar(made) or 0
    await database.close()
    return found


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
    given = parser.parse_args()
    outcome = killed_and_written(given.url, given.keys, given.kills)
    outcome.check()
    print(
        f"{outcome.kills} kills; {len(outcome.acknowledged)} writes acknowledged, "
        f"{outcome.stored.total()} rows of {given.keys} keys and as many single writes; "
        "none lost, none doubled, the audit chain whole."
    )


if __name__ == "__main__":
    main()
