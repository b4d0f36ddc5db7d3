"""Company Hierarchy: the tree of a company with own and rolled-up values."""

from __future__ import annotations

from cyclorama.plugins import Section
from cyclorama.sections.company_hierarchy.config import HierarchyConfig
from cyclorama.sections.company_hierarchy.types import CompanyHierarchySection

section = Section(
    key="company_hierarchy",
    title="Company Hierarchy",
    description="Ancestors, siblings and descendants of the company, with values of "
    "their own and rolled up.",
    type=CompanyHierarchySection,
    config=HierarchyConfig,
    icon="network",
)
