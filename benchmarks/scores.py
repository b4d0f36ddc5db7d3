"""The scorecard rows of a benchmark: a card of three groups with four measures each.

A company has a score for each measure, for each group and for the whole, and 24 weeks of
history of the whole; a company of the list `LARGE` has 4 or 16 times as many weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

GROUPS = (
    ("adoption", "Adoption", 50),
    ("service", "Service", 30),
    ("value", "Value", 20),
)
MEASURES = 4
"""Of each group."""
BANDS = (
    ("At risk", "#d92d20", 0, 50),
    ("Watch", "#f79009", 50, 75),
    ("Healthy", "#12b76a", 75, 100),
)
HISTORY = 24
VALID_DAYS = 90
"""Of the last measure of each group; the others never get stale."""


def card(sql: Any) -> Iterator[str]:
    """The default card of companies with its scheme, measures and nodes."""
    yield "INSERT INTO scorecard_scheme (id, kind) VALUES ('scheme', 'COLOR')"
    bands = ", ".join(
        f"('band_{n}', 'scheme', {n}, '{label}', '{color}', {low}, {high})"
        for n, (label, color, low, high) in enumerate(BANDS)
    )
    yield f"""INSERT INTO scorecard_band
        (id, scheme_id, position, label, color, low, high) VALUES {bands}"""
    measures = ", ".join(
        f"('measure_{m}', 'COMPANY', 'measure{m}', 'Measure {m}', 'MANUAL', "
        f"{VALID_DAYS if m % MEASURES == 0 else 'NULL'}, 'COUNT', false)"
        for _, m in _measures()
    )
    yield f"""INSERT INTO scorecard_measure (id, record_kind, key, name, input,
        validity_days, stale_policy, comment_required) VALUES {measures}"""
    yield f"""INSERT INTO scorecard_card (id, record_kind, key, name, scheme_id, is_default,
            rank, roll_up, flat, min_coverage, dead_band, comparator, exceptions, criteria,
            version)
        VALUES ('card', 'COMPANY', 'health', 'Health', 'scheme', true, 0, true, false, 0,
            2, 'LAST_WEEK', {sql.json("[]")}, {sql.json("[]")}, 1)"""
    groups = ", ".join(
        f"('group_{g}', 'card', 'GROUP', '{key}', '{name}', {weight}, {100 * g})"
        for g, (key, name, weight) in enumerate(GROUPS)
    )
    yield f"""INSERT INTO scorecard_node (id, card_id, kind, key, name, weight, position)
        VALUES ('overall', 'card', 'OVERALL', '', 'Health', 1, 0), {groups}"""
    nodes = ", ".join(
        f"('node_{m}', 'card', 'MEASURE', 'measure{m}', 'Measure {m}', 'group_{g}', "
        f"'measure_{m}', 25, {100 * g + m})"
        for g, m in _measures()
    )
    yield f"""INSERT INTO scorecard_node (id, card_id, kind, key, name, group_id, measure_id,
            weight, position) VALUES {nodes}"""


def _measures() -> list[tuple[int, int]]:
    """The number of the group and the number of each measure, which are from 1 on."""
    return [(n // MEASURES, n + 1) for n in range(len(GROUPS) * MEASURES)]


def _value(measure: int | str) -> str:
    return f"(20 + (n * 7 + {measure} * 13) % 78)"


def scores(sql: Any, many: str, weeks: str) -> Iterator[str]:
    """What companies of `many` have; `weeks` is a row source of `w`, from 0 on."""
    validated = "- n % 120"
    stale = sql.instant(f"{VALID_DAYS} - n % 120")
    never = f"CASE WHEN n < 0 THEN {stale} END"
    nodes = " UNION ALL ".join(
        f"SELECT n, 'node_{m}' AS node, {_value(m)} * 1.0 AS score, {_value(m)} AS value, "
        f"{never if m % MEASURES else stale} AS stale_after, {m} AS place FROM {many}"
        for _, m in _measures()
    )
    sums = {
        g: "(" + " + ".join(_value(m) for of, m in _measures() if of == g) + ")"
        for g in range(len(GROUPS))
    }
    groups = " UNION ALL ".join(
        f"SELECT n, 'group_{g}', {s} / 4.0, (2 * {s} + 4) / 8, {stale}, 20 + {g} FROM {many}"
        for g, s in sums.items()
    )
    whole = " + ".join(f"{w} * {sums[g]}" for g, (*_, w) in enumerate(GROUPS))
    overall = (
        f"SELECT n, 'overall', ({whole}) / 400.0, ({whole} + 200) / 400, {stale}, 30 "
        f"FROM {many}"
    )
    yield f"""INSERT INTO scorecard_score (record_id, node_id, score, value, computed, base,
            base_until, set_at, validated_at, stale_after, expires)
        SELECT 'company_' || n, node, score, value, score,
            CASE WHEN place % 5 = 4 THEN NULL ELSE value - 6 + (n + place) % 9 END,
            {sql.day("30")}, {sql.instant(validated)}, {sql.instant(validated)},
            stale_after, false
        FROM ({nodes} UNION ALL {groups} UNION ALL {overall}) AS s ORDER BY n, place"""
    band = " ".join(
        f"WHEN value <= {high} THEN '{{{n}}}'" for n, (*_, high) in enumerate(BANDS)
    )
    labels, colors = (
        f"CASE {band} END".format(*(b[part] for b in BANDS)) for part in (0, 1)
    )
    yield f"""INSERT INTO scorecard_event (id, record_id, number, node_id, kind, day, at,
            score, value, label, color, actor_kind)
        SELECT 'event_' || n || '_' || w, 'company_' || n, 1000 - w, 'overall', 'RECALC',
            {sql.day("- 7 * w - n % 3")}, {sql.instant("- 7 * w - n % 3")}, value * 1.0,
            value, {labels}, {colors}, 'SYSTEM'
        FROM (SELECT n, w, 10 + (n * 3 + w * 7) % 90 AS value FROM {many}, {weeks}) AS e"""
