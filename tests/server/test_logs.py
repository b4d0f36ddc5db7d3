"""Log lines: one JSON object each, and nothing secret in them."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import structlog
from cyclorama.server.logs import configure_logs

configure_logs("INFO", {form!r})
log = structlog.get_logger("test")
log.debug("hidden")

def fail():
    token = "cyc_" + "hush"
    raise ValueError("seen")

try:
    fail()
except ValueError as error:
    log.error("failed", exc_info=error)
with structlog.contextvars.bound_contextvars(request_id="r1"):
    log.info("done", strange=object)
"""


def logged(form: str) -> str:
    command = [sys.executable, "-c", PROGRAM.format(form=form)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr


def test_a_line_is_json_and_an_exception_shows_no_values() -> None:
    text = logged("json")
    failed, done = (json.loads(line) for line in text.splitlines())
    assert (failed["event"], failed["level"]) == ("failed", "error")
    assert failed["exception"][0]["exc_value"] == "seen"
    assert done["request_id"] == "r1"
    assert "hush" not in text.replace('"cyc_" + "hush"', "")
    assert "locals" not in text


def test_the_console_shows_no_values_either() -> None:
    text = logged("console")
    assert "ValueError: seen" in text
    assert "hush" not in text.replace('"cyc_" + "hush"', "")
