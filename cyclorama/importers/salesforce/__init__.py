"""Salesforce exports, CSV files and sObject trees, unchanged."""

from __future__ import annotations

from cyclorama.importers.salesforce.objects import SYSTEM
from cyclorama.importers.salesforce.running import import_salesforce

__all__ = ["SYSTEM", "import_salesforce"]
