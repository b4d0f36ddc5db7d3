"""`cyclorama scorecards`, a group of commands that a section brings, as it is run."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from cyclorama.cli import app
from tests.sections.test_scorecard_file import FILE, changed


def test_the_commands_of_a_section_run_like_any_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cards.db'}"
    file = tmp_path / "cards.yaml"
    file.write_text(FILE)

    def run(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [*words])
        return done.exit_code, done.stdout, done.stderr

    def cards(*words: str) -> tuple[int, str, str]:
        return run("scorecards", *words, "--database-url", url)

    assert cards("export")[0] == 1
    assert run("migrate", "--database-url", url)[0] == 0
    assert json.loads(cards("export", "--json")[1]) == {}
    code, out, _ = cards("plan", str(file))
    assert code == 2
    assert "scorecard COMPANY vip: added" in out
    assert cards("apply", str(file))[0] == 0
    assert cards("plan", str(file)) == (0, "Nothing to change.\n", "")
    copy = tmp_path / "copy.yaml"
    assert cards("export", "--output", str(copy))[0] == 0
    assert cards("plan", str(copy))[0] == 0
    file.write_text(changed("weight: 30}", "weight: -30}"))
    for command in ("plan", "apply"):
        code, out, error = cards(command, str(file))
        assert (code, out) == (1, "")
        assert "scorecards.0.nodes.2.weight" in error
    code, out, error = cards("plan", str(tmp_path / "none.yaml"))
    assert (code, out) == (1, "")
    assert "can't be read" in error
    assert json.loads(cards("close", "--json")[1])["changed"] == 0
    assert "Scorecards as a file" in run("scorecards", "--help")[1]
    assert run("scorecard")[0] == 2
