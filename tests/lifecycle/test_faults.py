"""One thing after the other goes wrong under `pulumi up`; once its cause is gone, one more `up` mends all.

One gateway is used for all: before each fault, the part that it shall hit is destroyed, to be made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from sandbox.layout import ROOT
from sandbox.tests.magnum import eventually, plane
from tests.lifecycle.end_state import end_state
from tests.lifecycle.lifecycle import clusters, in_the_background
from tests.stack import Gateway

NAME = "shaken"


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that is up."""
    gateway = new_gateway(NAME)
    gateway.change(lambda config: config.update({"gateway:timeouts": {"chart": 1, "nodeGroup": 1}}))
    gateway.up()
    return gateway


@pytest.fixture(scope="module")
def undisturbed(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """Its end state before anything went wrong."""
    return end_state(gateway, cloud)


@pytest.fixture
def mended(gateway: Gateway, cloud: Connection, undisturbed: dict[str, Any]) -> Iterator[None]:
    """After the test, one more `up` brings back the end state."""
    yield
    gateway.up()
    assert end_state(gateway, cloud) == undisturbed


def without(gateway: Gateway, resource: str) -> None:
    """Destroy one resource, and what stands on it."""
    state = yaml.safe_load(gateway.run("pulumi", "stack", "export", "--stack", gateway.name).stdout)
    urns = [r["urn"] for r in state["deployment"]["resources"]]
    (urn,) = [urn for urn in urns if urn.endswith(f"::{gateway.name}-{resource}")]
    gateway.pulumi("destroy", "--yes", "--skip-preview", "--target", urn, "--target-dependents")


@pytest.mark.parametrize("service", ["container-infra", "dns", "identity"])
def test_a_service_that_is_down_is_told_and_nothing_changes(
    gateway: Gateway, undisturbed: dict[str, Any], cloud_fault: Callable[..., None], service: str
) -> None:
    before = gateway.resources()
    cloud_fault(service, "--status", "503")
    shown = gateway.up(code=1)
    assert "must name a cloud of clouds.yaml that answers" in shown
    assert "nothing was changed" in shown
    assert gateway.resources() == before


@pytest.mark.usefixtures("mended")
def test_magnum_answers_errors_and_the_node_group_fails_then_hangs(
    gateway: Gateway, cloud_fault: Callable[..., None], faults: Path
) -> None:
    without(gateway, "mediums-magnum")
    for status in ("500", "503", "429"):
        cloud_fault(
            "container-infra", "--status", status, "--count", "1", "--method", "POST", "--path", "nodegroups"
        )
        assert f"but got {status} instead" in gateway.up(code=1)
    fault = faults / f"{NAME}.mediums"
    fault.write_text("create_failed")
    assert "is in an error state" in gateway.up(code=1)
    failed = gateway.resources()[f"{NAME}-mediums-magnum"]
    fault.write_text("hang")
    assert "to become ready: context deadline exceeded" in gateway.up(code=1)
    hanging = gateway.resources()[f"{NAME}-mediums-magnum"]
    assert hanging != failed
    fault.unlink()
    gateway.up()
    assert gateway.resources()[f"{NAME}-mediums-magnum"] == hanging, "the group was made twice"


@pytest.mark.usefixtures("mended")
def test_magnum_answers_errors_while_the_node_group_is_made(
    gateway: Gateway, cloud_fault: Callable[..., None]
) -> None:
    for status in ("500", "503", "429"):
        without(gateway, "mediums-magnum")
        # Only who asks for one node group: that is the provider, which waits for it.
        cloud_fault(
            "container-infra", "--status", status, "--count", "1", "--method", "GET", "--path", "nodegroups/"
        )
        shown = gateway.up(code=1)
        assert "to become ready" in shown
        assert f"but got {status} instead" in shown
        begun = gateway.resources()[f"{NAME}-mediums-magnum"]
        gateway.up()
        assert gateway.resources()[f"{NAME}-mediums-magnum"] == begun, "the group was made twice"


@pytest.mark.usefixtures("mended")
def test_designate_is_down_when_the_record_is_made(
    gateway: Gateway, cloud_fault: Callable[..., None]
) -> None:
    without(gateway, "record-a")
    cloud_fault("dns", "--status", "503", "--method", "POST")
    assert "Error creating openstack_dns_recordset_v2" in gateway.up(code=1)
    # Only who asks for one record: that is the provider, which waits for it.
    cloud_fault("dns", "--status", "503", "--count", "1", "--method", "GET", "--path", "recordsets/")
    shown = gateway.up(code=1)
    assert "Error waiting for openstack_dns_recordset_v2" in shown
    assert "but got 503 instead" in shown


@pytest.mark.usefixtures("mended")
def test_load_balancer_stays_pending_and_a_second_up_is_refused(
    gateway: Gateway, cloud: Connection, cloud_fault: Callable[..., None]
) -> None:
    without(gateway, "ingress-release")
    cloud_fault("load-balancer", "--pending")
    with in_the_background(gateway, "up") as first:
        eventually(lambda: any(NAME in b.name for b in cloud.load_balancer.load_balancers()))
        refused = gateway.up(code=1)
        shown, _ = first.communicate()
    assert "the stack is currently locked by 1 lock(s)" in refused
    assert f"(pid {first.pid})" in refused
    assert first.returncode
    assert "release ingress-nginx failed, and has been uninstalled due to atomic being set" in shown
    assert "context deadline exceeded" in shown


@pytest.mark.usefixtures("mended")
def test_a_charts_install_fails_half_way(gateway: Gateway) -> None:
    without(gateway, "hub-release")
    settings = gateway.settings.read_text()
    broken = gateway.folder / "charts"
    shutil.copytree(ROOT / "sandbox" / "charts", broken)
    (broken / "jupyterhub" / "templates" / "zz-broken.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": "broken"},
                "spec": {"rules": [{"host": "not a host"}]},
            }
        )
    )
    gateway.change(lambda config: config.update({"gateway:charts": str(broken)}))
    shown = gateway.up(code=1)
    assert "failed, and has been uninstalled due to atomic being set" in shown
    assert "not a host" in shown
    gateway.settings.write_text(settings)


