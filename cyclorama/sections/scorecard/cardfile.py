"""A scorecard file: read with every problem of it, compared, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from cyclorama.plugins import (
    FileError,
    Flow,
    Problem,
    Problems,
    YamlTextError,
    read_yaml,
    write_yaml,
)
from cyclorama.sections.scorecard.card_checks import CardCheck
from cyclorama.sections.scorecard.file_entries import (
    CardEntry,
    Definitions,
    MeasureEntry,
    SchemeEntry,
    ScorecardFile,
    data_of,
)
from cyclorama.sections.scorecard.rules.bands import Refused, check_bands

Path = tuple[str | int, ...]
MOST_CARDS = 200
"""Of a kind of records."""
_HEADER = """\
# How records are scored. What is removed here is removed when it is applied, with the
# scores and the history that it has.

"""


class ScorecardFileError(FileError):
    """A scorecard file can't be used; nothing of it was applied."""

    what = "scorecard file"


def parse(text: str, fields: Sequence[Any]) -> Definitions:
    """What a file says; `ScorecardFileError` with every problem of it. `fields` are the
    custom fields of records that criteria may ask."""
    found = Problems()
    try:
        raw = read_yaml(text)
    except YamlTextError as error:
        raise ScorecardFileError([Problem((), "INVALID", str(error))]) from None
    file = found.read(ScorecardFile, raw, (), "File") or ScorecardFile()
    schemes = _read(SchemeEntry, file.schemes, "schemes", found)
    measures = _read(MeasureEntry, file.measures, "measures", found)
    cards = _read(CardEntry, file.scorecards, "scorecards", found)
    for path, scheme in schemes:
        _check_scheme(path, scheme, found)
    for path, measure in measures:
        _check_measure(path, measure, found)
    known = Definitions(
        schemes=[s for _, s in schemes],
        measures=[m for _, m in measures],
        cards=[c for _, c in cards],
    )
    for path, card in cards:
        CardCheck(path, card, known, found).all(fields)
    _check_defaults(cards, found)
    if found.found:
        raise ScorecardFileError(found.found)
    return known


def _read(
    model: Any, raw: Sequence[Any], part: str, found: Problems
) -> list[tuple[Path, Any]]:
    """Path and value of each entry that can be read; keys and names are unique."""
    read: list[tuple[Path, Any]] = []
    seen = set[tuple[str, ...]]()
    for n, held in enumerate(raw):
        path: Path = (part, n)
        entry = found.read(model, held, path, f"{part} no. {n + 1}")
        if entry is None:
            continue
        read.append((path, entry))
        for name in ("key", "name") if hasattr(entry, "key") else ("kind",):
            own = (name, entry.kind, getattr(entry, name))
            if own in seen:
                message = f"another has the {name} {own[2]!r}; give one another."
                found.add((*path, name), "DUPLICATE", message)
            seen.add(own)
    return read


def _check_scheme(path: Any, scheme: SchemeEntry, found: Problems) -> None:
    try:
        check_bands(scheme.as_bands())
    except Refused as refused:
        message = f"Scheme {scheme.kind}: {refused.message}"
        found.add((*path, "bands"), refused.code, message)


def _check_measure(path: Any, measure: MeasureEntry, found: Problems) -> None:
    where = f"Measure {measure.key!r}"
    if (measure.input == "ROLLUP") != (measure.rollup is not None):
        message = f"{where}: `rollup` is what an input ROLLUP has, and no other."
        found.add((*path, "rollup"), "INVALID", message)
    if measure.input == "ROLLUP" and measure.kind != "COMPANY":
        message = f"{where}: only measures of companies can be of input ROLLUP."
        found.add((*path, "input"), "INVALID", message)
    rollup = measure.rollup
    if rollup is not None and rollup.above > rollup.up_to:
        message = f"{where}: `above` can't be more than `up_to`."
        found.add((*path, "rollup", "above"), "RANGE", message)


def _check_defaults(cards: Sequence[tuple[Any, CardEntry]], found: Problems) -> None:
    for kind in ("COMPANY", "RELATIONSHIP"):
        own = [(p, c) for p, c in cards if c.kind == kind]
        if len(own) > MOST_CARDS:
            message = (
                f"There are {len(own)} cards of kind {kind}; at most {MOST_CARDS}."
            )
            found.add(own[-1][0], "LIMIT_EXCEEDED", message)
        for path in [p for p, c in own if c.is_default][1:]:
            message = f"Another card of kind {kind} is the default; let one be it."
            found.add((*path, "is_default"), "DUPLICATE", message)


def export(definitions: Definitions) -> str:
    """The file that reads as these definitions; what is as usual is left out."""
    data = {
        "schemes": [_short(data_of(s), "bands") for s in definitions.schemes],
        "measures": [_short(data_of(m), "help") for m in definitions.measures],
        "scorecards": [_short_card(data_of(c)) for c in definitions.cards],
    }
    return _HEADER + write_yaml(data)


def _short(data: Mapping[str, Any], *lists: str) -> dict[str, Any]:
    """With the entries of these lists on a line each."""
    return {k: [Flow(x) for x in v] if k in lists else v for k, v in data.items()}


def _short_card(data: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        _short(n, "measures") if "measures" in n else Flow(n) for n in data["nodes"]
    ]
    exceptions = [_short(e, "criteria") for e in data.get("exceptions", ())]
    held = {**_short(data, "criteria"), "nodes": nodes}
    return {**held, "exceptions": exceptions} if exceptions else held


def difference(old: Definitions, new: Definitions) -> dict[str, str]:
    """`added`, `changed` or `removed`, by what it is called."""
    before, after = old.by_name(), new.by_name()
    found = {}
    for name in dict.fromkeys(chain(before, after)):
        if name not in before:
            found[name] = "added"
        elif name not in after:
            found[name] = "removed"
        elif before[name] != after[name]:
            found[name] = "changed"
    return found
