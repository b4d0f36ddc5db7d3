"""Cockpit: calls to action about a record, with tasks and playbooks."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, ImportTarget, Section, read
from cyclorama.sections.cockpit.actions import ACTIONS
from cyclorama.sections.cockpit.administration import (
    delete_cta_vocabulary_item,
    save_cta_vocabulary_item,
)
from cyclorama.sections.cockpit.bulk import bulk_update_ctas
from cyclorama.sections.cockpit.config import CockpitConfig
from cyclorama.sections.cockpit.deletion import delete_cta
from cyclorama.sections.cockpit.demo import demo
from cyclorama.sections.cockpit.events import EVENTS
from cyclorama.sections.cockpit.fields import (
    ALL_COUNTS,
    CockpitSection,
    open_by_type,
)
from cyclorama.sections.cockpit.imports import DERIVED, complete_ctas
from cyclorama.sections.cockpit.item_versions import cta_vocabulary
from cyclorama.sections.cockpit.links import link_cta_record, unlink_cta_record
from cyclorama.sections.cockpit.mutations import (
    close_cta,
    create_cta,
    reopen_cta,
    snooze_cta,
    unsnooze_cta,
    update_cta,
)
from cyclorama.sections.cockpit.playbook_administration import (
    delete_cta_playbook,
    save_cta_playbook,
)
from cyclorama.sections.cockpit.playbook_settings import cta_playbooks
from cyclorama.sections.cockpit.recurrence import RECUR, set_cta_recurrence
from cyclorama.sections.cockpit.risks import RISKS
from cyclorama.sections.cockpit.tables import (
    ChoiceRow,
    CtaRow,
    ItemRow,
    LinkRow,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
    TaskRow,
    TypeRow,
    ViewRow,
)
from cyclorama.sections.cockpit.task_mutations import (
    add_cta_task,
    apply_playbook,
    complete_cta_task,
    update_cta_task,
)
from cyclorama.sections.cockpit.types import Cta, CtaTask
from cyclorama.sections.cockpit.views import delete_cta_view, save_cta_view
from cyclorama.sections.cockpit.vocabulary import vocabulary

section = Section(
    key="cockpit",
    title="Cockpit",
    description="What is to be done about the record: calls to action with tasks.",
    icon="list-checks",
    type=CockpitSection,
    fields=(cta_vocabulary, cta_playbooks),
    config=CockpitConfig,
    cards=(
        Card(
            key="open_ctas",
            label="Open CTAs",
            value=ALL_COUNTS.c.open,
            fields=("CockpitSection.openCount",),
            breakdown=read.many(open_by_type, order_by=["position", "type_id"]),
        ),
    ),
    sensitive={"verbatim.view": ("Cta.comments", "CtaTask.description")},
    nodes={"cta": Cta, "cta_task": CtaTask},
    record_conditions=RISKS,
    mutations=(
        create_cta,
        update_cta,
        close_cta,
        reopen_cta,
        delete_cta,
        snooze_cta,
        unsnooze_cta,
        add_cta_task,
        update_cta_task,
        complete_cta_task,
        apply_playbook,
        bulk_update_ctas,
        link_cta_record,
        unlink_cta_record,
        set_cta_recurrence,
        save_cta_view,
        delete_cta_view,
        save_cta_vocabulary_item,
        delete_cta_vocabulary_item,
        save_cta_playbook,
        delete_cta_playbook,
    ),
    jobs=(RECUR,),
    tables=(
        TypeRow,
        ItemRow,
        ChoiceRow,
        PlaybookRow,
        PlaybookTypeRow,
        PlaybookTaskRow,
        CtaRow,
        TaskRow,
        LinkRow,
        ViewRow,
    ),
    events=EVENTS,
    actions=ACTIONS,
    targets=(
        ImportTarget("cta", CtaRow, "cta", derived=DERIVED, complete=complete_ctas),
    ),
    seed=vocabulary,
    demo=demo,
    migrations=str(Path(__file__).parent / "migrations"),
)
