"""The stand-in for Nova, Glance, Neutron, Octavia and Cinder, through the real clients."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import openstack
import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.tests.cloud.openstack_tools import admin, endpoint, keystone, network, subnet, until

Quota = tuple[str, str, str]
"""The path of a quota at its service, the word that wraps it, and the resource."""


def test_a_floating_ip_keeps_what_it_is_told(cloud: Connection) -> None:
    address = cloud.network.create_ip(floating_network_id=network(cloud, "public"), description="kept")
    cloud.network.set_tags(address, ["gateway=gw25"])
    seen = next(cloud.network.ips(description="kept"))
    assert (seen.id, seen.status, seen.tags) == (address.id, "DOWN", ["gateway=gw25"])
    cloud.network.delete_ip(address, ignore_missing=False)
    assert list(cloud.network.ips(description="kept")) == []


def test_a_floating_ip_outlives_the_load_balancer_it_points_at(cloud: Connection) -> None:
    balancer = cloud.load_balancer.create_load_balancer(name="lb", vip_subnet_id=subnet(cloud))
    assert balancer.provisioning_status == "PENDING_CREATE"
    cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=1, wait=30)
    address = cloud.network.create_ip(
        floating_network_id=network(cloud, "public"), port_id=balancer.vip_port_id, description="outlives"
    )
    assert address.status == "ACTIVE"
    cloud.load_balancer.delete_load_balancer(balancer, cascade=True)
    until(lambda: cloud.load_balancer.find_load_balancer("lb"), None)
    left = cloud.network.get_ip(address)
    assert (left.status, left.port_id) == ("DOWN", None)
    cloud.network.delete_ip(address)


def test_a_load_balancer_with_listeners_goes_only_by_cascade(cloud: Connection) -> None:
    balancer = cloud.load_balancer.create_load_balancer(name="with-listener", vip_subnet_id=subnet(cloud))
    cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=1, wait=30)
    cloud.load_balancer.create_listener(load_balancer_id=balancer.id, protocol="TCP", protocol_port=443)
    with pytest.raises(exceptions.BadRequestException, match="children"):
        cloud.load_balancer.delete_load_balancer(balancer)
    cloud.load_balancer.delete_load_balancer(balancer, cascade=True)
    until(lambda: list(cloud.load_balancer.listeners()), [])


def test_a_server_takes_its_root_disk_with_it(cloud: Connection) -> None:
    image = cloud.image.find_image("ubuntu-jammy-kube-v1.33.10", ignore_missing=False)
    flavor = cloud.compute.find_flavor("m3.quad", ignore_missing=False)
    assert image is not None
    assert flavor is not None
    disk = {
        "boot_index": 0,
        "uuid": image.id,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": 20,
        "delete_on_termination": True,
    }
    server = cloud.compute.create_server(
        name="node",
        flavor_id=flavor.id,
        image_id="",
        networks=[{"uuid": network(cloud, "auto_allocated_network")}],
        block_device_mapping=[disk],
        metadata={"cluster": "gw25"},
    )
    (attached,) = cloud.compute.get_server(server).attached_volumes
    assert cloud.block_storage.get_volume(attached["id"]).size == 20
    assert cloud.compute.get_server(server).metadata == {"cluster": "gw25"}
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=1, wait=30)
    with pytest.raises(exceptions.NotFoundException):
        cloud.block_storage.get_volume(attached["id"])


def create_address(cloud: Connection) -> None:
    cloud.network.create_ip(floating_network_id=network(cloud, "public"))


def create_balancer(cloud: Connection) -> None:
    cloud.load_balancer.create_load_balancer(name="over", vip_subnet_id=subnet(cloud))


def create_volume(cloud: Connection) -> None:
    cloud.block_storage.create_volume(name="over", size=1)


@pytest.mark.parametrize(
    ("service", "quota", "create", "status"),
    [
        ("network", ("/v2.0/quotas/{}", "quota", "floatingip"), create_address, 409),
        ("load-balancer", ("/v2/lbaas/quotas/{}", "quota", "load_balancer"), create_balancer, 403),
        ("block-storage", ("/os-quota-sets/{}", "quota_set", "volumes"), create_volume, 413),
    ],
)
def test_a_quota_is_held(
    cloud: Connection,
    sandbox_env: dict[str, str],
    *,
    service: str,
    quota: Quota,
    create: Callable[[Connection], None],
    status: int,
) -> None:
    path, key, resource = quota
    address = endpoint(admin(sandbox_env), service) + path.format(cloud.current_project_id)
    session = admin(sandbox_env).session
    before = session.get(address).json()[key][resource]
    session.put(address, json={key: {resource: 0}})
    try:
        with pytest.raises(exceptions.HttpException) as refused:
            create(cloud)
        assert refused.value.status_code == status
    finally:
        session.put(address, json={key: {resource: before}})


def test_a_volume_grows_and_never_shrinks(cloud: Connection) -> None:
    volume = str(cloud.block_storage.create_volume(name="grows", size=1).id)
    cloud.block_storage.extend_volume(volume, 3)
    assert cloud.block_storage.get_volume(volume).size == 3
    for size, status in ((3, 400), (2, 400), (10**6, 413)):
        with pytest.raises(exceptions.HttpException) as refused:
            cloud.block_storage.extend_volume(volume, size)
        assert refused.value.status_code == status
    cloud.block_storage.delete_volume(volume)


def test_a_volume_has_one_server_at_a_time(cloud: Connection) -> None:
    flavor = cloud.compute.find_flavor("m3.small", ignore_missing=False)
    image = cloud.image.find_image("ubuntu-jammy-kube-v1.33.10", ignore_missing=False)
    assert flavor and image
    networks = [{"uuid": network(cloud, "auto_allocated_network")}]
    first, second = (
        cloud.compute.create_server(name=name, flavor_id=flavor.id, image_id=image.id, networks=networks)
        for name in ("first", "second")
    )
    volume = cloud.block_storage.create_volume(name="moves", size=1).id
    cloud.compute.create_volume_attachment(first, volume_id=volume)
    seen = cloud.block_storage.get_volume(volume)
    assert (seen.status, seen.attachments[0]["server_id"]) == ("in-use", first.id)
    assert [one.volume_id for one in cloud.compute.volume_attachments(first)] == [volume]
    with pytest.raises(exceptions.BadRequestException, match="in-use"):
        cloud.compute.create_volume_attachment(second, volume_id=volume)
    with pytest.raises(exceptions.BadRequestException, match="attached"):
        cloud.block_storage.delete_volume(volume)
    cloud.compute.delete_volume_attachment(first, volume)
    assert cloud.block_storage.get_volume(volume).status == "available"
    cloud.compute.create_volume_attachment(second, volume_id=volume)
    for server in (first, second):
        cloud.compute.delete_server(server)
    assert cloud.block_storage.get_volume(volume).status == "available", "a server that goes lets it go"
    cloud.block_storage.delete_volume(volume)


def test_a_project_sees_only_its_own(cloud: Connection, sandbox_env: dict[str, str]) -> None:
    name = uuid.uuid4().hex
    identity = keystone(admin(sandbox_env))
    project = identity.create_project(name=name)
    user = identity.create_user(name=name, password=name, default_project_id=project.id)
    role = identity.find_role("member", ignore_missing=False)
    identity.assign_project_role_to_user(project, user, role)
    other = openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_url=endpoint(cloud, "identity"),
        username=name,
        password=name,
        project_id=project.id,
        user_domain_id="default",
        region_name="IU",
    )
    address = cloud.network.create_ip(floating_network_id=network(cloud, "public"))
    try:
        assert list(other.network.ips()) == []
        with pytest.raises(exceptions.NotFoundException):
            other.network.delete_ip(address, ignore_missing=False)
        with pytest.raises(exceptions.ForbiddenException):
            list(other.load_balancer.load_balancers())
    finally:
        cloud.network.delete_ip(address, ignore_missing=False)


def test_what_the_stand_in_does_not_know_it_refuses(cloud: Connection) -> None:
    with pytest.raises(exceptions.NotFoundException):
        list(cloud.network.routers())
    with pytest.raises(exceptions.BadRequestException, match="qos_policy_id"):
        cloud.network.create_ip(floating_network_id=network(cloud, "public"), qos_policy_id="gold")
