"""The house keeps its rooms apart, and its files and functions small."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "cyclorama"
ROOMS = (
    ("cli", "app", "commands"),
    ("demo",),
    ("server",),
    ("importers",),
    ("sections",),
    ("plugins",),
    ("execution",),
    ("resolvers",),
    ("layouts",),
    ("schema",),
    ("storage",),
    ("config", "errors"),
)
"""From top to bottom: a room imports from its own row and those below."""
APART = frozenset({"testing", "__init__", "__main__"})
FORBIDDEN = (
    ("storage", {"strawberry", "graphql", "starlette"}),
    ("layouts", {"strawberry", "graphql", "starlette", "sqlalchemy"}),
    ("schema", {"starlette", "granian"}),
    ("resolvers", {"starlette", "granian"}),
    ("execution", {"starlette", "granian"}),
    ("plugins", {"starlette", "granian"}),
    ("sections", {"starlette", "granian", "graphql", "aiosqlite", "asyncpg"}),
    ("importers", {"strawberry", "starlette"}),
)
LONGEST_FILE, LONG_FILE = 500, 300
LONGEST_FUNCTION, LONG_FUNCTION = 50, 30


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    parts = file.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    _, _, inside = module.partition(".")
    return inside.partition(".")[0] or "__init__"


def level_of(room: str) -> int:
    return next(n for n, row in enumerate(ROOMS) if room in row)


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def imports() -> Iterator[tuple[str, str]]:
    """Importing module, imported module."""
    for file in files():
        for imported in imports_of(file):
            yield module_of(file), imported


def inside() -> list[tuple[str, str]]:
    """Those of our own modules."""
    return [(a, b) for a, b in imports() if b.split(".")[0] == "cyclorama"]


def test_every_module_has_a_room() -> None:
    rooms = {room for row in ROOMS for room in row} | APART
    assert {room_of(module_of(f)) for f in files()} <= rooms


def test_imports_point_down() -> None:
    up = [
        f"{importer} imports {imported}"
        for importer, imported in inside()
        if not {room_of(importer), room_of(imported)} & APART
        and level_of(room_of(imported)) < level_of(room_of(importer))
    ]
    assert up == []


def test_only_tests_import_the_test_kit() -> None:
    users = {
        importer
        for importer, imported in inside()
        if room_of(imported) == "testing" and room_of(importer) != "testing"
    }
    assert users == set()


def test_sections_import_only_the_facade_and_themselves() -> None:
    strange = [
        f"{importer} imports {imported}"
        for importer, imported in inside()
        if room_of(importer) == "sections"
        and imported != "cyclorama.plugins"
        and imported.split(".")[:3] != importer.split(".")[:3]
    ]
    assert strange == []


def test_no_room_below_names_a_section() -> None:
    named = [
        f"{importer} imports {imported}"
        for importer, imported in inside()
        if room_of(imported) == "sections"
        and level_of(room_of(importer)) > level_of("sections")
    ]
    assert named == []


@pytest.mark.parametrize(("room", "packages"), FORBIDDEN, ids=[r for r, _ in FORBIDDEN])
def test_a_room_keeps_libraries_out(room: str, packages: set[str]) -> None:
    found = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if room_of(importer) == room and imported.split(".")[0] in packages
    ]
    assert found == []


def test_the_schema_executes_nothing() -> None:
    words = re.compile(r"\.execute\(|session\.scalars?\(|AsyncSession|\.begin\(|await ")
    found = [
        f"{module_of(f)}:{number}"
        for f in files()
        if room_of(module_of(f)) == "schema"
        for number, line in enumerate(f.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_the_environment_is_read_only_in_config() -> None:
    readers = {
        module_of(f)
        for f in files()
        for node in ast.walk(tree(f))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os")
    }
    assert readers <= {"cyclorama.config"}


def test_the_facade_is_whole() -> None:
    from cyclorama import plugins

    names = plugins.__all__
    assert len(names) == len(set(names))
    body = tree(PACKAGE / "plugins" / "__init__.py").body
    imported = {
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert set(names) == imported


def test_importing_the_package_does_no_input_or_output() -> None:
    program = (
        "import sys, pkgutil, importlib, cyclorama\n"
        "sys.addaudithook(lambda event, args: event.startswith('socket.') and "
        "event != 'socket.__new__' and sys.exit(event))\n"
        "for m in pkgutil.walk_packages(cyclorama.__path__, 'cyclorama.'):\n"
        "    if 'migrations' not in m.name and '__main__' not in m.name:\n"
        "        importlib.import_module(m.name)\n"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_every_module_opens_with_a_docstring() -> None:
    bare = [module_of(f) for f in files() if not ast.get_docstring(tree(f))]
    assert bare == []


def test_every_module_defers_its_annotations() -> None:
    line = "from __future__ import annotations"
    eager = [
        module_of(f)
        for f in files()
        if any(not isinstance(n, (ast.Expr, ast.Assign)) for n in tree(f).body)
        and line not in f.read_text(encoding="utf-8")
    ]
    assert eager == []


def counted(file: Path) -> bool:
    """Whether a file's figures count: revisions of tables do not."""
    return "migrations" not in file.parts


def share_of(sizes: list[int], share: float) -> int:
    return sorted(sizes)[min(len(sizes) - 1, int(len(sizes) * share))]


def test_files_are_short() -> None:
    sizes = {
        module_of(f): f.read_text(encoding="utf-8").count("\n")
        for f in files()
        if counted(f)
    }
    assert {m: n for m, n in sizes.items() if n > LONGEST_FILE} == {}
    assert share_of([n for n in sizes.values() if n >= 3], 0.9) <= LONG_FILE


def functions() -> Iterator[tuple[str, int]]:
    """Names of functions and their lengths in lines."""
    for file in filter(counted, files()):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{module_of(file)}:{node.lineno} {node.name}", length


def test_functions_are_short() -> None:
    found = list(functions())
    lengths = [n for _, n in found]
    assert [f for f, n in found if n > LONGEST_FUNCTION] == []
    assert share_of(lengths, 0.5) <= 10
    assert share_of(lengths, 0.9) <= LONG_FUNCTION


def test_public_functions_of_the_facade_are_documented() -> None:
    from cyclorama import plugins

    things = [getattr(plugins, name) for name in plugins.__all__]
    bare = [t.__qualname__ for t in things if callable(t) and _undocumented(t)]
    assert bare == []


def _undocumented(thing: object) -> bool:
    is_function = type(thing).__name__ == "function"
    return is_function and not (thing.__doc__ or "").strip()
