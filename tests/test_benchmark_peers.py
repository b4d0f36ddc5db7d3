"""The benchmark's peers on Node, as far as they go without npm and a network."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import limit, operations, peers, report
from benchmarks.__main__ import on_node
from benchmarks.checking import check, difference
from benchmarks.database import fill
from benchmarks.load import request_bytes
from benchmarks.measuring import Figures, Sample, taking_part
from benchmarks.peers.shapes import shaped
from benchmarks.results import GOALS, Results
from benchmarks.serving import command
from tests.test_benchmarks import ASKED, COMPANIES, living, post

POINT = (
    "json_build_object('periodStart', p.period_start, 'value', p.value,"
    " 'partial', p.partial)"
)
GROUP_SCORE = (
    "json_build_object('value', (g.score).value, 'label', (g.score).label,"
    " 'color', (g.score).color, 'trend', (g.score).trend)"
)
MEASURE_SCORE = (
    "json_build_object('value', (m.score).value, 'label', (m.score).label,"
    " 'color', (m.score).color, 'trend', (m.score).trend, 'stale', (m.score).stale)"
)
ITEM = (
    "(SELECT json_build_object('label', label, 'color', color)"
    " FROM picklist_item WHERE id = a.%s_id)"
)
MILESTONES = (
    "json_build_object('nodes', (SELECT coalesce(json_agg(m), '[]')"
    " FROM postgraphile.company_milestones(c) AS m))"
)
ATTENDEES = (
    "json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object("
    "'name', t.name)), '[]') FROM postgraphile.timeline_activity_%s(a) AS t))"
)
COMPANY = """
    'rowId', c.id, 'name', c.name, 'arrMinor', c.arr_minor::text, 'currency', c.currency,
    'renewalDate', c.renewal_date, 'originalContractDate', c.original_contract_date,
    'lifetimeInMonths', postgraphile.company_lifetime_in_months(c),
    'tags', c.tags, 'comment', c.comment,
    'csm', (SELECT json_build_object('name', name, 'email', email)
      FROM app_user WHERE id = c.csm_id),
    'status', (SELECT json_build_object('key', key, 'label', label)
      FROM picklist_item WHERE id = c.status_id),
    'stage', (SELECT json_build_object('key', key, 'label', label)
      FROM picklist_item WHERE id = c.stage_id),
    'industry', (SELECT json_build_object('key', key, 'label', label)
      FROM picklist_item WHERE id = c.industry_id)"""
LIGHT = f"""SELECT json_build_object('companyByRowId', json_build_object({COMPANY},
    'people', postgraphile.company_people(c),
    'health', (SELECT json_build_object('value', h.value, 'trend', h.trend)
      FROM postgraphile.company_health(c) AS h),
    'openByType', json_build_object('nodes', (SELECT json_agg(t)
      FROM postgraphile.company_open_by_type(c) AS t)),
    'milestones', {MILESTONES},
    'nps', (SELECT n FROM postgraphile.company_nps(c) AS n),
    'openByPriority', json_build_object('nodes', (SELECT coalesce(json_agg(p), '[]')
      FROM postgraphile.company_open_by_priority(c) AS p))
))::text FROM company c WHERE c.id = $1"""
FULL = f"""SELECT json_build_object('companyByRowId', json_build_object({COMPANY},
    'relationshipTotals', json_build_object('nodes', (SELECT json_agg(json_build_object(
        'key', t.key, 'name', t.name, 'count', t.count, 'arrMinor', t.arr_minor::text,
        'currency', t.currency)) FROM postgraphile.company_relationship_totals(c) AS t)),
    'relationships', (SELECT json_build_object('totalCount', max(total),
        'pageInfo', json_build_object('hasNextPage', max(total) > 10),
        'nodes', json_agg(json_build_object('rowId', r.id, 'name', r.name,
          'type', json_build_object('name', t.name),
          'status', json_build_object('label', p.label, 'color', p.color),
          'arrMinor', r.arr_minor::text, 'currency', r.currency,
          'renewalDate', r.renewal_date) ORDER BY r.search_key, r.id))
      FROM (SELECT *, count(*) OVER () AS total FROM relationship
        WHERE company_id = c.id ORDER BY search_key, id LIMIT 10) AS r
      JOIN relationship_type t ON t.id = r.type_id
      JOIN picklist_item p ON p.id = r.status_id),
    'hierarchy', json_build_object('nodes', (SELECT json_agg(json_build_object(
        'rowId', id, 'name', name, 'parentId', parent_id, 'level', level,
        'childCount', child_count, 'isCurrent', is_current, 'arrMinor', arr_minor::text,
        'sumMinor', sum_minor::text, 'currency', currency))
      FROM postgraphile.company_hierarchy(c))),
    'support', (SELECT json_build_object('open', open, 'total', total,
        'meanDays', mean_days, 'byPriority', by_priority)
      FROM postgraphile.company_support(c)),
    'cases', json_build_object('nodes', (SELECT json_agg(json_build_object(
        'rowId', id, 'number', number, 'subject', subject, 'status', status,
        'isClosed', is_closed, 'priority', priority, 'openedAt', opened_at,
        'closedAt', closed_at)) FROM (SELECT * FROM support_case
        WHERE company_id = c.id ORDER BY opened_at DESC, id LIMIT 10) AS s)),
    'scorecard', (SELECT json_build_object('name', s.name, 'overall', s.overall,
        'groups', (SELECT json_agg(json_build_object('key', g.key, 'name', g.name,
            'weight', g.weight, 'score', {GROUP_SCORE},
            'measures', (SELECT json_agg(json_build_object('key', m.key, 'name', m.name,
                'score', {MEASURE_SCORE})) FROM unnest(g.measures) AS m)))
          FROM unnest(s.groups) AS g),
        'history', (SELECT json_agg(json_build_object('weekStart', h.week_start,
            'value', h.value, 'label', h.label, 'color', h.color))
          FROM unnest(s.history) AS h))
      FROM postgraphile.company_scorecard(c) AS s),
    'surveys', (SELECT json_build_object('nps', s.nps, 'averageRating', s.average_rating,
        'marginOfError', s.margin_of_error, 'lowSample', s.low_sample,
        'responseCount', s.response_count, 'promoters', s.promoters,
        'passives', s.passives, 'detractors', s.detractors,
        'trend', (SELECT json_agg(json_build_object('month', t.month, 'nps', t.nps,
          'responseCount', t.response_count)) FROM unnest(s.trend) AS t))
      FROM postgraphile.company_surveys(c) AS s),
    'answers', (SELECT json_build_object('totalCount', count(*),
        'nodes', json_agg(node) FILTER (WHERE place <= 5))
      FROM (SELECT row_number() OVER () AS place, json_build_object('rowId', a.id,
          'survey', (SELECT json_build_object('name', name) FROM surveys_survey
            WHERE id = a.survey_id),
          'rating', a.rating, 'text', postgraphile.surveys_response_text(a),
          'respondedAt', a.responded_at,
          'person', (SELECT json_build_object('name', name) FROM person
            WHERE id = a.person_id)) AS node
        FROM postgraphile.company_answers(c) AS a) AS a),
    'cockpit', (SELECT json_build_object('open', open, 'overdue', overdue,
        'snoozed', snoozed, 'successRate', success_rate, 'byType', by_type)
      FROM postgraphile.company_cockpit(c)),
    'openCtas', (SELECT json_build_object('totalCount', count(*),
        'pageInfo', json_build_object('hasNextPage', count(*) > 10),
        'nodes', json_agg(node) FILTER (WHERE place <= 10))
      FROM (SELECT row_number() OVER () AS place, json_build_object('rowId', a.id,
          'name', a.name, 'dueDate', a.due_date, 'isImportant', a.is_important,
          'type', {ITEM % "type"}, 'priority', {ITEM % "priority"},
          'status', {ITEM % "status"},
          'reason', (SELECT json_build_object('label', label) FROM picklist_item
            WHERE id = a.reason_id),
          'owner', (SELECT json_build_object('name', name) FROM app_user
            WHERE id = a.owner_id),
          'daysUntilClose', postgraphile.cockpit_cta_days_until_close(a),
          'daysPastDue', postgraphile.cockpit_cta_days_past_due(a),
          'percentComplete', postgraphile.cockpit_cta_percent_complete(a),
          'totalTasks', a.total_tasks, 'closedTasks', a.closed_tasks) AS node
        FROM postgraphile.company_open_ctas(c) AS a) AS a),
    'milestones', {MILESTONES},
    'activities', (SELECT json_build_object('totalCount', count(*),
        'pageInfo', json_build_object('hasNextPage', count(*) > 10),
        'nodes', json_agg(node) FILTER (WHERE place <= 10))
      FROM (SELECT row_number() OVER () AS place, json_build_object('rowId', a.id,
          'type', a.type, 'subject', a.subject, 'activityDate', a.activity_date,
          'durationMinutes', a.duration_minutes, 'milestoneType', a.milestone_type,
          'author', (SELECT json_build_object('name', name) FROM app_user
            WHERE id = a.author_id),
          'internal', {ATTENDEES % "internal"}, 'external', {ATTENDEES % "external"},
          'comments', json_build_object('nodes', (SELECT coalesce(json_agg(
              json_build_object('rowId', id) ORDER BY created_at, id), '[]')
            FROM timeline_comment WHERE activity_id = a.id))) AS node
        FROM postgraphile.company_activities(c) AS a) AS a),
    'usage', (SELECT json_build_object('last', last, 'before', before,
        'utilization', utilization, 'trendPercent', trend_percent,
        'activeUsers', (SELECT json_agg({POINT}) FROM unnest(active_users) AS p),
        'modules', (SELECT json_agg(json_build_object('key', m.key, 'name', m.name,
            'unit', m.unit, 'total', m.total,
            'series', (SELECT json_agg({POINT}) FROM unnest(m.series) AS p)))
          FROM unnest(modules) AS m))
      FROM postgraphile.company_usage(c))
))::text FROM company c WHERE c.id = $1"""
PORTFOLIO = """SELECT json_build_object('allCompanies', json_build_object('nodes',
    json_agg(json_build_object('rowId', c.id, 'name', c.name,
      'status', json_build_object('label', st.label, 'color', st.color),
      'stage', json_build_object('label', sg.label),
      'industry', json_build_object('label', i.label),
      'arrMinor', c.arr_minor::text, 'currency', c.currency,
      'renewalDate', c.renewal_date, 'originalContractDate', c.original_contract_date,
      'lifetimeInMonths', postgraphile.company_lifetime_in_months(c),
      'csm', json_build_object('name', u.name), 'employees', c.employees,
      'managedAs', c.managed_as) ORDER BY c.search_key, c.id)))::text
  FROM company c
  JOIN picklist_item st ON st.id = c.status_id JOIN picklist_item sg ON sg.id = c.stage_id
  JOIN picklist_item i ON i.id = c.industry_id JOIN app_user u ON u.id = c.csm_id
  WHERE $1 <> ''"""
STATEMENTS = {"full": FULL, "light": LIGHT, "portfolio": PORTFOLIO}
"""What PostGraphile makes of its documents, by hand."""


async def by_hand(url: str) -> list[Any]:
    """PostGraphile's answers to its operations, by its functions."""
    engine = create_async_engine(url, connect_args={"server_settings": limit.SETTINGS})
    found = []
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.execute((peers.HERE / "postgraphile.sql").read_text("utf-8"))
        for statement in STATEMENTS.values():
            for company in ASKED:
                found.append(
                    {"data": json.loads(await raw.fetchval(statement, company))}
                )
    await engine.dispose()
    return found


