"""All ask the cloud that the provider asks: in a region that clouds.yaml does not name, or without a file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from sandbox.tests.fixtures import connected
from tests.lifecycle.lifecycle import destroy, inventory
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]
NOWHERE = "NOWHERE"
"""A region of the cloud that has services which don't answer."""


@pytest.fixture(scope="module")
def empty(cloud: Connection) -> dict[str, list[str]]:
    """The project before the gateway was."""
    return inventory(cloud)


@pytest.fixture(scope="module")
def nowhere(sandbox_env: dict[str, str]) -> Iterator[None]:
    """A second region in the cloud's catalogue."""
    identity: Any = connected(sandbox_env, "sandbox-admin").identity
    region = identity.create_region(id=NOWHERE)
    made = [
        identity.create_endpoint(
            service_id=service.id, interface="public", region_id=NOWHERE, url="http://127.0.0.1:9"
        )
        for service in list(identity.services())
        if service.type != "identity"
    ]
    yield
    for endpoint in made:
        identity.delete_endpoint(endpoint)
    identity.delete_region(region)


def set_config(gateway: Gateway, key: str, value: str, *words: str) -> None:
    """`pulumi config set`, with the value from standard input."""
    command = ["pulumi", "config", "set", key, "--stack", gateway.name, *words]
    subprocess.run(command, cwd=gateway.folder, env=gateway.env, input=value, text=True, check=True)


def drift_and_end(gateway: Gateway, cloud: Connection) -> None:
    """What a gateway must do after `up`: converge, see drift, and find what is left of it when it ends."""
    gateway.up("--refresh", "--expect-no-changes")
    (zone,) = cloud.dns.zones()
    (record,) = [r for r in cloud.dns.recordsets(zone) if r.name.startswith(gateway.name)]
    cloud.dns.update_recordset(record, records=["203.0.113.250"])
    assert "203.0.113.250" in gateway.pulumi("preview", "--refresh", "--diff")
    gateway.up("--refresh")
    gateway.up("--expect-no-changes")
    subnet = next(cloud.network.subnets(name="auto_allocated_subnet_v4"))
    left = cloud.load_balancer.create_load_balancer(
        name=f"kube_service_{gateway.name}_jhub_web", vip_subnet_id=subnet.id
    )
    assert f"audit: 1 left of {gateway.name}" in destroy(gateway, code=1)
    cloud.load_balancer.delete_load_balancer(left, cascade=True)
    destroy(gateway)  # the audit would make it fail if anything were left


@pytest.mark.usefixtures("nowhere")
def test_another_region_than_that_of_clouds_yaml(
    new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]]
) -> None:
    gateway = new_gateway("region")
    clouds = yaml.safe_load(Path(gateway.env["OS_CLIENT_CONFIG_FILE"]).read_text(encoding="utf-8"))
    clouds["clouds"]["sandbox"]["region_name"] = NOWHERE
    file = gateway.folder / "other-clouds.yaml"
    file.write_text(yaml.safe_dump(clouds), encoding="utf-8")
    gateway.env = {**gateway.env, "OS_CLIENT_CONFIG_FILE": str(file)}
    assert "must name a cloud of clouds.yaml that answers" in gateway.up(code=1)

    set_config(gateway, "openstack:region", str(cloud.config.get_region_name()))
    gateway.up()
    drift_and_end(gateway, cloud)
    assert inventory(cloud) == empty


@pytest.fixture
def credentials(cloud: Connection) -> Iterator[list[Any]]:
    """Two application credentials of the operator's."""
    identity: Any = cloud.identity
    user = cloud.current_user_id
    made = [
        identity.create_application_credential(user, name=name, unrestricted=True) for name in ("old", "new")
    ]
    yield made
    for credential in made:
        identity.delete_application_credential(user, credential)


def use(gateway: Gateway, credential: Any) -> None:
    """Have the stack log in with an application credential."""
    set_config(gateway, "openstack:applicationCredentialId", credential.id)
    set_config(gateway, "openstack:applicationCredentialSecret", credential.secret, "--secret")


def test_without_clouds_yaml(
    new_gateway: NewGateway, cloud: Connection, empty: dict[str, list[str]], credentials: list[Any]
) -> None:
    old, new = credentials
    gateway = new_gateway("alone")
    gateway.env = {name: value for name, value in gateway.env.items() if not name.startswith("OS_")}
    gateway.change(lambda config: config.pop("openstack:cloud"))
    set_config(gateway, "openstack:authUrl", cloud.config.config["auth"]["auth_url"])
    set_config(gateway, "openstack:region", str(cloud.config.get_region_name()))
    dns = str(cloud.dns.get_endpoint()).rstrip("/").removesuffix("/v2")
    gateway.change(lambda config: config.update({"openstack:endpointOverrides": {"dns": f"{dns}/v2/"}}))
    use(gateway, old)
    gateway.up()
    before, kubeconfig = gateway.resources(), gateway.outputs()["kubeconfig"]

    use(gateway, new)
    shown = gateway.up()
    assert "replaced" not in shown
    assert gateway.resources() == before
    assert gateway.outputs()["kubeconfig"] == kubeconfig, "signed again for nothing"
    state = gateway.run("pulumi", "stack", "export", "--stack", gateway.name).stdout
    assert not [name for name, c in (("old", old), ("new", new)) if c.secret in state]

    identity: Any = cloud.identity
    identity.delete_application_credential(cloud.current_user_id, old)
    drift_and_end(gateway, cloud)
    left = inventory(cloud)
    left["credentials"].remove("new")
    assert left == empty
