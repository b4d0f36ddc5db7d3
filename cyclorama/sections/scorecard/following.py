"""What follows in scorecards of records that are written: their card, roll-ups."""

from __future__ import annotations

from cyclorama.plugins import RecordsWritten, kind_of_id
from cyclorama.sections.scorecard.cards_given import choose_cards
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import (
    settle_attributed,
    settle_moved,
)
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.statements import KINDS


async def follow(written: RecordsWritten) -> None:
    """Give the records the cards whose criteria they meet now, and compute what companies
    have of the relationships among them."""
    session = written.session
    ledger = Ledger(author=written.author, today=written.today, fields=written.fields)
    for kind in KINDS:
        ids = [i for i in written.ids if kind_of_id(i) == kind]
        moved = await choose_cards(session, ids, written.fields, ledger.author.at)
        await settle_moved(session, ledger, moved)
        await settle_attributed(session, ledger, [i for i in ids if i not in moved])
    companies = {*await companies_of(session, written.ids), *written.left}
    await roll_up(session, ledger, sorted(companies))
