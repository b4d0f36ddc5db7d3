"""Revisions are read from their files as Alembic reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from cyclorama.storage.revisions import read_revisions, with_those_below

FILES = {
    "a": 'revision = "a"\ndown_revision = None\n',
    "left": 'revision: str = "left"\ndown_revision: str | None = "a"\n',
    "right": 'revision, down_revision = "right", "a"\n',
    "both": 'revision = "both"\ndown_revision = ("left", "right")\n',
    "top": 'revision = "top"\ndown_revision = "both"\n',
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


def test_they_are_those_of_alembic_and_the_oldest_come_first(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    found = read_revisions(str(tmp_path))
    script = ScriptDirectory(str(tmp_path), version_locations=[str(tmp_path)])
    assert set(found) == {s.revision for s in script.walk_revisions()}
    places = list(found)
    assert all(
        places.index(b) < places.index(r) for r, downs in found.items() for b in downs
    )
    for head in found:
        walked = {s.revision for s in script.iterate_revisions(head, "base")}
        assert with_those_below(found, [head]) == walked


@pytest.mark.parametrize(
    "text",
    ['revision = "b"\ndown_revision = "b"\n', "revision = (", "revision = make()\n"],
)
def test_what_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"b": text})
    with pytest.raises((ValueError, SyntaxError)):
        read_revisions(str(tmp_path))
