"""Demo data: the same companies, people and rows on every machine, ending today."""

from __future__ import annotations

from cyclorama.demo.loading import add_rows, is_loaded, load_demo
from cyclorama.demo.rows import USERS, user_id

__all__ = ["USERS", "add_rows", "is_loaded", "load_demo", "user_id"]
