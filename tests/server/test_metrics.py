"""What a process tells of itself, and to whom."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from test_http import Site, code_of, message_of, site

from cyclorama.app import clock
from cyclorama.plugins.working import WORKER
from cyclorama.plugins.written import COMPANY_CHANGED
from cyclorama.server.metrics import BUCKETS, Metrics
from cyclorama.storage.accounts import add_user, create_token
from cyclorama.storage.audit import Author
from cyclorama.storage.events import Event, emit

__all__ = ["site"]
pytestmark = pytest.mark.anyio
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
LINE = re.compile(r'(cyclorama_\w+)(?:\{\w+="[^"]+"\})? (\d+(?:\.\d+)?(?:e[+-]\d+)?)')


async def metrics_of(site: Site) -> httpx2.Response:
    async with site.app.database.write() as session:
        await add_user(session, email="eve@example.com", groups=["admin"], now=clock())
        token = await create_token(session, email="eve@example.com", now=clock())
    headers = {"authorization": f"Bearer {token}"}
    return await site.client.get("/metrics", headers=headers)


async def test_for_others_there_is_nothing_there(site: Site) -> None:
    anonymous = await site.client.get("/metrics")
    assert (anonymous.status_code, code_of(anonymous)) == (401, "UNAUTHENTICATED")
    headers = {"authorization": f"Bearer {site.token}"}
    refused = await site.client.get("/metrics", headers=headers)
    unknown = await site.client.get("/nothing", headers=headers)
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert message_of(refused) == message_of(unknown)


async def test_the_metrics_are_those_of_the_documents(site: Site) -> None:
    section = (
        OPERATING.read_text("utf-8").partition("## Metrics")[2].partition("\n## ")[0]
    )
    documented = re.findall(r"`(cyclorama_\w+)`", section)
    text = (await metrics_of(site)).text
    told = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert sorted(documented) == sorted(name for name, _ in told)
    for name, type_ in told:
        row = next(line for line in section.splitlines() if f"`{name}`" in line)
        assert f"| {type_} |" in row
        assert (type_ == "counter") == name.endswith("_total")
    for cache in site.app.caches:
        assert f"`{cache}`" in section


async def test_what_has_happened_is_counted(site: Site) -> None:
    for _ in range(3):
        await site.post({"query": "{ viewer { id } }"})
    await site.post({"query": "{"})
    await site.client.get("/healthz")
    changed = Event(kind=COMPANY_CHANGED, record_id="company_1")
    by = Author(actor=WORKER, at=clock())
    async with site.app.database.write() as session:
        await emit(session, by, [changed] * 2)
    response = await metrics_of(site)
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [n for n in response.text.splitlines() if not n.startswith("#")]
    assert all(LINE.fullmatch(n) for n in lines), lines
    for line in (
        'cyclorama_requests_total{status="200"} 3',
        'cyclorama_requests_total{status="400"} 1',
        'cyclorama_request_seconds_bucket{le="+Inf"} 4',
        "cyclorama_request_seconds_count 4",
        'cyclorama_cache_hits_total{cache="documents"} 2',
        'cyclorama_cache_misses_total{cache="documents"} 2',
        'cyclorama_cache_entries{cache="documents"} 2',
        'cyclorama_events_total{outcome="put_aside"} 0',
        "cyclorama_events_waiting 2",
        'cyclorama_pool_connections_max{pool="read"} 8',
        'cyclorama_pool_connections_in_use{pool="read"} 0',
    ):
        assert line in lines


def test_buckets_hold_what_is_below_them() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.002, 31):
        metrics.count(200, seconds)
    samples = dict(metrics._histogram())
    assert samples['_bucket{le="0.001"}'] == 2
    assert samples['_bucket{le="0.0025"}'] == 3
    assert samples[f'_bucket{{le="{BUCKETS[-1]}"}}'] == 3
    assert (samples['_bucket{le="+Inf"}'], samples["_count"]) == (4, 4)
