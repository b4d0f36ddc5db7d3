"""HTTP as clients see it: sign-in, parsing, limits, errors, health."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import exc, text
from structlog.testing import capture_logs

from cyclorama.app import App, clock, make_app
from cyclorama.config import Settings
from cyclorama.errors import RequestTimeoutError
from cyclorama.server.application import create_server
from cyclorama.storage.accounts import add_user, create_token, deactivate_user
from cyclorama.storage.engine import Database

pytestmark = pytest.mark.anyio
VIEWER = {"query": "{ viewer { email } }"}
SETTINGS = Settings(max_body_bytes=10_000, request_timeout_seconds=2, worker=False)


class Site:
    """The server over one database, with a signed-in client."""

    def __init__(self, app: App, client: httpx2.AsyncClient, token: str) -> None:
        self.app, self.client, self.token = app, client, token

    def answer_by(self, function: Any) -> None:
        """Have operations answered by another function."""
        engine: Any = self.app.engine
        engine.answer = function

    async def post(self, body: Any = None, **options: Any) -> httpx2.Response:
        headers = {
            "authorization": f"Bearer {self.token}",
            **options.pop("headers", {}),
        }
        if body is not None:
            options["content"] = body if isinstance(body, bytes) else orjson.dumps(body)
            headers.setdefault("content-type", "application/json")
        return await self.client.post("/graphql", headers=headers, **options)


@pytest.fixture
async def site(ready_database: Database) -> AsyncIterator[Site]:
    async with ready_database.write() as session:
        await add_user(session, email="ann@example.com", groups=["csm"], now=clock())
        token = await create_token(session, email="ann@example.com", now=clock())
    app = make_app(SETTINGS, ready_database)
    server = create_server(app, SETTINGS)
    async with (
        server.router.lifespan_context(server),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(server), base_url="http://test"
        ) as client,
    ):
        yield Site(app, client, token)


def code_of(response: httpx2.Response) -> str:
    (error,) = response.json()["errors"]
    assert response.headers["content-type"].startswith("application/")
    code: str = error["extensions"]["code"]
    return code


def message_of(response: httpx2.Response) -> str:
    message: str = response.json()["errors"][0]["message"]
    return message


# -- sign-in


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer cyc_wrong",
        "Bearer other",
        "Bearer cyc_" + "x" * 5_000,
        "Bearer cyc_'; DROP TABLE app_user",
    ],
)
async def test_without_a_valid_token_every_path_is_the_same_401(
    site: Site, header: str | None
) -> None:
    headers = {} if header is None else {"authorization": header}
    for method, path in (
        ("POST", "/graphql"),
        ("GET", "/graphql"),
        ("PUT", "/graphql"),
        ("GET", "/"),
        ("GET", "/nothing/here"),
        ("POST", "/healthz/x"),
        ("POST", "/healthz"),
        ("TRACE", "/graphql"),
        ("STRANGE", "/readyz"),
    ):
        response = await site.client.request(method, path, headers=headers)
        assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_the_token_of_a_deactivated_user_is_dead_at_once(site: Site) -> None:
    assert (await site.post(VIEWER)).status_code == 200
    async with site.app.database.write() as session:
        await deactivate_user(session, "ann@example.com")
    assert (await site.post(VIEWER)).status_code == 401


async def test_an_expired_token_is_dead(site: Site) -> None:
    site.app.now = lambda: clock() + timedelta(days=89)
    assert (await site.post(VIEWER)).status_code == 200
    site.app.now = lambda: clock() + timedelta(days=91)
    assert (await site.post(VIEWER)).status_code == 401


async def test_a_token_in_the_address_signs_nobody_in(site: Site) -> None:
    response = await site.client.get("/graphql", params={"token": site.token})
    assert response.status_code == 401


# -- parsing and limits


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b'{"query": "\\ud800"}', "no JSON"),
        ([VIEWER], "batches"),
        ("text", "JSON object"),
        ({}, "`query`"),
        ({"query": 1}, "`query`"),
        ({"query": " "}, "`query`"),
        ({**VIEWER, "variables": []}, "`variables`"),
        ({**VIEWER, "operationName": 1}, "`operationName`"),
        ({**VIEWER, "operationName": "x" * 256}, "`operationName`"),
    ],
)
async def test_a_body_that_is_no_operation_is_refused_by_name(
    site: Site, body: Any, named: str
) -> None:
    response = await site.post(body)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert named in message_of(response)


async def test_another_media_type_is_refused(site: Site) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        response = await site.post(b"{}", headers={"content-type": kind})
        assert (response.status_code, code_of(response)) == (415, "BAD_REQUEST")
        assert kind in message_of(response)
    for charset in ("utf-16", '"latin-1"'):
        kind = f"application/json; charset={charset}"
        response = await site.post(VIEWER, headers={"content-type": kind})
        assert (response.status_code, code_of(response)) == (415, "BAD_REQUEST")
        assert charset.strip('"') in message_of(response)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/graphql-response+json",
    ],
)
async def test_json_in_utf_8_is_read_whatever_it_calls_itself(
    site: Site, kind: str
) -> None:
    assert (await site.post(VIEWER, headers={"content-type": kind})).status_code == 200


async def test_a_body_over_the_limit_is_refused_before_it_has_come(site: Site) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1_000

    kind = {"content-type": "application/json"}
    response = await site.post(content=chunks(), headers=kind)
    assert (response.status_code, code_of(response)) == (413, "BAD_REQUEST")
    assert "10000 bytes" in message_of(response)
    assert (await site.post(b" " * 10_001)).status_code == 413


async def test_other_methods_are_refused(site: Site) -> None:
    headers = {"authorization": f"Bearer {site.token}"}
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "STRANGE"):
        response = await site.client.request(method, "/graphql", headers=headers)
        assert response.status_code == 405
        assert method == "HEAD" or code_of(response) == "BAD_REQUEST"
        assert response.headers["allow"] == "GET, POST"


async def test_an_unknown_path_is_not_found_for_who_is_signed_in(site: Site) -> None:
    headers = {"authorization": f"Bearer {site.token}"}
    response = await site.client.get("/nothing", headers=headers)
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { viewer { id } } query B { viewer { id } }", None),
        ("{" + " a " * 25_000 + "}", "413"),
        ("{ viewer { " + "groups { " * 20 + "id" + " }" * 20 + " } }", "COST_LIMIT"),
        ("subscription { x }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_an_operation_that_cannot_run_has_its_code(
    site: Site, query: str, code: str | None
) -> None:
    response = await site.post({"query": query})
    if code == "413":
        assert response.status_code == 413
        return
    assert response.status_code == 400
    found = response.json()["errors"][0]["extensions"]["code"]
    assert found == (code or "OPERATION_RESOLUTION_FAILURE")


async def test_a_get_needs_the_preflight_header_and_never_changes_anything(
    site: Site,
) -> None:
    signed = {"authorization": f"Bearer {site.token}"}
    flown = {**signed, "x-cyclorama-preflight": "true"}
    plain = await site.client.get("/graphql", params=VIEWER, headers=signed)
    assert (plain.status_code, code_of(plain)) == (400, "BAD_REQUEST")
    query = "query($a: ID!) { node(id: $a) { id } }"
    given = {"query": query, "variables": json.dumps({"a": "x"})}
    found = await site.client.get("/graphql", params=given, headers=flown)
    assert found.json() == {"data": {"node": None}}
    bad = await site.client.get(
        "/graphql", params={**given, "variables": "{"}, headers=flown
    )
    assert "`variables`" in message_of(bad)
    change = """mutation { updateFields(input: {recordId: "x", fields: []}) {
      errors { code } } }"""
    refused = await site.client.get("/graphql", params={"query": change}, headers=flown)
    assert (refused.status_code, code_of(refused)) == (405, "OPERATION_NOT_ALLOWED")


# -- answers


async def test_an_operation_is_answered(site: Site) -> None:
    response = await site.post(VIEWER)
    assert response.status_code == 200
    assert response.json() == {"data": {"viewer": {"email": "ann@example.com"}}}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store, private"
    modern = await site.post(
        VIEWER, headers={"accept": "application/graphql-response+json"}
    )
    assert modern.headers["content-type"] == "application/graphql-response+json"


async def test_a_request_id_is_echoed_if_it_is_a_plain_one(site: Site) -> None:
    echoed = await site.post(VIEWER, headers={"x-request-id": "abc-1"})
    assert echoed.headers["x-request-id"] == "abc-1"
    for strange in ("a b", "x" * 65, "<script>"):
        made = await site.post(VIEWER, headers={"x-request-id": strange})
        assert len(made.headers["x-request-id"]) == 16


async def test_a_log_line_names_no_token_and_no_query(site: Site) -> None:
    with capture_logs() as logs:
        await site.post({**VIEWER, "variables": {"secret": "hush"}})
        await site.client.post("/graphql", headers={"authorization": "Bearer cyc_hush"})
    lines = [line for line in logs if line["event"] == "request"]
    assert [line["status"] for line in lines] == [200, 401]
    assert lines[0]["viewer"].startswith("user_")
    for word in (site.token, "hush", "viewer {", "ann@example.com"):
        assert word not in str(logs)


async def test_an_exception_stays_inside_and_is_logged_with_the_id(site: Site) -> None:
    async def fail(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    site.answer_by(fail)
    with capture_logs() as logs:
        response = await site.post(VIEWER, headers={"x-request-id": "r1"})
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert "secret" not in response.text
    assert "(request r1)" in message_of(response)
    assert any(line["event"] == "request_failed" for line in logs)


async def test_a_request_that_takes_too_long_is_ended(site: Site) -> None:
    async def wait(*_: Any) -> Any:
        await asyncio.sleep(30)

    site.answer_by(wait)
    response = await site.post(VIEWER)
    assert (response.status_code, code_of(response)) == (504, "TIMEOUT")


async def test_who_runs_out_of_time_does_not_wait_for_what_still_ends(
    site: Site,
) -> None:
    ended = asyncio.Event()

    async def stubborn(*_: Any) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await ended.wait()
            raise

    site.answer_by(stubborn)
    response = await site.post(VIEWER)
    assert (response.status_code, code_of(response)) == (504, "TIMEOUT")
    pool: Any = site.app.database.readers.pool
    assert pool.checkedout() == 1
    ended.set()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not pool.checkedout():
            break
    assert pool.checkedout() == 0


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exc.TimeoutError(), 503, "SERVICE_UNAVAILABLE"),
        (TimeoutError(), 503, "SERVICE_UNAVAILABLE"),
        (ConnectionResetError(), 503, "SERVICE_UNAVAILABLE"),
        (exc.InterfaceError("", None, OSError()), 503, "SERVICE_UNAVAILABLE"),
        (exc.ProgrammingError("", None, OSError()), 500, "INTERNAL_SERVER_ERROR"),
        (exc.InvalidRequestError(), 500, "INTERNAL_SERVER_ERROR"),
        (sqlite3.ProgrammingError(), 500, "INTERNAL_SERVER_ERROR"),
        (RequestTimeoutError("Too slow."), 504, "TIMEOUT"),
    ],
)
async def test_an_error_has_the_status_of_its_kind(
    site: Site, error: Exception, status: int, code: str
) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    site.answer_by(fail)
    response = await site.post(VIEWER)
    assert (response.status_code, code_of(response)) == (status, code)


async def test_a_statement_that_is_wrong_is_no_database_that_is_gone(
    site: Site,
) -> None:
    async def fail(_operation: Any, context: Any) -> Any:
        await context.reading.execute(text("SELECT nothing FROM nowhere"))

    site.answer_by(fail)
    response = await site.post(VIEWER)
    assert (response.status_code, code_of(response)) == (500, "INTERNAL_SERVER_ERROR")


async def test_a_client_that_goes_away_is_no_error_of_ours(site: Site) -> None:
    headers = {"authorization": f"Bearer {site.token}", "host": "test"}
    headers["content-type"] = "application/json"
    coming = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(_: Any) -> None:
        pass

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    with capture_logs() as logs:
        await create_server(site.app, SETTINGS)(scope, receive, send)
    assert [(line["event"], line["status"]) for line in logs] == [("request", 400)]


async def test_a_database_that_is_gone_is_a_503(site: Site) -> None:
    assert (await site.client.get("/readyz")).status_code == 200
    gone = (
        "sqlite:////nowhere/at/all.db"
        if site.app.database.is_sqlite
        else "postgresql://nobody@127.0.0.1:1/none"
    )
    held, site.app.database = site.app.database, Database(gone)
    response = await site.post(VIEWER)
    assert (response.status_code, code_of(response)) == (503, "SERVICE_UNAVAILABLE")
    ready = await site.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "wrong": "database"}
    assert (await site.client.get("/healthz")).status_code == 200
    await site.app.database.close()
    site.app.database = held
    assert (await site.post(VIEWER)).status_code == 200


async def test_health_needs_no_token(site: Site) -> None:
    assert (await site.client.get("/healthz")).json() == {"status": "alive"}
    assert (await site.client.get("/readyz")).json() == {"status": "ready"}


async def test_a_database_that_is_not_up_to_date_is_not_ready(
    site: Site, fresh_database: Database
) -> None:
    held, site.app.database = site.app.database, fresh_database
    ready = await site.client.get("/readyz")
    site.app.database = held
    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "wrong": "migrations"}


async def test_signing_in_and_reading_take_two_statements_and_one_transaction(
    site: Site,
) -> None:
    await site.post(VIEWER)
    seen: list[str] = []
    site.app.database.watches.append(seen.append)
    query = '{ company(id: "company_none") { name } }'
    assert (await site.post({"query": query})).status_code == 200
    statements = [s for s in seen if not s.startswith("BEGIN")]
    assert len(statements) == 2
    assert "access_token" in statements[0]
