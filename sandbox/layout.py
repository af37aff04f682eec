"""Where the sandbox keeps its things, on which ports it listens, and how fast its clock runs.

All of it lies under one folder (`.sandbox` in the checkout, or $SANDBOX_HOME): to remove it is to remove all.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).resolve()


HOME = _folder("SANDBOX_HOME", ROOT / ".sandbox")
BIN = _folder("SANDBOX_BIN", HOME / "bin")
"""Programs that were built or linked here; first on the PATH of the sandbox's shell."""
CACHE = _folder("SANDBOX_CACHE", HOME / "cache")
"""What can be built or fetched again: Go caches, virtual environments."""
RUN = HOME / "run"
"""The state of this sandbox: databases, clusters, stacks, ports. It survives `sandbox down`."""
LOGS = RUN / "logs"
VOLUMES = RUN / "volumes"
"""The blocks of the cloud's volumes that were ever attached: a file for each, named after its id."""
CLOUDS_YAML = RUN / "clouds.yaml"
OPENSTACK_VENV = CACHE / "openstack"

CHARTS = ROOT / "sandbox" / "charts"
IMAGES = ROOT / "sandbox" / "images"

DEFAULT_TIME_SCALE = 0.02
DEFAULT_REAL_NODES = 3


def real_nodes() -> int:
    """How many nodes of each node group are to be real kubelets (SANDBOX_REAL_NODES); kwok plays the rest."""
    return int(os.environ.get("SANDBOX_REAL_NODES") or DEFAULT_REAL_NODES)


def time_scale() -> float:
    """Factor on the cloud's simulated durations (1 is the real cloud's speed)."""
    return float(os.environ.get("SANDBOX_TIME_SCALE") or DEFAULT_TIME_SCALE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` against other processes of this sandbox."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _candidates() -> Iterator[int]:
    """Ports that are free now, below those that the kernel gives to outgoing connections (from 32768 on)."""
    for candidate in random.sample(range(20000, 32000), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", candidate))
            yield candidate


def port(name: str) -> int:
    """The loopback port of the service `name`: free when first asked for, the same ever after."""
    path = RUN / "ports.json"
    with locked(path):
        ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if name not in ports:
            ports[name] = next(candidate for candidate in _candidates() if candidate not in ports.values())
            path.write_text(json.dumps(ports, indent=1, sort_keys=True))
        return ports[name]
