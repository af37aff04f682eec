"""Where the program's own files are, whatever the working directory is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HUB_VALUES = ROOT / "hub_values"
CATALOGUE = HUB_VALUES / "desktops.yaml"
DOCKER = ROOT / "docker"
