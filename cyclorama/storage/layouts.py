"""Layouts and assignments in the database, and the version of the configuration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ConfigError
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import (
    AssignmentRow,
    ConfigurationRow,
    LayoutRow,
    PlacementRow,
)
