"""Edits of a layout file's text that leave its comments and order as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from cyclorama.errors import ConfigError
from cyclorama.layouts.problems import listed

_WIDTH = 1_000_000


def clone(text: str, layout: str, key: str, name: str | None) -> str:
    """With a copy of a layout at the end, as a draft that is no default."""

    def change(file: Any) -> None:
        copy = deepcopy(_layout(file, layout))
        copy["key"] = key
        copy["name"] = name or copy["name"]
        copy["status"] = "DRAFT"
        copy.pop("is_default", None)
        file["layouts"].append(copy)

    return _changed(text, change)


def publish(text: str, layout: str, over: str | None) -> str:
    """With a draft published: as it is, or as the sections, name and description of
    another layout, which stays what assignments name."""

    def change(file: Any) -> None:
        draft = _layout(file, layout)
        if draft.get("status") != "DRAFT":
            raise ConfigError(
                f"The layout {layout!r} is no draft; there is nothing to do."
            )
        if over is None:
            del draft["status"]
            return
        target = _layout(file, over)
        for name in ("kind", "relationship_type"):
            if draft.get(name) != target.get(name):
                raise ConfigError(
                    f"The layouts {layout!r} and {over!r} differ in their {name}; "
                    "publish the draft alone."
                )
        for name in ("name", "description", "placements"):
            if name in draft:
                target[name] = draft[name]
            else:
                target.pop(name, None)
        file["layouts"].remove(draft)

    return _changed(text, change)


def decouple(text: str, layout: str, instance: str, versions: Mapping[str, int]) -> str:
    """With the settings of a shared section, now at one of `versions`, copied into a
    placement, which remembers where they came from."""

    def change(file: Any) -> None:
        placement = _placement(file, layout, instance)
        key = placement.get("shared")
        if key is None:
            raise ConfigError(f"{layout}, {instance} shows no shared section.")
        source = _shared(file, key)
        at = list(placement).index("shared")
        del placement["shared"]
        placement.insert(at, "section", source["section"])
        if source.get("config"):
            placement["config"] = deepcopy(source["config"])
        placement["decoupled_from"] = key
        placement["decoupled_version"] = versions.get(key, 1)

    return _changed(text, change)


def relink(text: str, layout: str, instance: str) -> str:
    """With a decoupled placement showing its shared section again."""

    def change(file: Any) -> None:
        placement = _placement(file, layout, instance)
        key = placement.get("decoupled_from")
        if key is None:
            raise ConfigError(f"{layout}, {instance} was not decoupled.")
        source = _shared(file, key)
        if source["section"] != placement.get("section"):
            raise ConfigError(
                f"The shared section {key!r} is one of {source['section']} now, and "
                f"{layout}, {instance} is one of {placement.get('section')}."
            )
        at = list(placement).index("section")
        for name in ("section", "config", "decoupled_from", "decoupled_version"):
            placement.pop(name, None)
        placement.insert(at, "shared", key)

    return _changed(text, change)


def _changed(text: str, change: Callable[[Any], None]) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    file = yaml.load(text)
    change(file)
    out = StringIO()
    yaml.dump(file, out)
    return out.getvalue()


def _layout(file: Any, key: str) -> Any:
    return _named(file.get("layouts") or (), "key", key, "layout")


def _shared(file: Any, key: str) -> Any:
    return _named(file.get("shared_sections") or (), "key", key, "shared section")


def _placement(file: Any, layout: str, instance: str) -> Any:
    """The placement of this instance key: its own, or that of its section."""
    held = _layout(file, layout).get("placements") or ()
    keys = [_instance_key(file, placement) for placement in held]
    if instance not in keys:
        raise ConfigError(
            f"The layout {layout!r} has no placement {instance!r}; there are "
            f"{listed(keys)}."
        )
    return held[keys.index(instance)]


def _instance_key(file: Any, placement: Any) -> str:
    own = placement.get("instance_key") or placement.get("section")
    return str(own or _shared(file, placement["shared"])["section"])


def _named(entries: Any, name: str, value: str, what: str) -> Any:
    for entry in entries:
        if entry.get(name) == value:
            return entry
    there_are = listed(str(entry.get(name)) for entry in entries)
    raise ConfigError(f"There is no {what} {value!r}; there are {there_are}.")
