"""Log lines: one JSON object each, and nothing secret in them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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


QUOTING = """
import structlog
from sqlalchemy.exc import IntegrityError
from cyclorama.server.logs import configure_logs

configure_logs("INFO", {form!r})
driver = ValueError("duplicate key\\nDETAIL:  Key (email)=(hush) already exists.")
wrong = IntegrityError("INSERT INTO app_user", {{"email": "hush"}}, driver)
wrong.args = (str(driver),)
log = structlog.get_logger("test")
try:
    try:
        raise wrong
    except IntegrityError as error:
        raise RuntimeError("outer") from error
except RuntimeError as error:
    log.error("failed", error=repr(error.__cause__), exc_info=error)
"""
LIBRARY = """
import logging
from cyclorama.server.logs import configure_logs

configure_logs("INFO", "json")
logging.getLogger("some.library").info("hidden")
logging.getLogger("some.library").warning("seen %s", 1)
"""


def logged(form: str, program: str = PROGRAM) -> str:
    command = [sys.executable, "-c", program.format(form=form)]
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


@pytest.mark.parametrize("form", ["json", "console"])
def test_values_that_a_database_error_quotes_are_left_out(form: str) -> None:
    text = logged(form, QUOTING)
    for word in ("duplicate key", "INSERT INTO app_user", "RuntimeError", "outer"):
        assert word in text.replace("\\n", "\n")
    program = [line for line in QUOTING.splitlines() if "hush" in line]
    for line in program:
        text = text.replace(line, "")
    assert "hush" not in text


def test_a_warning_of_a_library_is_a_line_of_the_same_form() -> None:
    (line,) = (json.loads(line) for line in logged("json", LIBRARY).splitlines())
    assert (line["event"], line["level"]) == ("seen 1", "warning")
    assert "timestamp" in line
