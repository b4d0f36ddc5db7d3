"""Permissions that members of the graph may need."""

from __future__ import annotations

from typing import Final

ADMIN: Final = "admin"
PERMISSIONS: Final = (ADMIN,)
PERMISSION: Final = "permission"
FOR_ADMINS: Final = {PERMISSION: ADMIN}
"""The `metadata` of a field that exists for admins only."""
