"""What runs in each cluster with real nodes: programs that were built here, as images of the real names."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import layout
from sandbox.clusters.controller import dns
from sandbox.containers import mirror, registry

_ROOT = "0:0"
PROGRAMS = {dns.IMAGE: ("coredns", _ROOT)}
"""By the image's name: the program in BIN, and who it runs as."""


def serve(say: Callable[[str], object]) -> None:
    """Have them in the registry, which is started. Raises ContainersError, OSError."""
    registry.start(say)
    for reference, (program, user) in PROGRAMS.items():
        if not mirror.has(reference):
            mirror.push_program(reference, layout.BIN / program, user=user)
