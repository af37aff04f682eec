"""A sandbox whose clusters have real nodes, and one such cluster, for the tests of each file here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from openstack.connection import Connection

from sandbox.clusters.nodes import host
from sandbox.layout import ROOT
from sandbox.tests.fixtures import started
from sandbox.tests.magnum import Kubectl, Magnum
from sandbox.tests.real.pods import IMAGE

_PUSH = (
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
        subprocess.run([sys.executable, "-c", _PUSH], cwd=ROOT, env=env, check=True)
        yield env


@pytest.fixture(scope="session")
def cloud(sandbox_env: dict[str, str]) -> Connection:
    """Its cloud, as the operator of a gateway sees it."""
    os.environ["OS_CLIENT_CONFIG_FILE"] = sandbox_env["OS_CLIENT_CONFIG_FILE"]
    return openstack.connect(cloud="sandbox")


@pytest.fixture(scope="module")
def magnum(cloud: Connection) -> Magnum:
    return Magnum(cloud)


@pytest.fixture(scope="module")
def cluster(magnum: Magnum) -> Iterator[dict[str, Any]]:
    made = magnum.create("real", labels={"auto_scaling_enabled": "true"})
    assert made["status"] == "CREATE_COMPLETE", made["status_reason"]
    yield made
    magnum.delete(made["uuid"])


@pytest.fixture(scope="module")
def kubectl(
    cluster: dict[str, Any], sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    return Kubectl.of(cluster["name"], tmp_path_factory.mktemp("kubeconfig"), sandbox_env)
