"""Plugins are found where they are installed; broken ones are named and left out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from cyclorama.errors import PluginError
from cyclorama.plugins.discovery import Discovered, discover
from cyclorama.plugins.section import Section

Install = Callable[..., None]

PLUGIN = """
    from cyclorama.plugins import Section, read, SectionBase
    import strawberry

    @strawberry.type(description="What the weather does.")
    class WeatherSection(SectionBase):
        words: str = read.value("Rain.")

    section = Section(key="{key}", title="Weather", type=WeatherSection)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of one module with an entry point, for one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(name: str, source: str, *, target: str = "", version: str = "1.2") -> None:
        (tmp_path / f"{name}.py").write_text(dedent(source), encoding="utf-8")
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        points = f"[cyclorama]\n{name} = {target or name}\n"
        (info / "entry_points.txt").write_text(points)

    return run


def keys(found: Discovered) -> list[str]:
    return [s.key for s in found.sections]


def section(found: Discovered, key: str) -> Section:
    return next(s for s in found.sections if s.key == key)


def test_a_misspelt_hook_is_refused_by_name(install: Install) -> None:
    source = """
        from cyclorama.plugins import hookimpl

        @hookimpl
        def cyclorama_sectons():
            return []
    """
    install("plugin_misspelt", source)
    with pytest.raises(PluginError, match=r"plugin_misspelt.*cyclorama_sectons"):
        discover()


def test_a_plugin_that_fails_at_import_is_reported_and_left_out(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("plugin_broken", "raise ValueError('no licence\\nfound here')")
    found = discover()
    (failure,) = [f for f in found.failures if f.name == "plugin_broken"]
    assert failure.distribution == "plugin_broken"
    assert failure.message == "ValueError: no licence"
    assert "support" in keys(found)
    logged = capsys.readouterr().out
    assert "Traceback" in logged
    assert "found here" in logged


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def section(:", "SyntaxError: "),
        ("import a_module_that_is_missing", "ModuleNotFoundError: No module named"),
        ("raise SystemExit", "SystemExit"),
        ("section = 'weather'", "TypeError: plugin_odd_{n} has neither a global"),
        (
            "from cyclorama.plugins import hookimpl\n"
            "@hookimpl\ndef cyclorama_sections():\n    return ['weather']",
            "TypeError: cyclorama_sections() returned 'weather'",
        ),
        (
            "from cyclorama.plugins import hookimpl\n"
            "@hookimpl\ndef cyclorama_sections():\n    return 1 / 0",
            "ZeroDivisionError: division by zero",
        ),
    ],
    ids=range(6),
)
def test_a_plugin_that_brings_no_section_is_reported(
    install: Install, request: pytest.FixtureRequest, source: str, message: str
) -> None:
    number = request.node.callspec.id
    name = f"plugin_odd_{number}"
    install(name, source)
    (failure,) = [f for f in discover().failures if f.name == name]
    assert failure.message.startswith(message.format(n=number))


def test_an_entry_point_that_leads_nowhere_is_reported(install: Install) -> None:
    install("plugin_nowhere", "", target="plugin_nowhere:section")
    (failure,) = [f for f in discover().failures if f.name == "plugin_nowhere"]
    assert failure.message.startswith("AttributeError: ")


def test_a_global_section_is_found_with_package_and_version(install: Install) -> None:
    install("plugin_plain", PLUGIN.format(key="plain_weather"), version="3.4")
    found = section(discover(), "plain_weather")
    assert (found.distribution, found.version) == ("plugin_plain", "3.4")


def test_an_entry_point_may_name_the_section(install: Install) -> None:
    source = PLUGIN.format(key="named_weather")
    install("plugin_named", source, target="plugin_named:section")
    assert "named_weather" in keys(discover())


def test_a_hook_may_bring_several_sections(install: Install) -> None:
    source = dedent(PLUGIN.format(key="first_weather")) + dedent("""
        import dataclasses
        from cyclorama.plugins import hookimpl

        @hookimpl
        def cyclorama_sections():
            return [section, dataclasses.replace(section, key="second_weather")]
    """)
    install("plugin_hooked", source)
    found = keys(discover())
    assert found.count("first_weather") == found.count("second_weather") == 1


def test_the_built_in_sections_are_found_in_order_of_keys() -> None:
    found = discover()
    assert keys(found) == sorted(keys(found))
    assert {"relationships", "support", "usage"} <= set(keys(found))
    assert section(found, "support").distribution == "cyclorama"
    assert not found.failures


def test_importing_the_facade_loads_no_section() -> None:
    program = (
        "import sys, cyclorama.plugins\n"
        "print([m for m in sys.modules if m.startswith('cyclorama.sections')])"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
