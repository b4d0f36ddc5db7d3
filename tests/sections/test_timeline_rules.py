"""What an activity may be: rich text, types with their fields, bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cyclorama.plugins import active_part, cleaned_html, plain_text
from cyclorama.sections.timeline import rules
from cyclorama.sections.timeline.config import ActivityType, TimelineConfig
from cyclorama.sections.timeline.rules import Refused
from cyclorama.testing import NOW

ACTIVE = (
    "<script>alert(1)</script>",
    "a <ScRiPt src=//x.example></sCrIpT> b",
    "<img src=x onerror=alert(1)>",
    "<p onclick='f()'>x</p>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    "<iframe src='https://x.example'></iframe>",
    "<svg><script>1</script></svg>",
    "<form action=/x><input></form>",
)
TELLING = ("script", "onerror", "onclick", "javascript:", "data:", "iframe", "form")


@pytest.mark.parametrize("html", ACTIVE)
def test_what_would_run_is_refused_and_would_not_be_kept(html: str) -> None:
    assert active_part(html) is not None
    with pytest.raises(Refused) as refused:
        rules.checked_notes(html)
    assert (refused.value.code, refused.value.path) == ("INVALID", ["notes"])
    kept = cleaned_html(html).lower()
    assert not any(f"<{word}" in kept or f"{word}=" in kept for word in TELLING)
    assert "javascript:" not in kept


def test_what_only_dresses_up_is_dropped_and_text_stays() -> None:
    html = '<div class="x"><p style="color:red">Über <b>2 &lt; 3</b></p><font>!</font>'
    kept, text = rules.checked_notes(html)
    assert kept == "<p>Über <b>2 &lt; 3</b></p>!"
    assert text == "Über 2 < 3\n!"
    link, _ = rules.checked_notes('<a href="https://x.example" target=_top>x</a>')
    assert (
        link == '<a href="https://x.example" rel="noopener noreferrer nofollow">x</a>'
    )
    assert rules.checked_notes("a < b & c")[1] == "a < b & c"
    for nothing in ("", "  ", "<p> <br></p>", "<div></div>"):
        assert rules.checked_notes(nothing) == (None, None)


def test_plain_text_has_a_line_for_each_block() -> None:
    html = "<h2>A</h2><ul><li>b c</li><li> d\n e</li></ul><p>f<br>g</p>h"
    assert plain_text(html) == "A\nb c\nd e\nf\ng\nh"
    assert plain_text("a\nb<pre>c\nd</pre>") == "a b\nc\nd"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from([*ACTIVE, "<p>", "<b", "\"'>"])))
def test_what_is_kept_never_runs_and_is_kept_again(html: Any) -> None:
    text = html if isinstance(html, str) else "".join(html)
    kept = cleaned_html(text)
    assert active_part(kept) is None
    assert cleaned_html(kept) == kept


CONFIG = TimelineConfig.model_validate(
    {
        "types": [
            {"key": "update", "label": "Update", "category": "UPDATE"},
            {"key": "milestone", "label": "Milestone", "category": "MILESTONE"},
            {
                "key": "visit",
                "label": "Visit",
                "fields": [
                    {"key": "mood", "label": "Mood", "required": True},
                    {"key": "guests", "label": "Guests", "type": "NUMBER"},
                    {"key": "day", "label": "Day", "type": "DATE"},
                    {"key": "paid", "label": "Paid", "type": "BOOLEAN"},
                    {
                        "key": "where",
                        "label": "Where",
                        "type": "CHOICE",
                        "choices": ["Here", "There"],
                    },
                ],
            },
        ],
        "milestones": [{"key": "go_live", "label": "Go-live"}],
    }
)


def visit() -> ActivityType:
    found = CONFIG.type("visit")
    assert found is not None
    return found


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        call()
    assert refused.value.message.endswith(".")
    return ".".join(refused.value.path), refused.value.code


def test_the_fields_of_a_type_are_checked_one_by_one() -> None:
    values = {"mood": " Good ", "guests": 3.5, "day": "2026-01-31", "paid": False}
    found = rules.checked_fields(
        visit(), {**values, "where": "Here"}, {}, is_draft=False
    )
    assert found == {**values, "mood": "Good", "where": "Here"}
    for key, value, code in (
        ("mood", 5, "TYPE"),
        ("mood", "x" * 32_001, "LENGTH"),
        ("guests", "3", "TYPE"),
        ("guests", True, "TYPE"),
        ("guests", 10**16, "RANGE"),
        ("day", "31.1.2026", "TYPE"),
        ("day", "10000-01-01", "TYPE"),
        ("paid", 1, "TYPE"),
        ("where", "Elsewhere", "LOOKUP_NOT_FOUND"),
        ("nope", 1, "UNKNOWN_FIELD"),
    ):
        values = {"mood": "Good", key: value}
        found = refusal(
            lambda values=values: rules.checked_fields(
                visit(), values, {}, is_draft=False
            )
        )
        assert found == (f"fields.{key}", code), (key, value)
    whole = refusal(lambda: rules.checked_fields(visit(), [1], {}, is_draft=False))
    assert whole == ("fields", "TYPE")


def test_a_required_field_is_needed_to_log_and_not_to_draft() -> None:
    def check(given: Any, *, is_draft: bool) -> Any:
        return rules.checked_fields(visit(), given, {"guests": 1}, is_draft=is_draft)

    assert check({}, is_draft=True) == {"guests": 1}
    for values in ({}, {"mood": None}, {"mood": " "}):
        found = refusal(lambda values=values: check(values, is_draft=False))
        assert found == ("fields.mood", "REQUIRED")
    assert check({"mood": "Fine", "guests": None}, is_draft=False) == {"mood": "Fine"}


def test_a_milestone_goes_with_its_type() -> None:
    update, milestone = CONFIG.type("update"), CONFIG.type("milestone")
    assert update is not None
    assert milestone is not None

    def check(type_: Any, key: Any, held: Any = None, *, is_draft: bool = False) -> Any:
        return rules.checked_milestone(CONFIG, type_, key, held, is_draft=is_draft)

    assert check(milestone, "go_live") == "go_live"
    assert check(milestone, "old", "old") == "old"
    assert check(milestone, None, is_draft=True) is None
    assert check(update, "go_live", "go_live") is None
    path = "milestoneType"
    assert refusal(lambda: check(milestone, None)) == (path, "REQUIRED")
    assert refusal(lambda: check(milestone, "x")) == (path, "LOOKUP_NOT_FOUND")
    assert refusal(lambda: check(update, "go_live")) == (path, "INVALID")


def test_bounds_include_their_ends() -> None:
    oldest, furthest = datetime(1970, 1, 1, tzinfo=UTC), NOW + timedelta(days=3660)
    for at in (oldest, NOW, furthest):
        assert rules.checked_date(at, NOW) == at
    tick = timedelta(milliseconds=1)
    for at in (oldest - tick, furthest + tick):
        found = refusal(lambda at=at: rules.checked_date(at, NOW))
        assert found == ("activityDate", "RANGE")
    assert [rules.checked_minutes(m) for m in (None, 0, 10_080)] == [None, 0, 10_080]
    for minutes in (-1, 10_081):
        found = refusal(lambda minutes=minutes: rules.checked_minutes(minutes))
        assert found == ("durationMinutes", "RANGE")
    assert rules.checked_ids(["a", "b", "a"], "x") == ["a", "b"]
    many = [str(n) for n in range(51)]
    assert refusal(lambda: rules.checked_ids(many, "x")) == ("x", "LIMIT_EXCEEDED")
    assert rules.checked_subject(f" {'x' * 253} ") == "x" * 253
    long = refusal(lambda: rules.checked_subject("x" * 256))
    half = refusal(lambda: rules.checked_subject("\ud800"))
    blank = refusal(lambda: rules.checked_subject("  "))
    codes = ("LENGTH", "INVALID", "REQUIRED")
    assert (long, half, blank) == tuple(("subject", c) for c in codes)


SENSELESS: list[dict[str, Any]] = [
    {"types": []},
    {"types": [{"key": "A", "label": "A"}]},
    {"types": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]},
    {"types": [{"key": "a", "label": "A", "category": "PARTY"}]},
    {"types": [{"key": "a", "label": "A", "fields": [{"key": "x", "label": "X"}] * 2}]},
    {"milestones": [{"key": "a", "label": "A", "color": "red"}]},
    {"relationship_rolup": True},
    *(
        {"types": [{"key": "a", "label": "A", "fields": [{**field, "label": "X"}]}]}
        for field in ({"key": "x", "type": "CHOICE"}, {"key": "x", "choices": ["y"]})
    ),
]


@pytest.mark.parametrize("config", SENSELESS)
def test_settings_that_make_no_sense_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TimelineConfig.model_validate(config)
