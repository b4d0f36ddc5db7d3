"""Finding sections: those of the package and those of installed packages."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from types import ModuleType
from typing import Any, Final

import pluggy
import structlog

from cyclorama.errors import PluginError
from cyclorama.plugins import hookspecs
from cyclorama.plugins.hookspecs import PROJECT
from cyclorama.plugins.section import Section

log = structlog.get_logger(__name__)
BUILT_IN: Final = "cyclorama.sections"
"""The package whose modules are the built-in sections."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin that could not be used."""

    name: str
    """Of the module or of the entry point."""
    distribution: str
    message: str
    """The error's class and first line; the log has the traceback."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """The sections by key, and the plugins that failed."""

    sections: tuple[Section, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A place where a plugin should be."""

    name: str
    distribution: str
    version: str
    load: Callable[[], Any]


def discover(package: str = BUILT_IN) -> Discovered:
    """All sections of the package and of entry points of the group `cyclorama`.

    A plugin that raises is reported, logged and left out. `PluginError` names a plugin
    with a misspelt hook: what it meant to add would be missing in silence.
    """
    sections: list[Section] = []
    failures: list[Failure] = []
    for candidate in (*_built_in(package), *_installed()):
        try:
            sections += _sections_of(candidate)
        except PluginError:
            raise
        except (Exception, SystemExit) as error:
            failures.append(_failure(candidate, error))
    return Discovered(tuple(sorted(sections, key=lambda s: s.key)), tuple(failures))


def _built_in(package: str) -> Iterator[_Candidate]:
    folder = importlib.import_module(package)
    try:
        number = version(PROJECT)
    except PackageNotFoundError:
        number = ""
    for found in sorted(m.name for m in pkgutil.iter_modules(folder.__path__)):
        name = f"{package}.{found}"
        yield _Candidate(name, PROJECT, number, _importer(name))


def _importer(name: str) -> Callable[[], ModuleType]:
    return lambda: importlib.import_module(name)


def _installed() -> Iterator[_Candidate]:
    for entry in sorted(entry_points(group=PROJECT), key=_place):
        held = entry.dist
        number = "" if held is None else held.version
        yield _Candidate(entry.name, _place(entry)[0], number, entry.load)


def _place(entry: EntryPoint) -> tuple[str, str]:
    return ("" if entry.dist is None else entry.dist.name, entry.name)


def _sections_of(candidate: _Candidate) -> list[Section]:
    """The sections that a plugin brings, with where they come from."""
    loaded = candidate.load()
    brought = [loaded]
    if not isinstance(loaded, Section):
        brought = _hooked(loaded, candidate) if _has_hook(loaded) else [_single(loaded)]
    return [_brought(s, candidate.version, candidate.distribution) for s in brought]


@cache
def _brought(section: Section, number: str, distribution: str) -> Section:
    """A section with where it comes from: the same value each time that it is found."""
    return replace(section, version=number, distribution=distribution)


def _has_hook(loaded: Any) -> bool:
    functions = filter(inspect.isfunction, vars(loaded).values())
    return any(hasattr(function, f"{PROJECT}_impl") for function in functions)


def _single(loaded: Any) -> Section:
    """The section of a module without a hook."""
    section = getattr(loaded, "section", None)
    if not isinstance(section, Section):
        raise TypeError(
            f"{loaded.__name__} has neither a global `section` nor a hook; "
            "write `section = Section(...)`."
        )
    return section


def _hooked(loaded: Any, candidate: _Candidate) -> list[Section]:
    """The sections that the hooks of a module give."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(loaded, candidate.name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(
            f"The plugin {candidate.name!r} of {candidate.distribution!r} has a hook "
            f"that does not exist: {error}. Correct its name; the hooks stand in "
            "cyclorama/plugins/hookspecs.py."
        ) from None
    brought = [s for some in manager.hook.cyclorama_sections() for s in some]
    strange = [s for s in brought if not isinstance(s, Section)]
    if strange:
        raise TypeError(f"cyclorama_sections() returned {strange[0]!r}, no Section.")
    return brought


def _failure(candidate: _Candidate, error: BaseException) -> Failure:
    log.error(
        "plugin_failed",
        plugin=candidate.name,
        distribution=candidate.distribution,
        exc_info=error,
    )
    first, *_ = str(error).splitlines() or [""]
    message = f"{type(error).__name__}: {first}".removesuffix(": ")
    return Failure(candidate.name, candidate.distribution, message)
