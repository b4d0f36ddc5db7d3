"""Servers of another make, on Node: PostGraphile, and mercurius with graphql-jit.

They take part where `node` and `npm` are present and npm can install what
`package.json` names; both then run on the Node that it names, where there is one for
the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("postgraphile", "mercurius", "mercurius-page")
"""The last asks a page, known beforehand, in one statement instead of by section."""
WITHOUT = {"postgraphile": ("nested",), "mercurius": ("nested",)}
"""Operations that a peer has no words or no resolvers for."""
NODE = 22
"""The oldest version that PostGraphile 5 is made for."""


def left_out(folder: Path = HERE) -> str | None:
    """Why the peers cannot take part; None once they are installed."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    failure = None if _installed(folder) else _install(folder)
    if failure is not None:
        return f"`npm ci` in benchmarks/peers fails: {failure}"
    version = node_version(folder)
    if int(version.partition(".")[0]) < NODE:
        return f"PostGraphile needs Node {NODE}, this is {version}"
    return None


def _installed(folder: Path) -> bool:
    """Whether npm has installed this lock file before: it leaves a list of its own."""
    done = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    return done.exists() and done.stat().st_mtime >= lock.stat().st_mtime


def _install(folder: Path) -> str | None:
    """The first line of what npm complains of."""
    done = subprocess.run(
        ["npm", "ci"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    said = re.search(r"^npm (?:error|ERR!) (.*)$", done.stderr, re.MULTILINE)
    return said[1] if said else f"exit code {done.returncode}"


def node(folder: Path = HERE) -> str:
    """The Node that runs the peers: the installed one, else that of the machine."""
    places = [str(folder / "node_modules" / ".bin"), os.environ["PATH"]]
    return shutil.which("node", path=os.pathsep.join(places)) or "node"


def node_version(folder: Path = HERE) -> str:
    """Its version, like `22.1.0`."""
    done = subprocess.run(
        [node(folder), "--version"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().removeprefix("v")


def command(name: str, port: int) -> list[str]:
    """How a peer is started."""
    server, _, mode = name.partition("-")
    return [node(), str(HERE / f"{server}.mjs"), str(port), *([mode] if mode else [])]


def document(name: str, operation: str) -> str | None:
    """A variant's own words for an operation; None where it takes everybody's."""
    file = HERE / name / f"{operation}.graphql"
    return file.read_text("utf-8") if file.exists() else None
