"""The scorecard file: what is wrong with one, and what applying one changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.yaml_text import write_yaml
from cyclorama.plugins import Told, Work
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.cardfile import (
    ScorecardFileError,
    difference,
    export,
    parse,
)
from cyclorama.sections.scorecard.commands import apply, close, plan
from cyclorama.sections.scorecard.commands import export as export_command
from cyclorama.sections.scorecard.file_entries import Definitions
from cyclorama.sections.scorecard.tables import AssignmentRow, EventRow, ScoreRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.testing import Bench

SECTIONS = discover().sections
FILE = """
schemes:
  - kind: COLOR
    bands:
      - {label: Red, color: '#d92d20', from: 0, to: 50}
      - {label: Yellow, color: '#f79009', from: 50, to: 75, point: 60}
      - {label: Green, color: '#12b76a', from: 75, to: 100}
  - kind: GRADE
    bands:
      - {label: B, color: '#d92d20', from: 0, to: 50}
      - {label: A, color: '#12b76a', from: 50, to: 100}
measures:
  - {key: logins, kind: COMPANY, name: Logins}
  - {key: depth, kind: COMPANY, name: Depth}
  - {key: tickets, kind: COMPANY, name: Tickets, validity_days: 30}
  - key: sentiment
    kind: COMPANY
    name: Sentiment
    help: [{label: Red, text: Nobody answers.}]
  - key: products
    kind: COMPANY
    name: Products
    input: ROLLUP
    rollup: {aggregate: WEIGHTED, types: [platform]}
  - {key: pulse, kind: RELATIONSHIP, name: Pulse}
scorecards:
  - key: health
    kind: COMPANY
    name: Health
    scheme: COLOR
    is_default: true
    nodes:
      - group: adoption
        weight: 50
        measures: [{measure: logins, weight: 60}, {measure: depth, weight: 40}]
      - {group: support, weight: 20, measures: [{measure: tickets, weight: 100}]}
      - {measure: sentiment, weight: 30}
    exceptions:
      - key: cap
        effect: CAP
        value: 40
        criteria: [{left: MEASURE, key: tickets, operator: LE, values: [10]}]
  - key: vip
    kind: COMPANY
    name: VIP
    scheme: COLOR
    criteria: [{attribute: name, operator: IN, values: [Company 2, Company 3]}]
    nodes: [{measure: sentiment, weight: 1}]
  - key: product
    kind: RELATIONSHIP
    name: Product
    scheme: COLOR
    is_default: true
    nodes: [{measure: pulse, weight: 1}]
"""


def changed(old: str, new: str, text: str = FILE) -> str:
    """The file with one thing in another's place."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


