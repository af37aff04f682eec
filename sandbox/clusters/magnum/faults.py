"""Faults that a test may inject into one cluster or node group, besides the cluster label `sandbox_fault`.

A file RUN/faults/<cluster>, or RUN/faults/<cluster>.<node group>, holds the fault's name. `create_failed`
strikes once; `hang` and `trust`, which makes the driver want a trust, last as long as their file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sandbox import layout

LABEL = "sandbox_fault"
Fault = Literal["create_failed", "hang", "trust"]


def _path(cluster: str, group: str | None) -> Path:
    return layout.RUN / "faults" / (f"{cluster}.{group}" if group else cluster)


def inject(fault: Fault, cluster: str, group: str | None = None) -> None:
    """Let the next creation of this cluster, or of this node group in it, fail in that way."""
    path = _path(cluster, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(fault)


def clear(cluster: str, group: str | None = None) -> None:
    """Take an injected fault back."""
    _path(cluster, group).unlink(missing_ok=True)


def fails(cluster: str, group: str | None = None) -> bool:
    """Whether this creation is to fail; asking takes the fault away."""
    path = _path(cluster, group)
    if path.exists() and path.read_text().strip() == "create_failed":
        path.unlink(missing_ok=True)
        return True
    return False


def hangs(cluster: str, group: str | None = None) -> bool:
    """Whether this creation is to hang for now."""
    return _lasting(cluster, group) == "hang"


def wants_trust(cluster: str) -> bool:
    """Whether the cluster's driver is to be one that needs a trust."""
    return _lasting(cluster, None) == "trust"


def _lasting(cluster: str, group: str | None) -> str:
    path = _path(cluster, group)
    return path.read_text().strip() if path.exists() else ""
