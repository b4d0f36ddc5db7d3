"""The family of errors, each with the stable code that a client sees.

CycloramaError
├── ConfigError            for the operator: settings, database, layout and mapping files
├── PluginError            for the author of a section, at start-up only
│   └── FieldConflictError
└── RequestError           for the caller; its message is shown
    ├── InvalidInputError       BAD_USER_INPUT
    ├── UnauthenticatedError    UNAUTHENTICATED
    ├── ForbiddenError          FORBIDDEN
    ├── SectionNotInLayoutError SECTION_NOT_IN_LAYOUT
    ├── SectionFailedError      SECTION_FAILED
    ├── RequestTimeoutError     TIMEOUT
    ├── CostLimitError          COST_LIMIT
    └── UnavailableError        SERVICE_UNAVAILABLE
"""

from __future__ import annotations

from typing import ClassVar, Final

CODES: Final = (
    "BAD_REQUEST",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "OPERATION_NOT_ALLOWED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "SECTION_NOT_IN_LAYOUT",
    "SECTION_FAILED",
    "TIMEOUT",
    "COST_LIMIT",
    "RATE_LIMITED",
    "CONFLICT",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_SERVER_ERROR",
)
"""The closed list of `extensions.code`."""


class CycloramaError(Exception):
    """Base of all errors that Cyclorama raises on purpose."""


class ConfigError(CycloramaError):
    """The operator has to change something; the message says what."""


class PluginError(CycloramaError):
    """A section can't be composed; the message names it and the way out."""


class FieldConflictError(PluginError):
    """Two sections contribute the same thing; both are named."""


class RequestError(CycloramaError):
    """The caller has to change something; the message is shown to the caller."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str, *, section: str | None = None) -> None:
        super().__init__(message)
        self.section = section

    @property
    def extensions(self) -> dict[str, str]:
        """What stands in the error's `extensions`: the code, and the section if any."""
        section = {} if self.section is None else {"section": self.section}
        return {"code": self.code, **section}


class InvalidInputError(RequestError):
    """An argument has a value that can't be used."""

    code = "BAD_USER_INPUT"


class UnauthenticatedError(RequestError):
    """No valid token."""

    code = "UNAUTHENTICATED"


class ForbiddenError(RequestError):
    """The viewer may not do this."""

    code = "FORBIDDEN"


class SectionNotInLayoutError(RequestError):
    """The viewer's layout for this record does not hold the section."""

    code = "SECTION_NOT_IN_LAYOUT"


class SectionFailedError(RequestError):
    """A section could not be read; its neighbours were."""

    code = "SECTION_FAILED"


class RequestTimeoutError(RequestError):
    """The request or a section took longer than its budget."""

    code = "TIMEOUT"


class CostLimitError(RequestError):
    """The operation is deeper or larger than allowed."""

    code = "COST_LIMIT"


class UnavailableError(RequestError):
    """The database can't be reached just now."""

    code = "SERVICE_UNAVAILABLE"
