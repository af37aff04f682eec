"""A sandbox whose clusters have real nodes, for the tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openstack.connection import Connection

from sandbox.clusters.nodes import host
from sandbox.tests.fixtures import connected, run_code, started
from sandbox.tests.real.pods import IMAGE

PUSH = (
    "from sandbox import layout; from sandbox.containers import mirror, registry; registry.start(print);"
    f"mirror.push_program({IMAGE!r}, layout.BIN / 'answer')"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where kubelets can't run, these tests say why."""
    if why := host.reason():
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason=f"no kubelet can run here: {why}"))


@pytest.fixture(scope="session")
def sandbox_env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox with two real nodes in each node group, and an image for pods in its registry."""
    with started(tmp_path_factory.mktemp("real"), SANDBOX_REAL_NODES="2") as env:
        run_code(env, PUSH)
        yield env


@pytest.fixture(scope="session")
def cloud(sandbox_env: dict[str, str]) -> Connection:
    """Its cloud, as the operator of a gateway sees it."""
    return connected(sandbox_env)
