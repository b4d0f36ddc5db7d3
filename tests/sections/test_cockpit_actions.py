"""CTAs that rules make: named after their record, with the tasks of a playbook."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins import Event
from cyclorama.plugins.written import COMPANY_CHANGED
from cyclorama.sections.cockpit import section
from cyclorama.sections.cockpit.actions import LONGEST_NAME, _name
from cyclorama.sections.cockpit.tables import CtaRow, TaskRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow
from cyclorama.testing import Bench
from tests.sections.ctas import cta, day, filled, playbook
from tests.sections.ruling import hand_out, happen, logged, rows, save

pytestmark = pytest.mark.anyio
CTAS: Any = CtaRow.__table__
TASKS: Any = TaskRow.__table__
RULES = """
rules:
  - key: named
    name: Named
    when: {event: company.changed}
    actions:
      - action: cockpit.create_cta
        with:
          name: "Call {record.name} {now}"
          type: risk
          owner: jo@example.com
          due_days: 10
          playbook: rescue
          skip_weekends: true
          same: TYPE_REASON_AND_NAME
  - key: wrong
    name: Wrong
    when: {event: company.changed}
    actions:
      - action: cockpit.create_cta
        with: {name: N, type: expansion, playbook: rescue}
"""


def test_a_name_that_gets_too_long_is_cut() -> None:
    assert _name("Call {record.name}", "Ann") == "Call Ann"
    cut = _name("{record.name}", "n" * 255)
    assert (len(cut), cut[-2:]) == (LONGEST_NAME, "n…")


async def test_a_cta_bears_the_records_name_and_brings_a_playbook(
    database: Database,
) -> None:
    """One that is open already gets no second one, and no tasks."""
    planned = playbook("rescue", ("CREATED", 2), ("PREVIOUS", 3), ("DUE", -1))
    planned[2].owner_strategy = "CSM"
    planned[3].owner_strategy, planned[3].owner_id = "USER", "user_gone"
    held = {"name": "Call Company 2 {now}", "playbook_id": "cta_playbook_rescue"}
    open_one = cta(1, of="company_2", **held)
    bench = await filled(Bench(database, [section]), *planned, open_one)
    async with database.write() as session:
        looked_after = sa.update(CompanyRow).where(CompanyRow.id == "company_1")
        await session.execute(looked_after.values(csm_id="user_csm"))
    await save(database, RULES)
    for _ in range(2):
        changed = (f"company_{n}" for n in (1, 2))
        await happen(
            database, *(Event(kind=COMPANY_CHANGED, record_id=i) for i in changed)
        )
        await hand_out(database)
    made = await rows(
        database, sa.select(CTAS).where(CTAS.c.source == "RULE").order_by(CTAS.c.id)
    )
    assert [(c.name, c.company_id, c.total_tasks) for c in made] == [
        ("Call Company 1 {now}", "company_1", 3)
    ]
    assert made[0].playbook_id == "cta_playbook_rescue"
    tasks = await rows(database, sa.select(TASKS).order_by(TASKS.c.position))
    # Today is a Monday: what would be due on a weekend is due after it.
    assert [(t.position, t.name, t.due_date, t.owner_id) for t in tasks] == [
        (1, "rescue 0", day(2), "user_csm"),
        (2, "rescue 1", day(7), "user_jo"),
        (3, "rescue 2", day(9), "user_jo"),
    ]
    assert {(t.cta_id, t.company_id, t.status) for t in tasks} == {
        (made[0].id, "company_1", "OPEN")
    }
    runs = [run for run in await logged(database) if run[0] == "named"]
    assert [run[4:] for run in runs] == [(1, 1, 0), (0, 2, 0)]
    assert {run[4:] for run in await logged(database) if run[0] == "wrong"} == {
        (0, 0, 2)
    }
    query = '{ company(id: "company_1") { cockpit { openCount } } }'
    assert (await bench.query(query))["company"]["cockpit"]["openCount"] == 1
