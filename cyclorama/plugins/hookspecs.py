"""The hooks of plugins: every one of them stands here and is used."""

from __future__ import annotations

from typing import Final

import pluggy

from cyclorama.plugins.section import Section

PROJECT: Final = "cyclorama"
"""The name of the hooks' namespace and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def cyclorama_sections() -> list[Section]:
    """The sections that the plugin brings.

    Runs once in each process, at start-up, before any table is created and before the
    schema is built; no database is open. It may return any number of sections, also
    none. What it raises makes the plugin fail: it is reported and left out.

    A module with a single section needs no hook, a global `section` is enough.
    """
    raise NotImplementedError
