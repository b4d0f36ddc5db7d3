"""Compares both engines; see `command`."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.exit(import_module("differential.command").main())
