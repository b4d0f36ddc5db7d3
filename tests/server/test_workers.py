"""Four workers under load: a change reaches all of them at once, and no answer mixes two.

Each state of the configuration is numbered, and each placement carries the number of its
layout, so that an answer says which state it is of. What a request may be answered is
what the states say that held between its beginning and its end.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import ask, prepare, served
from typer.testing import CliRunner

from cyclorama.cli import app

WORKERS, CLIENTS, OF_A_CONNECTION = 4, 6, 12
ENOUGH = 4
"""Answers from each worker before the next change."""
ASKED = 40
"""Times that a short way is tried; the audit log writes now and then, too."""
STATEMENTS = "cyclorama_statements_total"
FOUND = 'cyclorama_cache_hits_total{cache="shortcuts"}'
PATIENCE = 60
"""Seconds until a test that waits for them fails; how fast they come is not its matter."""
ORDERS = (("summary", "support", "usage"), ("usage", "relationships", "summary"))
"""What companies get by turns: the second has no support, which is elsewhere only."""
TYPES = {k: f"{k.title()}Section" for k in {*ORDERS[0], *ORDERS[1]}}
PLACED = "placement { instanceKey section label }"
WHOLE = f"""query Whole($id: ID!) {{ company(id: $id) {{ name
  layout {{ name sections {{ instanceKey section label }} }}
  sections {{ __typename {PLACED} }} summary {{ {PLACED} }} usage {{ {PLACED} }} }} }}"""
SHORT = f"""query Short($id: ID!) {{ company(id: $id) {{ name
  summary {{ {PLACED} }} usage {{ {PLACED} }} }} }}"""
SHORTEST = f'{{ company(id: "company_1") {{ name summary {{ {PLACED} }} }} }}'
SWITCHED = f"""query Switched($id: ID!) {{ company(id: $id) {{ name
  support {{ {PLACED} }} summary {{ {PLACED} }} }} }}"""
QUERIES = (WHOLE, SHORT, SHORTEST, SWITCHED)
APPLY = """mutation($file: String!) { applyLayouts(input: {file: $file}) {
  version errors { path code message } } }"""
SWITCH = """mutation($on: Boolean!) { setSectionPluginEnabled(key: "support", enabled: $on) {
  plugin { enabled } errors { code } } }"""


@dataclass(frozen=True)
class State:
    """A configuration: the number of the layout of companies, and a plugin's switch."""

    number: int
    support: bool = True

    @property
    def placed(self) -> list[dict[str, str]]:
        """The placements, of a disabled plugin none."""
        order = ORDERS[self.number % 2]
        return [
            {"instanceKey": key, "section": key, "label": f"Part {self.number}"}
            for key in order
            if self.support or key != "support"
        ]

    def answer(self, query: str) -> Any:
        """What it gives, with the codes of errors in the place of errors."""
        held: dict[str, Any] = {p["section"]: {"placement": p} for p in self.placed}
        found: dict[str, Any] = {"name": "Company 1", "summary": held["summary"]}
        if query == WHOLE:
            name = f"Layout {self.number}"
            found["layout"] = {"name": name, "sections": self.placed}
            found["sections"] = [
                {"__typename": TYPES[p["section"]], "placement": p} for p in self.placed
            ]
        if query in (WHOLE, SHORT):
            found["usage"] = held["usage"]
        if query != SWITCHED:
            return {"data": {"company": found}}
        if not self.support:
            return {"errors": ["GRAPHQL_VALIDATION_FAILED"]}
        found["support"] = held.get("support")
        if "support" in held:
            return {"data": {"company": found}}
        return {"data": {"company": found}, "errors": ["SECTION_NOT_IN_LAYOUT"]}

    def file(self, *, draft: bool = False) -> str:
        """The layout file; a draft of the next state's layout may lie beside it."""
        layouts = [_layout("page", self, is_default=True)]
        if draft:
            layouts.append(_layout("next", State(self.number + 1), status="DRAFT"))
        whole = [{"section": key} for key in sorted(TYPES)]
        layouts += [
            {"key": "elsewhere", "kind": "COMPANY", "name": "E", "placements": whole},
            {"key": "any", "kind": "RELATIONSHIP", "name": "A", "is_default": True},
        ]
        elsewhere = {
            "rank": 1,
            "name": "Elsewhere",
            "layout": "elsewhere",
            "record": [{"attribute": "name", "operator": "EQ", "values": ["None"]}],
        }
        return json.dumps({"layouts": layouts, "assignments": [elsewhere]})


def _layout(key: str, state: State, **further: Any) -> dict[str, Any]:
    placements = [
        {"section": key, "label": f"Part {state.number}"}
        for key in ORDERS[state.number % 2]
    ]
    name = f"Layout {state.number}"
    made = {"key": key, "kind": "COMPANY", "name": name, "placements": placements}
    return {**made, **further}


