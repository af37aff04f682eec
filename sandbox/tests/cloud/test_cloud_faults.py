"""The cloud can be made to fail, and remembers over a restart."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.tests.cloud.openstack_tools import ZONE, dig, endpoint, network, subnet, until
from sandbox.tests.fixtures import connected, run_module

Fault = Callable[..., None]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_fault_hits_as_many_requests_as_told(cloud: Connection, cloud_fault: Fault, status: int) -> None:
    address = endpoint(cloud, "container-infra") + "/clusters"
    cloud_fault("container-infra", "--status", str(status), "--count", "2", "--method", "GET")

    def ask() -> int:
        answer = cloud.session.get(address, raise_exc=False, connect_retries=0, status_code_retries=0)
        return int(answer.status_code)

    assert [ask() for _ in range(3)] == [status, status, 200]


def test_a_load_balancer_can_be_held_pending(
    cloud: Connection, cloud_fault: Fault, sandbox_env: dict[str, str]
) -> None:
    cloud_fault("load-balancer", "--pending")
    balancer = cloud.load_balancer.create_load_balancer(name="held", vip_subnet_id=subnet(cloud))
    with pytest.raises(exceptions.ResourceTimeout):
        cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=1, wait=2)
    run_module(sandbox_env, "sandbox.cloud", "fault", "load-balancer", "--clear")
    cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=1, wait=30)
    cloud.load_balancer.delete_load_balancer(balancer)


def test_the_cloud_remembers_over_a_restart(cloud: Connection, sandbox_env: dict[str, str]) -> None:
    zone = cloud.dns.find_zone(ZONE, ignore_missing=False)
    name = f"kept-{uuid.uuid4().hex[:8]}.{ZONE}"
    record = cloud.dns.create_recordset(zone, name=name, type="A", records=["203.0.113.8"])
    until(lambda: cloud.dns.get_recordset(record, zone).status, "ACTIVE")
    address = cloud.network.create_ip(floating_network_id=network(cloud, "public"))
    templates = {t.id for t in cloud.container_infrastructure_management.cluster_templates()}
    run_module(sandbox_env, "sandbox.cloud", "down")
    run_module(sandbox_env, "sandbox.cloud", "up")
    again = connected(sandbox_env)
    assert {t.id for t in again.container_infrastructure_management.cluster_templates()} == templates
    assert dig(sandbox_env, name) == "203.0.113.8"
    again.network.delete_ip(address, ignore_missing=False)
    again.dns.delete_recordset(record, zone, ignore_missing=False)
