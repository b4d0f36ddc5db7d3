"""Settings: everything that an operator sets, from the environment, checked at start."""

from __future__ import annotations

import os
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cyclorama.errors import ConfigError

PREFIX = "CYCLORAMA_"


class Settings(BaseModel):
    """Every setting is the environment variable of its name behind `CYCLORAMA_`."""

    model_config = ConfigDict(frozen=True)

    database_url: str = Field(
        default="sqlite:///cyclorama.db",
        repr=False,
        description="sqlite:///file.db or postgresql://user:password@host/name.",
    )
    pool_size: int = Field(
        default=8, ge=1, le=200, description="Database connections of a worker."
    )
    pgbouncer: bool = Field(
        default=False,
        description="Whether the URL is that of pgbouncer in transaction mode.",
    )
    host: str = Field(
        default="127.0.0.1",
        pattern=r"^[A-Za-z0-9.:_-]{1,255}$",
        description="The address to listen on.",
    )
    port: int = Field(default=8000, ge=1, le=65_535)
    workers: int = Field(default=1, ge=1, le=64, description="Processes.")
    time_zone: str = Field(
        default="UTC", description="The organisation's, for calendar days."
    )
    max_depth: int = Field(default=15, ge=3, le=50, description="Of an operation.")
    max_fields: int = Field(default=2_000, ge=10, le=50_000)
    max_tokens: int = Field(default=20_000, ge=100, le=200_000)
    max_company_layouts: int = Field(default=50, ge=1, le=1_000)
    max_layouts_per_type: int = Field(
        default=25, ge=1, le=1_000, description="Relationship layouts of each type."
    )
    max_assignments: int = Field(
        default=200, ge=1, le=5_000, description="Of companies, of relationships."
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, le=50_000_000)
    request_timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    statement_timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    section_timeout_seconds: float = Field(default=2.0, gt=0, le=600)
    admin_bypass: bool = Field(
        default=True,
        description="Whether admins read all records, whatever the rules of access.",
    )
    worker: bool = Field(
        default=True,
        description="Whether a server also does the jobs; see: cyclorama worker.",
    )
    webhook_secret: str = Field(
        default="",
        repr=False,
        max_length=1_000,
        description="What messages to other servers are signed with; none: none is sent.",
    )
    webhook_private_hosts: str = Field(
        default="",
        max_length=10_000,
        description="Hosts inside the network that rules may send to, with commas.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"{name!r} is no time zone; write one as Europe/Berlin"
            raise ValueError(message) from None
        return name


def export_settings(settings: Settings) -> None:
    """Put the settings into the environment, for the processes that this one starts."""
    for name, value in settings.model_dump().items():
        os.environ[PREFIX + name.upper()] = str(value)


def _environment() -> dict[str, str]:
    """The settings of the environment; a variable that is empty is as one not set."""
    found = {name.upper(): value for name, value in os.environ.items() if value}
    named = {name: PREFIX + name.upper() for name in Settings.model_fields}
    return {name: found[key] for name, key in named.items() if key in found}


def load_settings(**given: Any) -> Settings:
    """The settings of the environment, below those that are given and not None.

    `ConfigError` names each variable that can't be used; no value is shown."""
    own = {k: v for k, v in given.items() if v is not None}
    try:
        return Settings(**{**_environment(), **own})
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigError(f"A setting can't be used. {'; '.join(lines)}.") from None
