"""The SDL: as it was reviewed, and as clients may rely on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import BUILT_IN, discover

PROJECT = Path(__file__).parents[1]
SNAPSHOT = PROJECT / "schema.graphql"
CHECK = PROJECT.parent / "shared" / "tools" / "check_contract.py"


def test_the_schema_is_the_one_that_was_reviewed() -> None:
    built_in = [s for s in discover(BUILT_IN).sections if s.distribution == "cyclorama"]
    assert compose(built_in).schema.as_str() == SNAPSHOT.read_text().removesuffix("\n")


@pytest.mark.skipif(not CHECK.exists(), reason="the contract is not beside the project")
def test_nothing_of_the_contract_is_bent() -> None:
    command = [sys.executable, str(CHECK), str(SNAPSHOT), "--allow-missing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith(" 0 bent")
