"""What the tests of monitoring share: the programs of Prometheus and Alertmanager, and files for them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.monitoring import config
from sandbox.tools.packages import MONITORING, program

MISSING = [package for name, package in MONITORING.items() if program(name) is None]
needs_prometheus = pytest.mark.skipif(
    bool(MISSING), reason=f"no Debian package {', '.join(MISSING)}; `make tools` installs it"
)
FLAVORS = ("m3.quad", "m3.medium", "m9.unpriced")
DASHBOARDS = sorted((config.HERE / "dashboards").glob("*.json"))


def run(folder: Path, *words: str) -> str:
    """What one of the programs prints in `folder`; the test fails where it does not end with 0."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(file: Path, content: Any) -> Path:
    """Write `content` as a Secret of monitoring has it."""
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def hastened(file: Any, seconds: int) -> Any:
    """A file that Prometheus or Alertmanager gets, with this many seconds where it has minutes."""
    often = f"{seconds}s"
    match file:
        case {"scrape_configs": _}:
            every = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), often)
            return {**file, "global": every}
        case {"route": route}:
            return {**file, "route": {**route, "group_wait": often, "group_interval": often}}
        case {"groups": groups}:
            return {
                "groups": [
                    {**group, "rules": [_hastened(r, often) for r in group["rules"]]} for group in groups
                ]
            }
    raise ValueError(f"of no program of monitoring: {file}")


def _hastened(rule: dict[str, Any], often: str) -> dict[str, Any]:
    return {**rule, "for": often} if "for" in rule else rule


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Each panel of each dashboard, with the name of the file."""
    return [(file.stem, panel) for file in DASHBOARDS for panel in json.loads(file.read_text())["panels"]]


def queries() -> list[str]:
    """What the dashboards ask Prometheus."""
    return [target["expr"] for _, panel in panels() for target in panel["targets"]]
