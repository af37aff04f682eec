"""Renders the stand-in charts with helm."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from components.charts.versions import Chart
from sandbox import layout

HELM = layout.BIN / "helm"

needs_helm = pytest.mark.skipif(not HELM.exists(), reason=f"no {HELM}; `make sandbox` builds it")


def helm(*arguments: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm; with `values` it is a command that takes some."""
    given = [] if values is None else ["--values", "-"]
    return subprocess.run(
        [str(HELM), *arguments, *given],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(chart: Chart, release: str, values: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The chart's objects by kind and name."""
    done = helm("template", release, str(layout.CHARTS / chart.name), "--namespace", release, values=values)
    assert done.returncode == 0, done.stderr
    objects = [found for found in yaml.safe_load_all(done.stdout) if found]
    return {(found["kind"], found["metadata"]["name"]): found for found in objects}