def post(
    connection: http.client.HTTPConnection, token: str, query: str
) -> tuple[int, Any]:
    """The status and the answer."""
    variables = {} if query == SHORTEST else {"id": "company_1"}
    body = json.dumps({"query": query, "variables": variables})
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    connection.request("POST", "/graphql", body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def worker_of(
    connection: http.client.HTTPConnection, workers: list[psutil.Process]
) -> int:
    """The process at the other end."""
    own = connection.sock.getsockname()[1]
    for worker in workers:
        for found in worker.net_connections("tcp"):
            if found.raddr and found.raddr.port == own:
                return worker.pid
    raise AssertionError("No worker holds the connection.")


@dataclass
class Load:
    """Clients that ask without a pause, each on a new connection every few requests."""

    port: int
    token: str
    workers: list[psutil.Process]
    states: list[State]
    sent: int = 0
    """The number of the last state that was on its way, and of the last that was made."""
    made: int = 0
    wrong: list[str] = field(default_factory=list)
    seen: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    """Answers to requests begun under a state, by worker and query."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: bool = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask until the end, which fails where an answer was wrong."""
        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(self._client, n) for n in range(CLIENTS)]
            try:
                yield
            finally:
                self.is_over = True
        for client in clients:
            client.result()
        assert not self.wrong, self.wrong[:3]

    @contextmanager
    def change(self) -> Iterator[None]:
        """The next state is made, and then asked for until all workers have answered."""
        self.sent += 1
        yield
        self.made = self.sent
        self.wait()

    def wait(self) -> None:
        """Until each worker has answered each query some times."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self.wrong:
            with self.lock:
                counts = [
                    self.seen[self.made, worker.pid, query]
                    for worker in self.workers
                    for query in QUERIES
                ]
            if min(counts) >= ENOUGH:
                return
            time.sleep(0.05)
        raise AssertionError(self.wrong[:3] or f"some did not answer: {self.seen}")

    def _client(self, number: int) -> None:
        turn = number
        while not self.is_over and not self.wrong:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.connect()
                worker = None
                for _ in range(OF_A_CONNECTION):
                    query = QUERIES[turn % len(QUERIES)]
                    turn += 1
                    begun = self.made
                    status, answer = post(connection, self.token, query)
                    worker = worker or worker_of(connection, self.workers)
                    self._note(query, begun, self.sent, worker, status, answer)
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
            finally:
                connection.close()

    def _note(
        self, query: str, begun: int, ended: int, worker: int, status: int, answer: Any
    ) -> None:
        given = dict(answer)
        if "errors" in given:
            given["errors"] = [e["extensions"]["code"] for e in given["errors"]]
        may_be = [s.answer(query) for s in self.states[begun : ended + 1]]
        is_refused = given.get("errors") == ["GRAPHQL_VALIDATION_FAILED"]
        with self.lock:
            if status != (400 if is_refused else 200) or given not in may_be:
                self.wrong.append(f"{status} {answer}, where {begun} to {ended} hold")
            self.seen[begun, worker, query] += 1


STATES = [
    State(0),
    State(1),
    State(2),
    State(2, support=False),
    State(3, support=False),
    State(3),
    State(4),
]


@pytest.fixture
def tokens(ready_url: str, tmp_path: Path) -> Mapping[str, str]:
    """Tokens by group on a database with one company in the first state."""
    found = asyncio.run(prepare(ready_url))
    (tmp_path / "layouts.yaml").write_text(STATES[0].file())
    command(ready_url, "layouts", "apply", str(tmp_path / "layouts.yaml"))
    return found


def command(url: str, *arguments: str) -> None:
    """Run a command of the program in this process."""
    done = CliRunner().invoke(app, [*arguments, "--database-url", url])
    assert done.exit_code == 0, done.output


def test_changes_reach_four_workers_under_load_and_no_answer_mixes_two(
    ready_url: str, tokens: Mapping[str, str], tmp_path: Path
) -> None:
    with served(ready_url, "--workers", str(WORKERS)) as (address, process):
        workers = psutil.Process(process.pid).children()
        assert len(workers) == WORKERS
        port = int(address.rpartition(":")[2])
        load = Load(port, tokens["csm"], workers, STATES)

        def apply(state: State, **further: bool) -> None:
            file = state.file(**further)
            found = ask(address, tokens["admin"], APPLY, file=file)
            assert found["data"]["applyLayouts"]["errors"] == [], found

        def switch(on: bool) -> None:
            found = ask(address, tokens["admin"], SWITCH, on=on)
            assert found["data"]["setSectionPluginEnabled"]["errors"] == [], found

        with load.running():
            load.wait()
            with load.change():
                apply(STATES[1])
            with load.change():  # beside the server: no worker is told
                (tmp_path / "layouts.yaml").write_text(STATES[2].file())
                command(ready_url, "layouts", "apply", str(tmp_path / "layouts.yaml"))
            with load.change():
                switch(False)
            with load.change():
                apply(STATES[4])
            with load.change():
                switch(True)
            apply(STATES[5], draft=True)
            load.wait()  # nobody gets the draft
            with load.change():
                command(ready_url, "layouts", "publish", "next", "--over", "page")
        assert load.made == len(STATES) - 1
        for worker in workers:
            assert_short_ways_serve(port, tokens, worker, workers)


def assert_short_ways_serve(
    port: int,
    tokens: Mapping[str, str],
    worker: psutil.Process,
    workers: list[psutil.Process],
) -> None:
    """A worker answers what the load has asked with one statement, and often did."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    metrics(connection, tokens["admin"])
    while worker_of(connection, workers) != worker.pid:
        connection.close()
        connection.connect()
        metrics(connection, tokens["admin"])
    for query in (SHORT, SHORTEST):
        before = metrics(connection, tokens["admin"])
        for _ in range(ASKED):
            post(connection, tokens["csm"], query)
        after = metrics(connection, tokens["admin"])
        assert before[FOUND] > ENOUGH * len(STATES)
        assert after[FOUND] - before[FOUND] == ASKED
        assert after[STATEMENTS] - before[STATEMENTS] < 2 * ASKED
    connection.close()


def metrics(connection: http.client.HTTPConnection, token: str) -> dict[str, float]:
    """What the process at the other end has counted."""
    headers = {"authorization": f"Bearer {token}"}
    connection.request("GET", "/metrics", headers=headers)
    lines = connection.getresponse().read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
