"""What a run found: medians, ratios, and whether the goals are met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.growth import Step
from benchmarks.measuring import Figures, Sample

ALONE, BUSY = 1, 16
"""The concurrency of times, and that of throughput and CPU."""


@dataclass(slots=True)
class Results:
    """Filled while a run goes on."""

    setting: dict[str, Any]
    """What was run where."""
    postgresql: list[Figures] = field(default_factory=list)
    sqlite: list[Figures] = field(default_factory=list)
    growth: dict[str, list[Step]] = field(default_factory=dict)
    inside: dict[str, float] = field(default_factory=dict)

    def ratios(self) -> dict[str, float]:
        """Cyclorama's figures over the others', by `operation.figure.variant`."""
        found = dict(_ratios(self.postgresql, ""))
        found |= dict(_ratios(self.sqlite, "sqlite."))
        for one in self.postgresql:
            if one.concurrency == ALONE and one.variant == "cyclorama":
                found[f"{one.operation}.p99.p50"] = one.median.p99 / one.median.p50
        held = self.inside
        if "memory.many" in held:
            found["memory.many.few"] = held["memory.many"] / held["memory.few"]
        if "resolver_form.cyclorama" in held:
            core = held["resolver_form.graphql-core"]
            found["resolver_form.graphql-core"] = core / held["resolver_form.cyclorama"]
        return {name: round(value, 3) for name, value in sorted(found.items())}

    def goals(self) -> list[Goal]:
        """The goals whose figure this run has."""
        known = {**self.inside, **self.ratios()}
        return [g.reached(known[g.figure]) for g in GOALS if g.figure in known]

    def as_json(self) -> dict[str, Any]:
        """Every median, the ratios, the goals."""
        return {
            "setting": self.setting,
            "postgresql": [f.as_json() for f in self.postgresql],
            "sqlite": [f.as_json() for f in self.sqlite],
            "growth": {k: [_step(s) for s in v] for k, v in self.growth.items()},
            "inside": {k: round(v, 3) for k, v in self.inside.items()},
            "ratios": self.ratios(),
            "goals": [{**asdict(g), "met": g.met} for g in self.goals()],
        }


def _step(step: Step) -> dict[str, Any]:
    figures = {
        name: {k: round(v, 3) for k, v in asdict(one).items()}
        for name, one in step.figures.items()
    }
    return {"size": step.size, "operation": step.operation, "figures": figures}


def medians(
    figures: Sequence[Figures], concurrency: int
) -> dict[str, dict[str, Sample]]:
    """Medians by operation and variant."""
    found: dict[str, dict[str, Sample]] = {}
    for one in figures:
        if one.concurrency == concurrency:
            found.setdefault(one.operation, {})[one.variant] = one.median
    return found


def _ratios(figures: Sequence[Figures], prefix: str) -> Iterator[tuple[str, float]]:
    names: Mapping[int, tuple[str, ...]] = {
        ALONE: ("p50",),
        BUSY: ("cpu", "server_cpu", "database_cpu", "throughput"),
    }
    for concurrency, wanted in names.items():
        for operation, variants in medians(figures, concurrency).items():
            own = variants.get("cyclorama")
            for variant, other in variants.items():
                if own is None or variant == "cyclorama":
                    continue
                for name in wanted:
                    if base := getattr(other, name):
                        ratio = getattr(own, name) / base
                        yield f"{prefix}{operation}.{name}.{variant}", ratio


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its bound."""

    title: str
    figure: str
    bound: float
    at_least: bool = False
    value: float | None = None

    def reached(self, value: float) -> Goal:
        """The goal with what was found."""
        return Goal(self.title, self.figure, self.bound, self.at_least, round(value, 3))

    @property
    def met(self) -> bool | None:
        """Whether it is; None as long as nothing was found."""
        if self.value is None:
            return None
        if self.at_least:
            return self.value >= self.bound
        return self.value <= self.bound


GOALS = (
    Goal("full page: server and database CPU against limit", "full.cpu.limit", 1.25),
    Goal("full page: p50 alone against limit", "full.p50.limit", 1.3),
    Goal("full page: throughput over naive", "full.throughput.naive", 50, True),
    Goal("full page: throughput over tuned", "full.throughput.tuned", 12, True),
    Goal("full: over PostGraphile", "full.throughput.postgraphile", 4, True),
    Goal("light: over PostGraphile", "light.throughput.postgraphile", 3.5, True),
    Goal("portfolio: over PostGraphile", "portfolio.throughput.postgraphile", 5, True),
    Goal("full: over mercurius", "full.throughput.mercurius", 2.5, True),
    Goal("full page: p99 over p50, alone", "full.p99.p50", 4),
    Goal("resolver form over graphql-core", "resolver_form.graphql-core", 3.5, True),
    Goal("SQLite: full page without HTTP, ms", "sqlite.full_page_ms", 1.5),
    Goal("a new operation text, ms", "new_text_ms", 10),
    Goal("audit of a full page within its request, us of CPU", "audit.request", 50),
    Goal("a layout among 50 with 200 rules, ms", "resolve_layout_ms", 1),
    Goal("plan of a change of layouts, s", "plan_layouts_s", 10),
    Goal("start-up with 25 plugins, s", "start_up_25_s", 0.6),
    Goal("memory after 1,000 operations over 10", "memory.many.few", 1.5),
)
