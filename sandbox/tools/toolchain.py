"""Everything that the sandbox needs on this machine, set up once: programs, plugins, virtual environments."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import containers
from sandbox.clusters.nodes import host
from sandbox.tools import engine, golang, nodes, packages, programs, steps
from sandbox.tools.steps import Step


def ensure(*, images: bool = False, meanwhile: Sequence[Step] = ()) -> None:
    """Set up what is missing, saying what it does. Milliseconds when nothing is. Raises ToolchainError.

    The first time takes some 10 minutes on 2 cores, since most programs are built from their source;
    `meanwhile` is done beside that, once what comes from Debian is there.
    With `images`, also what builds the desktops' images; raises ContainersError where they can't be built.
    """
    steps.ensure(_sandbox(images), meanwhile)


def ensure_desktops() -> None:
    """The same for what builds the desktops' images and tests them in a browser."""
    programs = {**containers.programs(), **packages.BROWSER}
    firefox = packages.Extra(packages.FIREFOX)
    steps.ensure([[packages.DebianPackages(programs), firefox, packages.DebianBase(), packages.desktops()]])


def ensure_tests() -> None:
    """The same for what only the tests start."""
    debian, lane = packages.MONITORING, [golang.GoToolchain(), programs.s3()]
    if host.reason() is None:
        debian, lane = {**nodes.DEBIAN, **debian}, [*lane, *nodes.steps(), nodes.answer()]
    lane = [packages.DebianPackages(debian), *lane]
    steps.ensure([lane])


def _sandbox(images: bool) -> list[list[Step]]:
    """Two lanes: one waits for the network most of the time, the other for the processor."""
    pulumi = engine.Engine()
    real = host.granted() > 0
    kubelets = nodes.steps() if real else []
    built = [step for step in kubelets if isinstance(step, golang.GoPrograms)]
    clusters = [programs.kubernetes(), programs.kwok()]
    servers = {
        **packages.SERVERS,
        **(containers.programs() if images else {}),
        **(nodes.DEBIAN if real else {}),
    }
    return [
        [
            packages.DebianPackages(servers),
            golang.FetchAhead([*clusters, *built]),
            packages.openstack(),
            *([packages.DebianBase()] if images else []),
        ],
        [golang.GoToolchain(), pulumi, *clusters, *kubelets, *engine.plugins()],
    ]
