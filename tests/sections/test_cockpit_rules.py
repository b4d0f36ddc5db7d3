"""The arithmetic of Cockpit: every worked number of the domain, and what always holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.sections.cockpit.rules import (
    Anchor,
    Category,
    Dates,
    OwnerCascade,
    Refused,
    Step,
    Task,
    TaskStatus,
    checked_day,
    dedupe_key,
    is_closing,
    is_snoozed,
    makes_cycle,
    percent_complete,
    planned_days,
    recommended_score,
    shifted,
    success_rate,
    taken_over,
    working_day,
)

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def june(day: int) -> date:
    return date(2026, 6, day)


def task(name: str, day: int | None, status: str = "OPEN", owner: str = "a") -> Task:
    due = None if day is None else june(day)
    return Task(id=name, status=TaskStatus(status), owner=owner, due=due)


def test_3_5_a_closed_cta_of_the_worked_example() -> None:
    cta = Dates(created=june(1), original_due=june(11), due=june(15), closed=june(18))
    later = june(30)
    assert cta.age(later) == 17
    assert cta.days_due() == 10
    assert cta.due_date_variance() == 4
    assert cta.days_past_due(later) == 3
    assert cta.closed_overdue()
    assert cta.days_until_close(later) is None
    assert percent_complete(4, 3 + 1, is_closed=True) == 100


def test_3_5_the_same_cta_if_it_is_still_open() -> None:
    cta = Dates(created=june(1), original_due=june(11), due=june(15))
    assert cta.days_until_close(june(18)) == -3
    assert cta.days_past_due(june(18)) == 3
    assert cta.days_past_due(june(14)) == 0
    assert not cta.closed_overdue()
    assert cta.age(june(18)) == 17


def test_3_5_progress_and_success() -> None:
    assert percent_complete(0, 0, is_closed=True) == 100
    assert percent_complete(0, 0, is_closed=False) == 0
    assert percent_complete(4, 1, is_closed=False) == 25
    assert success_rate(3, 1) == 0.75
    assert success_rate(0, 0) is None


def test_3_4_categories_decide_what_is_closed() -> None:
    closing = {c for c in Category if is_closing(c)}
    assert closing == {"CLOSED_SUCCESS", "CLOSED_LOST", "CLOSED_INVALID"}
    assert not is_closing(None)
    assert {s for s in TaskStatus if s.is_done} == {"COMPLETED", "SKIPPED"}


def test_3_6_a_snooze_holds_through_its_day() -> None:
    until = date(2026, 7, 10)
    assert is_snoozed(until, date(2026, 7, 10))
    assert not is_snoozed(until, date(2026, 7, 11))
    zone = ZoneInfo("America/New_York")
    late = datetime(2026, 7, 10, 23, 59, tzinfo=zone).astimezone(UTC)
    for at, expected in ((late, True), (late + timedelta(minutes=1), False)):
        assert is_snoozed(until, at.astimezone(zone).date()) is expected
    assert not is_snoozed(None, date(2026, 7, 10))


def test_3_7_a_key_tells_apart_what_identifies() -> None:
    keys = {
        dedupe_key("company_1", "risk", "low_usage"),
        dedupe_key("company_1", "risk", None),
        dedupe_key("company_1", "risk", "low_usage", "name"),
        dedupe_key("company_1", "risk", "low_usage", ""),
        dedupe_key("company_2", "risk", "low_usage"),
        dedupe_key("company_1", "expansion", "low_usage"),
    }
    assert len(keys) == 6
    assert dedupe_key("c", "t", "r") == dedupe_key("c", "t", "r")


def test_3_8_open_tasks_move_with_the_due_date() -> None:
    tasks = [task("x", 8), task("y", 10), task("done", 5, "COMPLETED")]
    assert shifted(tasks, 14 - 10) == {"x": june(12), "y": june(14)}
    assert shifted([task("free", None)], 4) == {}


def test_3_8_owners_of_open_tasks_follow_as_asked() -> None:
    tasks = [
        task("old", 1),
        task("other", 1, owner="b"),
        task("done", 1, "SKIPPED"),
        task("new", 1, owner="n"),
    ]
    assert taken_over(tasks, OwnerCascade.NONE, "a", "n") == []
    assert taken_over(tasks, OwnerCascade.OF_OLD_OWNER, "a", "n") == ["old"]
    assert taken_over(tasks, OwnerCascade.ALL_OPEN, "a", "n") == ["old", "other"]


def test_3_8_a_playbook_counts_from_creation_due_date_or_the_task_before() -> None:
    steps = [
        Step(offset=2, anchor=Anchor.PREVIOUS),
        Step(offset=5, anchor=Anchor.PREVIOUS),
        Step(offset=-1, anchor=Anchor.DUE),
        Step(offset=5),
    ]
    found = planned_days(steps, june(1), june(15))
    assert found == [june(3), june(8), june(14), june(6)]
    # The 14th is a Sunday, the 6th a Saturday.
    found = planned_days(steps, june(1), june(15), skip_weekends=True)
    assert found == [june(3), june(8), june(15), june(8)]
    with pytest.raises(Refused):
        planned_days([Step(offset=10**9)], june(1), june(2))


def test_3_9_the_recommended_order_of_the_worked_example() -> None:
    known = {"health": 40, "arr_percentile": 80, "days_to_renewal": 45}
    assert recommended_score(**known, days_past_due=7) == pytest.approx(67.25)
    assert recommended_score(**known) == pytest.approx(59.75 / 85 * 100)
    assert recommended_score(health=40) == pytest.approx(60)
    assert recommended_score() is None


@pytest.mark.parametrize(
    ("part", "without", "points"),
    [
        ("health", 100, 21),
        ("arr_percentile", 0, 20),
        ("days_to_renewal", 180, 18.75),
        ("days_past_due", 0, 7.5),
    ],
)
def test_3_9_each_part_of_the_worked_example(
    part: str, without: int, points: float
) -> None:
    known = {"health": 40, "arr_percentile": 80, "days_to_renewal": 45}
    known["days_past_due"] = 7
    left = recommended_score(**{**known, part: without})
    assert left == pytest.approx(67.25 - points)


def test_a_day_in_another_age_is_refused() -> None:
    assert checked_day(date(2126, 1, 1), june(1), "dueDate")
    for day in (date(9999, 12, 31), date(1, 1, 1)):
        with pytest.raises(Refused) as found:
            checked_day(day, june(1), "dueDate")
        assert (found.value.path, found.value.code) == ("dueDate", "RANGE")


def test_tasks_do_not_wait_in_a_circle() -> None:
    chain = {"a": None, "b": "a", "c": "b"}
    assert makes_cycle(chain, "a", "c")
    assert makes_cycle(chain, "a", "a")
    assert not makes_cycle(chain, "c", "a")
    assert not makes_cycle({"x": "y", "y": "x"}, "z", "x")


@settings(max_examples=100, deadline=None)
@given(DAYS, DAYS, DAYS, st.none() | DAYS, DAYS)
def test_days_agree_with_each_other(
    created: date, due: date, original: date, closed: date | None, today: date
) -> None:
    cta = Dates(created=created, due=due, original_due=original, closed=closed)
    assert cta.due_date_variance() == (due - created).days - cta.days_due()
    assert cta.closed_overdue() == (closed is not None and cta.days_past_due(today) > 0)
    left = cta.days_until_close(today)
    assert left is None or max(0, -left) == cta.days_past_due(today)


@settings(max_examples=100, deadline=None)
@given(st.lists(DAYS), st.integers(-1000, 1000))
def test_what_is_moved_there_and_back_is_where_it_was(
    days: list[date], by: int
) -> None:
    tasks = [
        Task(id=str(n), status=TaskStatus.OPEN, owner="a", due=day)
        for n, day in enumerate(days)
    ]
    there = shifted(tasks, by)
    back = [
        Task(id=key, status=TaskStatus.OPEN, owner="a", due=day)
        for key, day in there.items()
    ]
    assert by == 0 or list(shifted(back, -by).values()) == days


@settings(max_examples=100, deadline=None)
@given(
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 100),
    st.none() | st.integers(-400, 4000),
    st.none() | st.integers(0, 400),
)
def test_a_recommendation_lies_between_0_and_100(
    health: float | None, arr: float | None, renewal: int | None, late: int | None
) -> None:
    given = {"arr_percentile": arr, "days_to_renewal": renewal, "days_past_due": late}
    found = recommended_score(health=health, **given)  # type: ignore[arg-type]
    everything = {"health": health, **given}
    assert (found is None) == all(v is None for v in everything.values())
    if found is None:
        return
    assert 0 <= found <= 100.0001
    if health is not None:
        sicker = recommended_score(health=health / 2, **given)  # type: ignore[arg-type]
        assert sicker is not None
        assert sicker >= found - 1e-9


@given(DAYS)
def test_a_working_day_is_the_same_or_the_next_monday(day: date) -> None:
    found = working_day(day)
    assert found.weekday() < 5
    assert timedelta(0) <= found - day <= timedelta(days=2)
    assert found == day or found.weekday() == 0
