"""How answers travel: compression, cache headers, and a pool that is exhausted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from test_http import SETTINGS, VIEWER, Site, code_of, message_of, site

from cyclorama.app import make_app
from cyclorama.storage.engine import Database

__all__ = ["site"]
pytestmark = pytest.mark.anyio
LARGE = {"query": "{ __schema { types { name description } } }"}


async def test_a_large_answer_is_compressed_for_who_accepts_it(site: Site) -> None:
    plain = await site.post(LARGE, headers={"accept-encoding": "identity"})
    packed = await site.post(LARGE, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) // 2
    for response in (plain, packed):
        assert response.headers["vary"] == "Accept-Encoding"


async def test_a_small_answer_is_sent_as_it_is(site: Site) -> None:
    response = await site.post(VIEWER, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers


async def test_no_answer_may_be_cached(site: Site) -> None:
    signed = {"authorization": f"Bearer {site.token}"}
    answers = [
        await site.post(VIEWER),
        await site.post(LARGE),
        await site.post({"query": "{"}),
        await site.client.post("/graphql"),
        *[
            await site.client.get(path, headers=signed)
            for path in ("/healthz", "/readyz", "/metrics", "/nothing")
        ],
    ]
    for response in answers:
        assert response.headers.get_list("cache-control") == ["no-store, private"]
        for name in ("etag", "last-modified", "expires", "age"):
            assert name not in response.headers


async def test_who_finds_all_connections_taken_is_told_so_in_time(site: Site) -> None:
    url = site.app.database.url.render_as_string(hide_password=False)
    small = Database(url, pool_size=2, wait_seconds=0.2)
    held, site.app.database = site.app.database, small
    async with small.read(), small.read():
        responses: list[Any] = await asyncio.gather(
            *(site.post(VIEWER) for _ in range(9))
        )
        pool: Any = small.readers.pool
        assert (pool.checkedout(), pool.overflow()) == (2, 0)
    for response in responses:
        assert (response.status_code, code_of(response)) == (503, "SERVICE_UNAVAILABLE")
        assert "connections are taken" in message_of(response)
        assert response.headers["retry-after"] == "2"
    assert (await site.post(VIEWER)).status_code == 200
    site.app.database = held
    await small.close()


async def test_a_pool_of_one_serves_all_that_wait(site: Site) -> None:
    url = site.app.database.url.render_as_string(hide_password=False)
    app = make_app(SETTINGS, Database(url, pool_size=1, wait_seconds=30))
    held, site.app.database = site.app.database, app.database
    responses = await asyncio.gather(*(site.post(VIEWER) for _ in range(20)))
    assert {r.status_code for r in responses} == {200}
    site.app.database = held
    await app.database.close()
