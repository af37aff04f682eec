"""Everything that the sandbox needs on this machine, set up once: programs, plugins, virtual environments."""

from __future__ import annotations

from sandbox import engine, layout, packages, programs
from sandbox.steps import Step, run_lanes


def ensure() -> None:
    """Set up what is missing, saying what it does. Milliseconds when nothing is. Raises ToolchainError.

    The first time takes a quarter of an hour on 2 cores, since most programs are built from their source.
    """
    lanes = _lanes()
    if all(step.done() for lane in lanes for step in lane):
        return
    with layout.locked(layout.CACHE / "toolchain"):
        run_lanes(_lanes())


def _lanes() -> list[list[Step]]:
    """Two lanes: one waits for the network most of the time, the other for the processor."""
    pulumi = engine.Engine()
    kubernetes, kwok, helm = programs.kubernetes(), programs.kwok(), programs.helm()
    return [
        [packages.DebianPackages(), programs.FetchAhead([kubernetes, kwok, helm]), packages.openstack()],
        [programs.GoToolchain(), pulumi, kubernetes, kwok, helm, *engine.plugins()],
    ]
