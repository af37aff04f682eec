"""Prometheus, Alertmanager and kube-state-metrics for real nodes, where `gateway:monitoring` is on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sandbox import layout
from sandbox.clusters import pki
from sandbox.containers import edge, mirror
from sandbox.tools import steps
from sandbox.tools.golang import MODULES, GoPrograms, program_name

MODULE = MODULES / "monitoring"
"""Pins the versions: those of the chart."""
PACKAGES = {
    "github.com/prometheus/prometheus": "/cmd/prometheus",
    "github.com/prometheus/alertmanager": "/cmd/alertmanager",
    "k8s.io/kube-state-metrics/v2": "",
}
"""By module, where in it the program is."""
TAGS = ("remove_all_sd", "enable_kubernetes_sd")
"""Of the clouds that Prometheus can ask for its targets, Kubernetes alone: half of the time to build it."""
USER = "65534:65534"


def programs() -> list[GoPrograms]:
    """A step for each, since each has a version of its own, which all of them keep at one place."""
    return [_program(f"{module}{path}") for module, path in PACKAGES.items()]


def _program(package: str) -> GoPrograms:
    name = program_name(package)
    # Of Prometheus 3.10.0 the module is 0.310.0: Go would have it in another place from version 2 on.
    version = references()[name].rpartition(":v")[2]
    return GoPrograms(
        name,
        f"building {name} {version}, minutes on 2 cores",
        MODULE,
        [package],
        tags=TAGS,
        variables={"github.com/prometheus/common/version.Version": version},
        folder=layout.BIN / "monitoring",
    )


def references() -> dict[str, str]:
    """The images that the chart asks for, by program."""
    chart = layout.CHARTS / "prometheus"
    about, values = (_read(chart / name) for name in ("Chart.yaml", "values.yaml"))
    alerts, state = (values[part]["image"] for part in ("alertmanager", "kube-state-metrics"))
    return {
        "prometheus": f"{values['server']['image']['repository']}:{about['appVersion']}",
        "alertmanager": f"{alerts['repository']}:{alerts['tag']}",
        "kube-state-metrics": f"{state['registry']}/{state['repository']}:{state['tag']}",
    }


def ensure(say: Callable[[str], object]) -> None:
    """Have the images in the registry, which runs. Raises ToolchainError."""
    # Whom Alertmanager sends to has a certificate of this sandbox's authority.
    trust = {edge.TRUST: pki.sandbox_ca().certificate}
    built = programs()
    steps.ensure([built])
    for step in built:
        [program] = step.outputs
        reference = references()[program.name]
        if not mirror.has(reference):
            say(f"Image {reference}: packing")
            # As in the real image: /alertmanager is a folder that the chart mounts.
            mirror.push_program(reference, program, files=trust, user=USER, folder="bin")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
