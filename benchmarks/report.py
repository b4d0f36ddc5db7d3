"""Tables of what a run found, on the terminal and in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.growth import Step
from benchmarks.measuring import Figures
from benchmarks.results import ALONE, BUSY, Results, medians

BEGIN = "<!-- figures: written by python -m benchmarks -->"
END = "<!-- end of figures -->"
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(map(_shown, row))} |" for row in rows]
    return "\n".join(lines)


def _shown(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(results: Results) -> str:
    """All tables, with a heading for each group."""
    return "\n\n".join(_parts(results)) + "\n"


def _parts(results: Results) -> Iterator[str]:
    yield _setting(results)
    yield "### Goals"
    yield _goals(results)
    for operation in medians(results.postgresql, BUSY):
        yield f"### {operation.capitalize()}, PostgreSQL"
        yield _operation(results.postgresql, operation)
    if results.sqlite:
        yield "### SQLite"
        yield _sqlite(results.sqlite)
    for name, steps in results.growth.items():
        yield f"### How cost grows with {name}"
        yield _growth(steps, name)
    if results.inside:
        yield "### In one process"
        yield table(["figure", "value"], results.inside.items())


def _setting(results: Results) -> str:
    held = results.setting
    node = f", Node {held['node']}" if "node" in held else ""
    absent = f" Left out: {held['left_out']}." if "left_out" in held else ""
    return (
        f"{held['when']}, Python {held['python']}{node}, {held['cores']} cores that also ran the "
        f"databases and the load; {held['companies']:,} companies; medians of "
        f"{held['rounds']} rounds of {held['seconds']:g} s in which the variants took turns.{absent}"
    )


def _goals(results: Results) -> str:
    rows = [
        (
            g.title,
            f"{'at least' if g.at_least else 'at most'} {g.bound:g}",
            g.value,
            "yes" if g.met else "no",
        )
        for g in results.goals()
    ]
    return table(["", "goal", "found", "met"], rows)


def _operation(figures: Sequence[Figures], operation: str) -> str:
    rows = []
    for one in figures:
        if one.operation != operation:
            continue
        m = one.median
        spread = f"{one.spread('throughput'):.0%}"
        rows.append(
            (
                one.variant,
                one.concurrency,
                *(m.p50, m.p95, m.p99, m.throughput),
                *(spread, m.server_cpu, m.database_cpu),
            )
        )
    head = ["", "at once", "p50 ms", "p95 ms", "p99 ms", "requests/s", "spread"]
    return table([*head, "server CPU ms", "database CPU ms"], rows)


def _sqlite(figures: Sequence[Figures]) -> str:
    rows = [
        (
            f.variant,
            f.operation,
            f.concurrency,
            m.p50,
            m.p99,
            m.throughput,
            m.server_cpu,
        )
        for f in figures
        if f.concurrency in (ALONE, BUSY)
        for m in [f.median]
    ]
    head = ["", "operation", "at once", "p50 ms", "p99 ms", "requests/s"]
    return table([*head, "server CPU ms"], rows)


def _growth(steps: Sequence[Step], name: str) -> str:
    variants = list(steps[0].figures) if steps else []
    head = [name, "operation", *(f"{v} p50 ms" for v in variants)]
    head += [f"{v} CPU ms" for v in variants]
    rows = []
    for step in steps:
        cells = [step.figures[v] for v in variants]
        rows.append(
            (
                f"{step.size:,}",
                step.operation,
                *(c.p50 for c in cells),
                *(c.cpu or "" for c in cells),
            )
        )
    return table(head, rows)


def write(text: str, document: Path = DOCUMENT) -> None:
    """Put the tables between the markers of a document; all else stays as it is."""
    held = document.read_text("utf-8")
    head, begin, rest = held.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{document.name} has no place for figures: {BEGIN} … {END}")
    document.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", "utf-8")