WRONG = [
    ("{measure: sentiment, weight: 30}", "{measure: sentiment, weight: -1}", "weight"),
    ("from: 50, to: 75", "from: 55, to: 75", "'Yellow' has to begin at 50"),
    ("from: 75, to: 100", "from: 75, to: 99", "begin at 0 and end at 100"),
    ("label: Yellow", "label: Red", "Two bands have one label"),
    ("point: 60", "point: 80", "point of 'Yellow' lies outside"),
    ("{key: depth,", "{key: logins,", "another has the key 'logins'"),
    ("name: Depth", "name: Logins", "another has the name 'Logins'"),
    ("key: vip", "key: health", "another has the key 'health'"),
    ("kind: COLOR", "kind: BLACK", "'BLACK' is unknown"),
    ("name: VIP\n    scheme: COLOR", "name: VIP\n    scheme: NUMERIC", "no scheme NUMERIC"),
    ("nodes: [{measure: pulse, weight: 1}]", "nodes: []", "nodes"),
    (
        "nodes: [{measure: pulse, weight: 1}]",
        "nodes: [{measure: pulse, weight: 0}]",
        "all weights are 0",
    ),
    ("{measure: tickets, weight: 100}", "{measure: tickets, weight: 0}", "'support'"),
    ("{measure: depth, weight: 40}", "{measure: gone, weight: 40}", "no measure 'gone'"),
    ("{measure: depth, weight: 40}", "{measure: pulse, weight: 40}", "of kind COMPANY"),
    ("{measure: depth, weight: 40}", "{measure: logins, weight: 4}", "on it twice"),
    ("{measure: sentiment, weight: 30}", "{weight: 30}", "name a group or a measure"),
    ("key: tickets, operator: LE", "key: gone, operator: LE", "no 'gone' for MEASURE"),
    ("operator: LE, values: [10]", "operator: LE, values: []", "LE can't take 0"),
    ("operator: LE, values: [10]", "operator: LE, values: [x]", "'x' is no number"),
    ("left: MEASURE, key: tickets", "left: ATTRIBUTE, key: gone", "no record gone"),
    ("left: MEASURE, key: tickets, operator: LE, values: [10]",
     "left: ATTRIBUTE, key: arr, operator: LE, values: [x]", "'x' is no number"),
    ("left: MEASURE, key: tickets, operator: LE, values: [10]",
     "left: ATTRIBUTE, key: name, operator: EQ, values: [true]", "neither text nor"),
    ("left: MEASURE, key: tickets, operator: LE, values: [10]",
     "left: BAND, key: tickets, operator: EQ, values: [A]",
     "no band 'A'; use one of: Green, Red, Yellow"),
    ("left: MEASURE, key: tickets, operator: LE, values: [10]",
     "left: BAND, key: tickets, operator: LT, values: [Red]", "by EQ, NE or IN"),
    ("value: 40", "value: -40", "only ADJUST takes less"),
    ("effect: CAP", "effect: CAP\n        target: gone", "no group 'gone'"),
    ("attribute: name", "attribute: gone", "there is no record gone"),
    ("values: [Company 2, Company 3]", "values: []", "IN can't take 0 values"),
    ("kind: COMPANY\n    name: VIP", "kind: COMPANY\n    is_default: true\n    name: VIP",
     "Another card of kind COMPANY is the default"),
    ("    name: VIP", "    name: VIP\n    children: {aggregate: MIN, above: 9, up_to: 8}",
     "`above` can't be more"),
    ("    name: VIP", "    name: VIP\n    children: {aggregate: MIN, levels: 51}",
     "less than or equal to 50"),
    ("    name: Product\n", "    name: Product\n    children: {aggregate: MIN}\n",
     "only cards of companies can have `children`"),
    ("input: ROLLUP", "input: MANUAL", "`rollup` is what an input ROLLUP has"),
    ("scorecards:", "scorecard:", "scorecard is unknown"),
    ("schemes:", "schemes: [", "line "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_a_file_that_makes_no_sense_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ScorecardFileError) as error:
        parse(changed(old, new), ())
    assert said in str(error.value)
    assert "nothing was changed" in str(error.value)


@pytest.mark.parametrize("count", [1, 13])
def test_a_scheme_has_two_to_twelve_bands(count: int) -> None:
    ends = [100 * n // count for n in range(count + 1)]
    bands = [
        {"label": f"b{n}", "color": "#fff", "from": ends[n], "to": ends[n + 1]}
        for n in range(count)
    ]
    text = write_yaml({"schemes": [{"kind": "GRADE", "bands": bands}]})
    with pytest.raises(ScorecardFileError, match=r"schemes\.0\.bands.*2 to 12 bands"):
        parse(text, ())


def test_a_card_has_at_most_a_hundred_measures() -> None:
    measures = [
        {"key": f"m{n}", "kind": "COMPANY", "name": f"M{n}"} for n in range(101)
    ]
    nodes = [{"measure": f"m{n}", "weight": 1} for n in range(101)]
    card = {"key": "k", "kind": "COMPANY", "name": "K", "scheme": "COLOR"}
    text = write_yaml({"measures": measures, "scorecards": [{**card, "nodes": nodes}]})
    with pytest.raises(ScorecardFileError, match="has 101 measures"):
        parse(text, ())


def test_a_card_has_20_groups_and_50_exceptions_and_a_kind_200_cards() -> None:
    def refused(count: int, **values: Any) -> str:
        """What is said of so many cards with these values."""
        given = {"kind": "COMPANY", "scheme": "COLOR", **values}
        given.setdefault("nodes", [{"measure": "m", "weight": 1}])
        cards = [{"key": f"k{n}", "name": f"K{n}", **given} for n in range(count)]
        bands = [
            {"label": str(n), "color": "#fff", "from": n, "to": n + 50} for n in (0, 50)
        ]
        file = {"schemes": [{"kind": "COLOR", "bands": bands}], "scorecards": cards}
        file["measures"] = [{"key": "m", "kind": "COMPANY", "name": "M"}]
        try:
            parse(write_yaml(file), ())
        except ScorecardFileError as error:
            return str(error)
        return ""

    def groups(count: int) -> list[dict[str, Any]]:
        held = [{"measure": "m", "weight": 1}]
        return [*held, *({"group": f"g{n}", "weight": 1} for n in range(count))]

    def exceptions(count: int) -> list[dict[str, Any]]:
        asked = [{"left": "OVERALL", "operator": "LT", "values": [9]}]
        kept = {"effect": "CAP", "value": 5, "criteria": asked}
        return [{"key": f"e{n}", **kept} for n in range(count)]

    assert refused(1, nodes=groups(20), exceptions=exceptions(50)) == ""
    assert "has 21 groups; at most 20" in refused(1, nodes=groups(21))
    assert "scorecards.0.exceptions" in refused(1, exceptions=exceptions(51))
    assert refused(200) == ""
    assert "201 cards of kind COMPANY; at most 200" in refused(201)


def test_a_range_of_numbers_without_a_label_is_called_by_itself() -> None:
    text = """schemes:
      - {kind: NUMERIC, bands: [{from: 0, to: 50, color: '#f00'},
        {label: Good, from: 50, to: 100, color: '#0f0'}]}"""
    (scheme,) = parse(text, ()).schemes
    assert [b.label for b in scheme.bands] == ["0 to 50", "Good"]
    for wrong in ("NUMERIC, bands: [1]", "NUMERIC, bands: 1", "[], bands: []"):
        with pytest.raises(ScorecardFileError):
            parse(f"schemes: [{{kind: {wrong}}}]", ())
    with pytest.raises(ScorecardFileError, match="label"):
        parse(text.replace("NUMERIC", "GRADE"), ())


def test_what_is_written_reads_the_same() -> None:
    read = parse(FILE, ())
    again = parse(export(read), ())
    assert again == read
    assert difference(read, again) == {}
    assert list(difference(Definitions(), read).values()) == ["added"] * 11
    other = parse(changed("name: VIP", "name: V.I.P."), ())
    assert difference(read, other) == {"scorecard COMPANY vip": "changed"}


SET = """mutation($i: BulkSetScoresInput!) { bulkSetScores(input: $i) {
  changed refused errors { message } } }"""
SHOWN = """query($i: ID!) { company(id: $i) { scorecard { scorecardKey
  overall { value stale trend } explanation { value } measures { measure { key } } } } }"""


def work(bench: Bench) -> Work:
    actor = Actor(kind="COMMAND", id=None, name="root")
    by = Author(actor=actor, at=bench.now, operation="test")
    return Work(database=bench.database, author=by, today=bench.now.date(), fields=())


async def told(bench: Bench, command: Any, tmp_path: Path, text: str) -> Told:
    file = tmp_path / "cards.yaml"
    file.write_text(text)
    found: Told = await command(work(bench), file)
    return found


async def shown(bench: Bench, number: int) -> Any:
    found = await bench.query(SHOWN, i=f"company_{number}")
    return found["company"]["scorecard"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    tables = [t.__table__ for s in SECTIONS if s.key == "scorecard" for t in s.tables]
    async with bench.database.read() as reading:
        for table in (*tables, AUDIT):
            keys = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*keys))
    return found


async def count(bench: Bench, row: Any) -> int:
    async with bench.database.read() as reading:
        query = sa.select(sa.func.count()).select_from(row)
        ((found,),) = await reading.execute(query)
    return int(found)


@pytest.mark.anyio
async def test_a_file_is_planned_applied_and_changed(
    database: Database, tmp_path: Path
) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill(4)
    before = await everything(bench)
    planned = await told(bench, plan, tmp_path, FILE)
    assert planned.exit_code == 2
    assert "scorecard COMPANY health: added" in planned.words
    assert planned.data["effect"]["moved"] == 2
    assert await everything(bench) == before
    await told(bench, apply, tmp_path, FILE)
    assert (await told(bench, plan, tmp_path, FILE)).words == "Nothing to change."
    out = await export_command(work(bench))
    assert difference(parse(out.words, ()), parse(FILE, ())) == {}
    keys = [(await shown(bench, n))["scorecardKey"] for n in (1, 2, 3, 4)]
    assert keys == ["health", "vip", "vip", "health"]
    async with database.read() as reading:
        kind = EVENTS.c.kind == "scorecard.card_changed"
        query = sa.select(EVENTS.c.record_id).where(kind).order_by(EVENTS.c.id)
        events = await reading.execute(query)
    assert [e.record_id for e in events] == ["company_2", "company_3"]

    values = {"logins": 80, "depth": 50, "tickets": 30, "sentiment": 90}
    rows = [
        {"recordId": f"company_{n}", "measureKey": k, "value": v}
        for n in (1, 4)
        for k, v in values.items()
    ]
    rows.append({"recordId": "company_2", "measureKey": "sentiment", "value": 20})
    answer = (await bench.query(SET, i={"rows": rows}))["bulkSetScores"]
    assert (answer["changed"], answer["refused"]) == (9, 0)
    assert (await shown(bench, 1))["overall"]["value"] == 67

    other = changed("values: [10]", "values: [30]")
    planned = await told(bench, plan, tmp_path, other)
    effect = planned.data["effect"]
    assert (effect["changed"], effect["down"], effect["bands"]) == (2, 2, 2)
    assert (effect["points"], effect["most"]) == (54, 27)
    assert "2 overall scores change: 0 up, 2 down" in planned.words
    assert (await shown(bench, 1))["overall"]["value"] == 67
    await told(bench, apply, tmp_path, other)
    found = await shown(bench, 1)
    assert found["overall"]["value"] == found["explanation"]["value"] == 40
    assert (await shown(bench, 2))["overall"]["value"] == 20
    wider = other.replace("to: 50}\n      - {label: Y", "to: 20}\n      - {label: Y")
    wider = wider.replace("from: 50, to: 75", "from: 20, to: 75")
    planned = await told(bench, plan, tmp_path, wider)
    assert "No overall score changes. 2 get into another band." in planned.words

    scores = await count(bench, ScoreRow)
    less = changed("      - {measure: sentiment, weight: 30}\n", "", other)
    less = changed("values: [Company 2, Company 3]", "values: [Company 3]", less)
    planned = await told(bench, plan, tmp_path, less)
    assert planned.data["lost"] == 4
    assert "4 scores and past scores go" in planned.words
    assert planned.data["effect"]["moved"] == 1
    await told(bench, apply, tmp_path, less)
    assert await count(bench, ScoreRow) == scores - 2
    assert (await shown(bench, 2))["scorecardKey"] == "health"
    assert (await shown(bench, 1))["measures"] == []
    gone = await told(bench, apply, tmp_path, "{}")
    assert gone.data["changes"]["scheme COLOR"] == "removed"
    for row in (ScoreRow, EventRow, AssignmentRow):
        assert await count(bench, row) == 0
    async with database.read() as reading:
        query = sa.select(AUDIT.c.action).where(AUDIT.c.action == "scorecard.configure")
        assert len(await reading.execute(query)) == 4


@pytest.mark.anyio
async def test_records_move_where_the_default_is_another_or_their_card_is_gone(
    database: Database, tmp_path: Path
) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill(3)
    await told(bench, apply, tmp_path, FILE)
    row = {"recordId": "company_1", "measureKey": "sentiment", "value": 20}
    await bench.query(SET, i={"rows": [row]})
    default = "scheme: COLOR\n    is_default: true\n    nodes:\n      - group"
    other = changed(default, default.replace("true", "false"))
    vip = "    name: VIP\n    scheme: COLOR\n"
    other = changed(vip, f"{vip}    is_default: true\n", other)
    planned = await told(bench, plan, tmp_path, other)
    assert planned.data["effect"]["moved"] == 1  # the others have it by their names
    await told(bench, apply, tmp_path, other)
    assert (await shown(bench, 1))["scorecardKey"] == "vip"
    less = FILE[: FILE.index("  - key: vip")] + FILE[FILE.index("  - key: product\n") :]
    assert (await told(bench, plan, tmp_path, less)).data["effect"]["moved"] == 3
    await told(bench, apply, tmp_path, less)
    assert [(await shown(bench, n))["scorecardKey"] for n in (1, 2)] == ["health"] * 2
    async with database.read() as reading:
        kind = EVENTS.c.kind == "scorecard.card_changed"
        query = sa.select(EVENTS.c.record_id, EVENTS.c.payload).where(kind)
        events = await reading.execute(query.order_by(EVENTS.c.id))
    ways = [
        (e.record_id[-1], *(e.payload[n]["scorecard"] for n in ("before", "after")))
        for e in events[2:]
    ]
    assert ways[0] == ("1", "health", "vip")
    assert sorted(ways[1:]) == [(n, "vip", "health") for n in "123"]


@pytest.mark.anyio
async def test_a_refused_file_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill(1)
    await told(bench, apply, tmp_path, FILE)
    before = await everything(bench)
    for old, new, _ in WRONG[:3]:
        for command in (plan, apply):
            with pytest.raises(ScorecardFileError):
                await told(bench, command, tmp_path, changed(old, new))
    assert await everything(bench) == before
    assert (await close(work(bench))).data["changed"] == 0
    assert await everything(bench) == before
