"""A cluster that the real Magnum made, for the tests of each file here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.tests.magnum import Kubectl, Magnum


@pytest.fixture(scope="module")
def magnum(cloud: Connection) -> Magnum:
    return Magnum(cloud)


@pytest.fixture(scope="module")
def cluster(magnum: Magnum) -> Iterator[dict[str, Any]]:
    made = magnum.create("live", labels={"auto_scaling_enabled": "true"})
    assert made["status"] == "CREATE_COMPLETE", made["status_reason"]
    yield made
    magnum.delete(made["uuid"])


@pytest.fixture(scope="module")
def kubectl(
    cluster: dict[str, Any], sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    return Kubectl.of(cluster["name"], tmp_path_factory.mktemp("kubeconfig"), sandbox_env)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    kubectl.run("create", "namespace", "demo")
    yield "demo"
    kubectl.run("delete", "namespace", "demo")
