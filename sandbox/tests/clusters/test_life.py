"""Clusters begin, fail, are restarted and end as the real ones do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.tests.clusters.objects import address, service
from sandbox.tests.fixtures import connected
from sandbox.tests.magnum import Kubectl, Magnum, eventually, plane


def test_the_kubeconfig_is_verified_by_the_clusters_own_ca(kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl.run("get", "--raw", "/readyz") == "ok"
    broken = tmp_path / "config"
    broken.write_text(kubectl.kubeconfig.read_text().replace("certificate-authority-data", "x-unused"))
    refused = Kubectl(broken, kubectl.env).run("get", "nodes", code=1)
    assert "certificate signed by unknown authority" in refused


def test_a_dead_api_server_is_started_again_and_a_halted_one_stays_away(
    cluster: dict[str, Any], kubectl: Kubectl, sandbox_env: dict[str, str]
) -> None:
    plane(sandbox_env, cluster["uuid"], "halt")
    kubectl.run("get", "nodes", code=1)
    plane(sandbox_env, cluster["uuid"], "recover")
    eventually(
        lambda: (
            subprocess.run(
                ["kubectl", "--kubeconfig", str(kubectl.kubeconfig), "get", "nodes"],
                env=sandbox_env,
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )
    )


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"flavor_id": "m3.tiny"}, "it has 1 vCPU, at least 2 are required"),
        ({"flavor_id": "m3.2xl", "node_count": 20}, "Quota exceeded for cores"),
        ({"labels": {"sandbox_fault": "create_failed"}}, "injected fault"),
    ],
)
def test_a_cluster_that_cannot_be_made_says_why(magnum: Magnum, wanted: dict[str, Any], reason: str) -> None:
    failed = magnum.create("impossible", **wanted)
    assert failed["status"] == "CREATE_FAILED"
    assert reason in failed["status_reason"]
    magnum.delete(failed["uuid"])


def test_keystones_own_refusal_of_a_restricted_credential_is_the_reason(sandbox_env: dict[str, str]) -> None:
    restricted = Magnum(connected(sandbox_env, "sandbox-restricted"))
    failed = restricted.create("restricted")
    assert failed["status"] == "CREATE_FAILED"
    assert "not allowed for managing additional application credentials" in failed["status_reason"]
    restricted.delete(failed["uuid"])


def test_a_deleted_cluster_leaves_what_the_real_one_leaves_and_nothing_else(
    cloud: Connection, magnum: Magnum, sandbox_env: dict[str, str], tmp_path: Path
) -> None:
    made = magnum.create("brief")
    kubectl = Kubectl.of("brief", tmp_path, sandbox_env)
    kubectl.apply(service("default"))
    left_behind = address(kubectl, "default")
    servers = [one.name for one in cloud.compute.servers() if one.name.startswith(made["stack_id"])]
    assert len(servers) == 2
    magnum.delete(made["uuid"])
    assert not [one.name for one in cloud.compute.servers() if one.name in servers]
    run = Path(sandbox_env["SANDBOX_HOME"]) / "run"
    assert not list((run / "processes").glob(f"{made['stack_id']}*"))
    assert not (run / "clusters" / made["uuid"]).exists()
    listed = cloud.identity.get(f"/users/{cloud.current_user_id}/application_credentials").json()
    names = [one["name"] for one in listed["application_credentials"]]
    assert f"magnum-{made['uuid']}" not in names
    balancer = cloud.load_balancer.find_load_balancer("kube_service_brief_default_front")
    assert balancer is not None
    address_left = cloud.network.find_ip(left_behind)
    assert address_left is not None
    cloud.load_balancer.delete_load_balancer(balancer, cascade=True)
    cloud.network.delete_ip(address_left)
