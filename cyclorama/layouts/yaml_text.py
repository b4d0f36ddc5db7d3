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
        _count_nodes(text)
        return _plain(_yaml().load(text), ())
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


def _count_nodes(text: str) -> None:
    """Refuse what would grow beyond the bounds, before anything is built from it."""
    sizes: dict[str, int] = {}
    frames = [_Frame(None, is_mapping=False)]
    for event in _yaml().parse(text):
        if isinstance(event, CollectionStartEvent):
            is_mapping = isinstance(event, MappingStartEvent)
            frames.append(_Frame(event.anchor, is_mapping))
            if len(frames) > MOST_DEPTH:
                raise YamlTextError(f"The file nests deeper than {MOST_DEPTH} levels.")
        elif isinstance(event, CollectionEndEvent):
            done = frames.pop()
            _add(frames[-1], done.nodes)
            if done.anchor is not None:
                sizes[done.anchor] = done.nodes
        elif isinstance(event, AliasEvent):
            if event.anchor not in sizes:
                raise YamlTextError(
                    f"The alias *{event.anchor} stands for nothing yet."
                )
            _add(frames[-1], sizes[event.anchor])
        elif isinstance(event, NodeEvent):
            _add(frames[-1], 1)
            if event.anchor is not None:
                sizes[event.anchor] = 1


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
