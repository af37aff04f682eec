"""Keystone, Magnum, Designate and BIND answer the real clients, in a sandbox that was just made."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.tests.cloud.openstack_tools import ZONE, admin, dig, endpoint, keystone, said, until
from sandbox.tests.fixtures import connected

FAILING = {"sandbox_fault": "create_failed"}
"""Labels of a cluster that never gets a control plane: Magnum alone is what is tested here."""


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("identity", "/projects"),
        ("container-infra", "/clusters"),
        ("dns", "/v2/zones"),
        ("compute", "/servers"),
        ("image", "/v2/images"),
        ("network", "/v2.0/floatingips"),
        ("load-balancer", "/v2/lbaas/loadbalancers"),
        ("block-storage", "/volumes"),
        ("volumev3", "/volumes"),
    ],
)
def test_every_service_is_in_the_catalogue_and_wants_a_token(
    cloud: Connection, service: str, path: str
) -> None:
    address = endpoint(cloud, service) + path
    assert cloud.session.get(address, raise_exc=False).status_code in (200, 403)
    assert cloud.session.get(address, authenticated=False, raise_exc=False).status_code == 401


def test_the_gateways_user_may_make_load_balancers(cloud: Connection) -> None:
    subject = {"X-Subject-Token": str(cloud.auth_token)}
    token = cloud.session.get(endpoint(cloud, "identity") + "/auth/tokens", headers=subject).json()["token"]
    assert token["project"]["name"] == "sbx000001"
    assert {"member", "load-balancer_member"} <= {role["name"] for role in token["roles"]}


def test_only_the_unrestricted_credential_makes_others(
    cloud: Connection, sandbox_env: dict[str, str]
) -> None:
    user, name = str(cloud.current_user_id), uuid.uuid4().hex
    made = keystone(cloud).create_application_credential(user=user, name=name)
    assert made.secret
    keystone(cloud).delete_application_credential(user, made)
    restricted = connected(sandbox_env, "sandbox-restricted")
    with pytest.raises(exceptions.ForbiddenException):
        keystone(restricted).create_application_credential(user=user, name=name)


# Magnum


def create_cluster(cloud: Connection, name: str) -> str:
    magnum = cloud.container_infrastructure_management
    template = next(t for t in magnum.cluster_templates() if t.name == "kubernetes-1-33-jammy")
    made = magnum.create_cluster(
        name=name,
        cluster_template_id=template.id,
        node_count=1,
        master_count=1,
        labels=FAILING,
        merge_labels=True,
    )
    return str(made.id)


def clusters(cloud: Connection) -> list[str]:
    return [str(cluster.name) for cluster in cloud.container_infrastructure_management.clusters()]


def delete_clusters(cloud: Connection, names: list[str]) -> None:
    for name in names:
        cloud.container_infrastructure_management.delete_cluster(name)
    until(lambda: set(clusters(cloud)) & set(names), set())


def test_templates_have_the_names_of_jetstream2(cloud: Connection) -> None:
    names = {template.name for template in cloud.container_infrastructure_management.cluster_templates()}
    assert names == {
        *(f"kubernetes-1-{minor}-jammy" for minor in (30, 31, 33, 34)),
        "kubernetes-1-33-jammy-fixed-labels",
    }


def test_clusters_made_at_once_are_all_there_when_magnum_answers(
    cloud: Connection, sandbox_env: dict[str, str]
) -> None:
    def create_and_look(name: str) -> str:
        own = connected(sandbox_env)
        key = create_cluster(own, name)
        return str(own.container_infrastructure_management.get_cluster(key).name)

    names = [f"at-once-{number}" for number in range(4)]
    try:
        with ThreadPoolExecutor() as pool:
            assert list(pool.map(create_and_look, names)) == names
    finally:
        delete_clusters(cloud, names)


def test_magnum_refuses_clusters_past_its_quota(cloud: Connection, sandbox_env: dict[str, str]) -> None:
    magnum = admin(sandbox_env).container_infrastructure_management
    quota = {"project_id": cloud.current_project_id, "resource": "Cluster"}
    exceptions.raise_from_response(
        magnum.post("/quotas", json={**quota, "hard_limit": len(clusters(cloud)) + 1})
    )
    try:
        create_cluster(cloud, "first")
        with pytest.raises(exceptions.ForbiddenException) as refused:
            create_cluster(cloud, "second")
        assert "maximum clusters per project" in said(refused.value)
    finally:
        exceptions.raise_from_response(
            magnum.delete(f"/quotas/{cloud.current_project_id}/Cluster", json=quota)
        )
        delete_clusters(cloud, ["first"])


def test_magnum_refuses_a_flavor_that_is_not_there(cloud: Connection) -> None:
    magnum = cloud.container_infrastructure_management
    template = next(iter(magnum.cluster_templates()))
    with pytest.raises(exceptions.BadRequestException) as refused:
        magnum.create_cluster(name="no-flavor", cluster_template_id=template.id, flavor_id="m3.huge")
    assert "m3.huge" in said(refused.value)


# Designate and BIND


def test_bind_answers_a_record_once_it_is_active(cloud: Connection, sandbox_env: dict[str, str]) -> None:
    zone = cloud.dns.find_zone(ZONE, ignore_missing=False)
    assert zone is not None
    name = f"record-{uuid.uuid4().hex[:8]}.{ZONE}"
    assert dig(sandbox_env, name) == ""
    record = cloud.dns.create_recordset(zone, name=name, type="A", ttl=3600, records=["203.0.113.7"])
    until(lambda: cloud.dns.get_recordset(record, zone).status, "ACTIVE")
    assert dig(sandbox_env, name) == "203.0.113.7"
    cloud.dns.delete_recordset(record, zone)
    until(lambda: dig(sandbox_env, name), "")
