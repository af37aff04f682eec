"""Everything that the sandbox needs on this machine, set up once: programs, plugins, virtual environments."""

from __future__ import annotations

from sandbox import engine, layout, packages, programs
from sandbox.steps import Step, run_lanes


def ensure() -> None:
    """Set up what is missing, saying what it does. Milliseconds when nothing is. Raises ToolchainError.

    The first time takes a quarter of an hour on 2 cores, since most programs are built from their source.
    """
    _ensure(_sandbox())


def ensure_desktops() -> None:
    """The same for what builds the desktops' images and tests them in a browser."""
    _ensure([[packages.DebianPackages(packages.CONTAINERS), packages.desktops()]])


def _ensure(lanes: list[list[Step]]) -> None:
    if all(step.done() for lane in lanes for step in lane):
        return
    with layout.locked(layout.CACHE / "toolchain"):
        run_lanes(lanes)


def _sandbox() -> list[list[Step]]:
    """Two lanes: one waits for the network most of the time, the other for the processor."""
    pulumi = engine.Engine()
    kubernetes, kwok, helm = programs.kubernetes(), programs.kwok(), programs.helm()
    return [
        [
            packages.DebianPackages(packages.SERVERS),
            programs.FetchAhead([kubernetes, kwok, helm]),
            packages.openstack(),
        ],
        [programs.GoToolchain(), pulumi, kubernetes, kwok, helm, *engine.plugins()],
    ]
