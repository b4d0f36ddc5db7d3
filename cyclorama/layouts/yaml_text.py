"""YAML as text to plain values and back, bounded in size, depth and number of values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    NodeEvent,
)
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

MOST_BYTES: Final = 1_000_000
MOST_NODES: Final = 10_000
"""Values of a file, keys of mappings not counted, each alias as what it stands for."""
MOST_DEPTH: Final = 40
_LARGEST_INTEGER: Final = 2**63 - 1


class YamlTextError(ValueError):
    """The text can't be read; the message says where and what to do."""


@dataclass(slots=True)
class _Frame:
    anchor: str | None
    is_mapping: bool
    at_key: bool = True
    nodes: int = 1


def read_yaml(text: str) -> Any:
    """The text's one document in the values of JSON; days become ISO text."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise YamlTextError(
            f"The file has {size} bytes; at most {MOST_BYTES} are read."
        )
    try:
        return _plain(_counted().load(text), ())
    except YamlTextError:
        raise
    except MarkedYAMLError as error:
        raise YamlTextError(_marked(error)) from None
    except (YAMLError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise YamlTextError(f"The file is no valid YAML: {first_line}") from None


def write_yaml(value: Any) -> str:
    """Block style; a mapping or list of plain values inside `Flow` stands on one line."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width = MOST_BYTES
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda *_: True
    out = StringIO()
    yaml.dump(_styled(value), out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Flow:
    """A value that is written on one line."""

    value: Any


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _marked(error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    problem = (error.problem or error.context or "it can't be read").partition("\n")[0]
    return f"The file is no valid YAML: {where}{problem}"


def _counted() -> YAML:
    """A reader that refuses what would grow beyond the bounds, before anything is built
    from it: it counts what the parser finds."""
    yaml, nodes = _yaml(), _Nodes()
    following = yaml.parser.get_event

    def get_event() -> Any:
        event = following()
        nodes.add(event)
        return event

    yaml.parser.get_event = get_event
    return yaml


class _Nodes:
    """The values of a document, counted while it is parsed."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._frames = [_Frame(None, is_mapping=False)]

    def add(self, event: Any) -> None:
        """Count what the parser found; `YamlTextError` beyond a bound."""
        frames = self._frames
        if isinstance(event, CollectionStartEvent):
            is_mapping = isinstance(event, MappingStartEvent)
            frames.append(_Frame(event.anchor, is_mapping))
            if len(frames) > MOST_DEPTH:
                raise YamlTextError(f"The file nests deeper than {MOST_DEPTH} levels.")
        elif isinstance(event, CollectionEndEvent):
            done = frames.pop()
            self._count(done.nodes, done.anchor)
        elif isinstance(event, AliasEvent):
            if event.anchor not in self._sizes:
                raise YamlTextError(
                    f"The alias *{event.anchor} stands for nothing yet."
                )
            self._count(self._sizes[event.anchor], None)
        elif isinstance(event, NodeEvent):
            self._count(1, event.anchor)

    def _count(self, nodes: int, anchor: str | None) -> None:
        _add(self._frames[-1], nodes)
        if anchor is not None:
            self._sizes[anchor] = nodes


def _add(frame: _Frame, nodes: int) -> None:
    is_key = frame.is_mapping and frame.at_key
    frame.at_key = not frame.at_key
    frame.nodes += 0 if is_key and nodes == 1 else nodes
    if frame.nodes > MOST_NODES:
        raise YamlTextError(
            f"The file holds more than {MOST_NODES} values, aliases counted as what "
            "they stand for; write fewer."
        )


def _plain(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, dict):
        return {_key(k, path): _plain(v, (*path, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, (*path, n)) for n, v in enumerate(value)]
    if isinstance(value, str):
        return _storable(value, path)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool) or _is_number(value):
        return value
    raise YamlTextError(f"{_at(path)}: write text, a number, true, false or null.")


def _key(key: Any, path: tuple[Any, ...]) -> str:
    if not isinstance(key, str):
        raise YamlTextError(f"{_at(path)}: the name {key!r} has to be text; quote it.")
    return _storable(key, path)


def _storable(text: str, path: tuple[Any, ...]) -> str:
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise YamlTextError(f"{_at(path)}: the text holds a character of no meaning.")
    return text


def _is_number(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= _LARGEST_INTEGER
    return isinstance(value, float) and math.isfinite(value)


def _at(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)) or "The file"


def _styled(value: Any) -> Any:
    """The value in the containers that the writer keeps the order and style of."""
    if isinstance(value, Flow):
        styled = _styled(value.value)
        styled.fa.set_flow_style()
        return styled
    if isinstance(value, Mapping):
        return CommentedMap((_styled(k), _styled(v)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return CommentedSeq(_styled(v) for v in value)
    if isinstance(value, str) and not value.isprintable():
        return DoubleQuotedScalarString(value)
    return value
