"""Circuit breakers: a section that keeps failing is left alone for a while.

They are a process's own. What opens and closes is told to a watch, which writes it down
for `cyclorama doctor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cyclorama.errors import SectionFailedError

FAILURES: Final = 5
"""In a row, until a section is not asked any more."""
PAUSE: Final = timedelta(seconds=30)
"""After which it is tried again."""
Watch = Callable[[str, datetime | None], None]
"""Is told the section that opened since then, or, with None, works again."""


@dataclass(slots=True)
class _State:
    failures: int
    first: datetime
    last: datetime


@dataclass(slots=True)
class Breakers:
    """One for each section; closed until it keeps failing."""

    watch: Watch = lambda section, since: None
    _states: dict[str, _State] = field(default_factory=dict)

    def failed(self, section: str, now: datetime) -> None:
        """Note a failure."""
        state = self._states.setdefault(section, _State(0, now, now))
        state.failures += 1
        state.last = now
        if state.failures == FAILURES:
            self.watch(section, state.first)

    def worked(self, section: str) -> None:
        """Note that the section was read."""
        state = self._states.pop(section, None) if self._states else None
        if state is not None and state.failures >= FAILURES:
            self.watch(section, None)

    def refusal(self, section: str, now: datetime) -> SectionFailedError | None:
        """Why a section is not asked now; None where it is."""
        state = self._states.get(section)
        if state is None or state.failures < FAILURES or now >= state.last + PAUSE:
            return None
        return SectionFailedError(
            f"The section {section!r} keeps failing and is not read just now; it is "
            "tried again within a minute.",
            section=section,
        )

    @property
    def opened(self) -> Mapping[str, datetime]:
        """The sections that keep failing, with the instants of their first failures."""
        return {k: s.first for k, s in self._states.items() if s.failures >= FAILURES}
