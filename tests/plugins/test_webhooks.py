"""Messages to other servers: signed, sent again, and never to one inside the network."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from cyclorama.config import load_settings
from cyclorama.plugins.jobs import Job
from cyclorama.plugins.rules.actions import NOTIFIED
from cyclorama.plugins.rules.webhooks import (
    KIND,
    DeliveryError,
    Sender,
    is_public,
    signature,
    wrong_url,
)
from cyclorama.plugins.working import Worker
from cyclorama.storage.engine import Database
from cyclorama.storage.events import Event
from cyclorama.storage.jobs import JOBS, put_all
from tests.sections.ruling import happen

pytestmark = pytest.mark.anyio
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
SECRET = "a secret of ours"
INSIDE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::a00:1",
)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_a_network_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_an_address_of_the_open_internet_is_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://x.io/",
        "https://",
        "https://a:b@x.io/",
        "https://x.io/ y",
        "https://x.io/\r\nHost: y",
        "https://x.io:99999/",
        "https://x.io/" + "y" * 2_048,
        "https://ü.io/",
    ],
)
def test_what_is_no_url_for_messages_is_refused(url: str) -> None:
    assert wrong_url(url) is not None


def test_a_url_for_messages_is_taken() -> None:
    assert wrong_url("https://x.io:8443/hook?a=b") is None


class _Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.got.append((dict(self.headers), body))
        self.send_response(server.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is said."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    server = _Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def message(receiver: _Receiver, host: str = "127.0.0.1") -> dict[str, Any]:
    url = f"http://{host}:{receiver.server_port}/hook?x=1"
    return {"id": "message_1", "url": url, "body": {"rule": "r", "record": "c"}}


def sender(**values: Any) -> Sender:
    given: dict[str, Any] = {"secret": SECRET, "private_hosts": {"127.0.0.1"}}
    return Sender(clock=lambda: AT, **{**given, **values})


async def test_a_message_is_signed_over_its_id_time_and_body(
    receiver: _Receiver,
) -> None:
    await sender().send(message(receiver))
    ((headers, body),) = receiver.got
    assert body == b'{"record":"c","rule":"r"}'
    assert headers["Cyclorama-Timestamp"] == str(int(AT.timestamp()))
    signed = b"message_1." + headers["Cyclorama-Timestamp"].encode() + b"." + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Cyclorama-Signature"] == f"v1={digest}"
    assert signature(SECRET, "message_2", "1", body) != headers["Cyclorama-Signature"]


async def test_nothing_is_sent_inside_the_network_or_in_the_clear_or_unsigned(
    receiver: _Receiver,
) -> None:
    for made, url, why in (
        (sender(private_hosts=frozenset()), None, "need https"),
        (sender(private_hosts=frozenset()), "https://localhost/", "inside the network"),
        (sender(secret=""), None, "no secret"),
    ):
        given = message(receiver) | ({} if url is None else {"url": url})
        with pytest.raises(DeliveryError, match=why):
            await made.send(given)
    assert receiver.got == []


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_message_that_is_not_taken_is_an_error_that_names_no_secret(
    receiver: _Receiver, status: int
) -> None:
    receiver.status = status
    with pytest.raises(DeliveryError) as refused:
        await sender().send(message(receiver))
    assert str(status) in str(refused.value)
    assert SECRET not in repr(sender())
    assert SECRET not in repr(load_settings(webhook_secret=SECRET))
    assert len(receiver.got) == 1


async def test_a_message_that_was_not_taken_is_sent_again_until_it_is(
    database: Database, receiver: _Receiver
) -> None:
    at = [AT]
    made = sender()
    worker = Worker(database, {}, clock=lambda: at[0], zone=ZONE, jobs=[made.job()])
    async with database.write() as session:
        await put_all(session, KIND, [message(receiver)], now=AT)
    for status, left in ((500, 1), (200, 0)):
        receiver.status = status
        while await worker.work():
            pass
        async with database.read() as reading:
            jobs = await reading.execute(sa.select(JOBS))
        assert len(jobs) == left
        assert all("answered 500" in j.error and j.due_at > at[0] for j in jobs)
        assert SECRET not in str(jobs)
        at[0] += timedelta(seconds=6)
    assert [h["Cyclorama-Id"] for h, _ in receiver.got] == ["message_1"] * 2


async def test_a_server_that_does_not_answer_is_an_error() -> None:
    given = {"id": "m", "url": "http://127.0.0.1:1/", "body": {}}
    with pytest.raises(DeliveryError, match="Refused"):
        await sender().send(given)


def _drip(listening: socket.socket) -> None:
    """Answer one request byte by byte, until nobody listens."""
    sock, _ = listening.accept()
    with sock, suppress(OSError):
        sock.send(b"HTTP/1.1 2")
        while True:
            sock.send(b"x")
            time.sleep(0.02)


async def test_a_server_that_answers_without_end_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cyclorama.plugins.rules.webhooks.SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_drip, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(DeliveryError):
            await sender().send({"id": "m", "url": url, "body": {}})


async def test_servers_that_do_not_answer_keep_neither_events_nor_each_other_waiting(
    database: Database,
) -> None:
    """Each of two messages is taken once the other one is on its way, too, and an event
    has been handed out."""
    begun, heard = asyncio.Event(), asyncio.Event()
    both, ended = asyncio.Barrier(2), asyncio.Semaphore(0)

    async def send(_: Any) -> None:
        begun.set()
        await heard.wait()
        await both.wait()

    async def ran(_: Any) -> None:
        ended.release()

    async def listen(_: Any) -> None:
        heard.set()

    job = Job(kind=KIND, run=ran, prepare=send)
    worker = Worker(
        database,
        {},
        clock=lambda: AT,
        zone=ZONE,
        jobs=[job],
        listeners=[listen],
        pause=0.01,
    )
    async with database.write() as session:
        await put_all(session, KIND, [{}, {}], now=AT)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        await begun.wait()
        await happen(database, Event(kind=NOTIFIED, record_id="company_1"))
        for _ in range(2):
            await ended.acquire()
        worker.stop()
    assert worker.done == {(KIND, "done"): 2}
