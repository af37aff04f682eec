"""What is interrupted is taken up again by the next `up`: the same cluster, nothing twice, nothing lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from openstack.connection import Connection

from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import clusters, in_the_background
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]


def test_engine_killed_while_the_cluster_is_created(new_gateway: NewGateway, cloud: Connection) -> None:
    gateway = new_gateway("killed")
    engine = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "killed"],
        cwd=gateway.folder,
        env=gateway.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (made,) = eventually(lambda: clusters(cloud, "killed"))
    engine.kill()
    engine.wait()
    gateway.pulumi("cancel", "--yes")
    assert "killed-magnum" not in gateway.resources(), "it was killed too late to lose the cluster"
    gateway.up()
    assert [cluster.uuid for cluster in clusters(cloud, "killed")] == [made.uuid]
    assert gateway.outputs()["cluster_id"] == made.uuid
    gateway.up("--expect-no-changes")


def test_creation_that_hangs_past_its_timeout(
    new_gateway: NewGateway, cloud: Connection, faults: Path
) -> None:
    gateway = new_gateway("hangs")
    gateway.change(lambda config: config.update({"gateway:timeouts": {"cluster": 1}}))
    (faults / "hangs").write_text("hang")
    shown = gateway.up(code=1)
    assert "to become ready: context deadline exceeded" in shown
    (made,) = clusters(cloud, "hangs")
    (faults / "hangs").unlink()
    gateway.up()
    assert [cluster.uuid for cluster in clusters(cloud, "hangs")] == [made.uuid]
    gateway.up("--expect-no-changes")


def test_a_cluster_that_failed_is_made_anew(new_gateway: NewGateway, cloud: Connection, faults: Path) -> None:
    gateway = new_gateway("fails")
    (faults / "fails").write_text("create_failed")
    shown = gateway.up(code=1)
    assert "openstack_containerinfra_cluster_v1 is in an error state" in shown
    (failed,) = clusters(cloud, "fails")
    gateway.up()
    (made,) = clusters(cloud, "fails")
    assert made.uuid != failed.uuid
    gateway.up("--expect-no-changes")


def test_magnum_answers_errors_while_the_cluster_is_made(
    new_gateway: NewGateway, cloud: Connection, cloud_fault: Callable[..., None]
) -> None:
    gateway = new_gateway("asked")
    # Only who asks for one cluster: that is the provider, which waits for it.
    once = ("--status", "503", "--count", "1", "--method", "GET", "--path", "clusters/")
    cloud_fault("container-infra", *once)
    shown = gateway.up(code=1)
    assert "to become ready" in shown
    assert "but got 503 instead" in shown
    (made,) = clusters(cloud, "asked")
    gateway.up()
    assert [cluster.uuid for cluster in clusters(cloud, "asked")] == [made.uuid]
    gateway.up("--refresh", "--expect-no-changes")


def test_two_gateways_at_once(new_gateway: NewGateway, cloud: Connection) -> None:
    gateways = [new_gateway("north"), new_gateway("south")]
    ups = [in_the_background(gateway, "up") for gateway in gateways]
    shown = [up.communicate()[0] for up in ups]
    assert [up.returncode for up in ups] == [0, 0], "\n".join(shown)
    outputs = [gateway.outputs() for gateway in gateways]
    for key in ("fqdn", "ingress_ip", "cluster_id"):
        assert outputs[0][key] != outputs[1][key]
    for gateway, output in zip(gateways, outputs, strict=True):
        assert gateway.run("dig", "+short", output["fqdn"]).stdout.strip() == output["ingress_ip"]
        gateway.up("--expect-no-changes")
    gateways[0].pulumi("destroy", "--yes", "--skip-preview")
    gateways[1].up("--expect-no-changes")
    assert [cluster.name for cluster in clusters(cloud, "south")] == ["south"]
