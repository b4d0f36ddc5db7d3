"""Attributes: fields of the record, shown and changed, in one or many instances."""

from __future__ import annotations

from cyclorama.plugins import Section
from cyclorama.sections.attributes.config import AttributesConfig
from cyclorama.sections.attributes.mutations import update_fields
from cyclorama.sections.attributes.types import AttributesSection

section = Section(
    key="attributes",
    title="Attributes",
    description="Fields of the record, in groups that an admin has made.",
    type=AttributesSection,
    max_instances=None,
    requires_config=True,
    config=AttributesConfig,
    mutations=(update_fields,),
    icon="list",
)