@pytest.mark.anyio
async def test_postgraphile_has_the_values_of_the_others(
    empty_postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(empty_postgresql_url, COMPANIES)
    monkeypatch.setenv("CYCLORAMA_DATABASE_URL", empty_postgresql_url)
    app = limit.asgi()
    async with living(app):
        wanted = [
            await post(app, operations.body(operations.text(name), company))
            for name in STATEMENTS
            for company in ASKED
        ]
    answers = await by_hand(empty_postgresql_url)
    check(
        {"limit": wanted, "postgraphile": [shaped("postgraphile", a) for a in answers]}
    )
    answers[0]["data"]["companyByRowId"]["usage"]["modules"][1]["series"][0][
        "value"
    ] = -1
    differs = difference(wanted[0], shaped("postgraphile", answers[0]))
    assert differs is not None
    assert differs.startswith(".data.company.usage.modules.1.series.0.value")


def test_an_answer_with_errors_keeps_its_shape() -> None:
    failed = {"data": None, "errors": [{"message": "no"}]}
    assert shaped("postgraphile", failed) is failed
    assert shaped("mercurius", {"data": {"company": {}}}) == {"data": {"company": {}}}


@pytest.mark.parametrize("name", operations.NAMES)
def test_the_schema_of_mercurius_takes_the_operations(name: str) -> None:
    schema = build_schema((peers.HERE / "mercurius.graphql").read_text("utf-8"))
    assert validate(schema, parse(operations.text(name))) == []


def test_requests_are_in_the_words_of_each_variant() -> None:
    full = operations.worded("full", "token", ["company_1"], ("limit", *peers.NAMES))
    shared = operations.requests("full", "token", ["company_1"])
    assert full["limit"] == full["mercurius"] == full["mercurius-page"] == shared
    own = (peers.HERE / "postgraphile" / "full.graphql").read_text("utf-8")
    body = operations.body(own, "company_1")
    assert full["postgraphile"] == [request_bytes("/graphql", "token", body)]
    nested = operations.worded("nested", "token", ["company_1"], peers.NAMES)
    assert list(nested) == ["mercurius-page"]


def test_servers_without_requests_sit_out() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    one, other = Named("limit"), Named("postgraphile")
    servers: Any = [one, other]
    assert taking_part(servers, {"limit": [b""]}) == [one]


def test_peers_are_started_as_what_they_are() -> None:
    alone = [str(peers.HERE / "postgraphile.mjs"), "7"]
    assert command("postgraphile", 7)[1:] == alone
    page = [str(peers.HERE / "mercurius.mjs"), "7", "page"]
    assert command("mercurius-page", 7)[1:] == page


def script(folder: Path, name: str, text: str) -> None:
    """A program on the search path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def lock(folder: Path) -> Path:
    """A folder with a lock file."""
    folder.mkdir()
    (folder / "package-lock.json").write_text("{}")
    return folder


def test_without_node_the_run_says_who_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    results = Results({"companies": 1, "when": "", "python": "", "cores": 1})
    results.setting |= {"rounds": 1, "seconds": 1}
    assert on_node(results) == ()
    line = "postgraphile and mercurius and mercurius-page: node is not installed"
    assert f"left out: {line}" in capsys.readouterr().err
    assert f"Left out: {line}." in report.markdown(results)


def test_an_installation_that_fails_leaves_the_peers_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin", "node", "echo v22.1.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = lock(tmp_path / "peers")
    assert peers.left_out(folder) == "npm is not installed"
    script(tmp_path / "bin", "npm", "echo 'npm error code E404' >&2; exit 1")
    reason = peers.left_out(folder)
    assert reason == "`npm ci` in benchmarks/peers fails: code E404"
    script(tmp_path / "bin", "npm", "exit 3")
    assert (peers.left_out(folder) or "").endswith("fails: exit code 3")


def test_peers_are_installed_once_for_a_lock_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin", "node", "echo v20.1.0")
    installed = (
        "mkdir -p node_modules; : > node_modules/.package-lock.json; echo >> runs"
    )
    script(tmp_path / "bin", "npm", installed)
    places = [str(tmp_path / "bin"), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    folder = lock(tmp_path / "peers")
    old = "PostGraphile needs Node 22, this is 20.1.0"
    assert peers.left_out(folder) == old
    assert peers.left_out(folder) == old
    assert (folder / "runs").read_text() == "\n"
    later = (folder / "package-lock.json").stat().st_mtime + 10
    os.utime(folder / "package-lock.json", (later, later))
    script(folder / "node_modules" / ".bin", "node", "echo v22.1.0")
    assert peers.left_out(folder) is None
    assert (folder / "runs").read_text() == "\n\n"
    assert peers.node_version(folder) == "22.1.0"


def test_the_lock_file_names_no_registry() -> None:
    text = (peers.HERE / "package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    assert len(packages) > 100
    assert not [name for name, held in packages.items() if "resolved" in held]
    settings = (peers.HERE / ".npmrc").read_text("utf-8")
    assert "omit-lockfile-registry-resolved=true" in settings
    ignored = (peers.HERE.parents[1] / ".gitignore").read_text("utf-8")
    assert "node_modules/" in ignored.splitlines()


def test_goals_against_the_peers() -> None:
    def figures(variant: str, operation: str, size: float) -> Figures:
        return Figures(variant, operation, 16, (Sample(*[size] * 7),))

    found = Results({})
    for name in ("full", "light", "portfolio"):
        found.postgresql.append(figures("cyclorama", name, 4.0))
        found.postgresql += [figures(peer, name, 1.0) for peer in peers.NAMES]
    ratios = found.ratios()
    assert ratios["full.throughput.postgraphile"] == 4
    assert ratios["full.throughput.mercurius"] == 4
    assert ratios["full.throughput.mercurius-page"] == 4
    bounds = {g.figure: g.bound for g in GOALS if "throughput" in g.figure}
    met = {g.figure: g.met for g in found.goals()}
    for name, bound in (("full", 4), ("light", 3.5), ("portfolio", 5)):
        assert bounds[f"{name}.throughput.postgraphile"] == bound
        assert met[f"{name}.throughput.postgraphile"] is (bound <= 4)
    assert bounds["full.throughput.mercurius"] == 2.5
    assert met["full.throughput.mercurius"]
