"""Minimal section plugins, as many as wanted: values, or packages that are discovered."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from cyclorama.plugins.section import Section

CODE = '''"""Made {number}: a section with five values."""

from __future__ import annotations

import strawberry

from cyclorama.plugins import Section, SectionBase, read, record


@strawberry.type(description="Values of a section that was made for a benchmark.")
class Made{number}Section(SectionBase):
    name: str = read.value(record.c.name)
    greeting: str = read.value("Hello, " + record.c.name)
    currency: str = read.value(record.c.currency)
    comment: str | None = read.value(record.c.comment)
    version: int = read.value(record.c.version)


section = Section(
    key="made_{number}",
    title="Made {number}",
    description="A section that was made for a benchmark, number {number}.",
    type=Made{number}Section,
)
'''


def made(count: int) -> list[Section]:
    """So many sections, in this process."""
    found = []
    for number in range(count):
        module = ModuleType(f"cyclorama_made_{number}")
        # Strawberry evaluates annotations in the module's namespace.
        sys.modules[module.__name__] = module
        exec(compile(CODE.format(number=number), module.__name__, "exec"), vars(module))
        found.append(module.section)
    return found


def install(folder: Path, count: int) -> None:
    """Put so many packages into a folder of `PYTHONPATH`, as pip would install them."""
    for number in range(count):
        file = folder / f"cyclorama_made_{number}.py"
        file.write_text(CODE.format(number=number), "utf-8")
    info = folder / "cyclorama_made-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        "Name: cyclorama-made\nVersion: 1.0\n", "utf-8"
    )
    names = "\n".join(f"made_{n} = cyclorama_made_{n}" for n in range(count))
    info.joinpath("entry_points.txt").write_text(f"[cyclorama]\n{names}\n", "utf-8")