@pytest.mark.usefixtures("mended")
def test_api_server_restarts_under_a_helm_install(gateway: Gateway, cloud: Connection) -> None:
    without(gateway, "hub-release")
    (cluster,) = clusters(cloud, NAME)

    up = in_the_background(gateway, "up")
    eventually(lambda: gateway.kubectl("get", "secrets", "-n", "jhub", "-l", "owner=helm")["items"])
    plane(gateway.env, cluster.uuid, "halt")
    plane(gateway.env, cluster.uuid, "recover")
    up.communicate()


@pytest.mark.usefixtures("mended")
def test_credential_expires_between_plan_and_apply(
    gateway: Gateway, cloud: Connection, sandbox_env: dict[str, str]
) -> None:
    without(gateway, "record-a")
    identity: Any = cloud.identity
    expiring = identity.create_application_credential(
        user=cloud.current_user_id, name=f"{NAME}-expiring", unrestricted=True
    )
    clouds = yaml.safe_load(Path(sandbox_env["OS_CLIENT_CONFIG_FILE"]).read_text(encoding="utf-8"))
    clouds["clouds"]["sandbox"]["auth"].update(
        application_credential_id=expiring.id, application_credential_secret=expiring.secret
    )
    own = gateway.folder / "clouds.yaml"
    own.write_text(yaml.safe_dump(clouds))
    valid = gateway.env
    gateway.env = {**valid, "OS_CLIENT_CONFIG_FILE": str(own)}
    try:
        gateway.pulumi("preview", "--save-plan", "plan.json")
        identity.delete_application_credential(cloud.current_user_id, expiring)
        shown = gateway.up("--plan", "plan.json", code=1)
    finally:
        gateway.env = valid
    assert "nothing was changed" in shown
    assert "openstack:cloud" in shown
