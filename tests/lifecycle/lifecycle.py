"""What the tests of the life cycle share: operators at work, and what is left of what they did."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from openstack.connection import Connection

from sandbox.tests.magnum import eventually, plane
from tests.stack import Gateway

USERS = Path(__file__).with_name("users.yaml")
UNREACHABLE = "PULUMI_K8S_DELETE_UNREACHABLE"
DEAD = {UNREACHABLE: "true"}
"""What an operator sets who knows that the cluster will not come back."""


def clusters(cloud: Connection, name: str) -> list[Any]:
    """The cloud's clusters of this name."""
    found = cloud.container_infrastructure_management.clusters()
    return [cluster for cluster in found if cluster.name == name]


def without_seats(gateway: Gateway) -> Gateway:
    """Itself, up without a seat: its users' group has as many nodes as its minimum."""
    gateway.change(lambda config: config.update({"gateway:seats": 0}))
    gateway.up()
    return gateway


def preflight(gateway: Gateway, code: int = 0) -> tuple[str, str]:
    """What `make preflight` says of the gateway: its mistakes, and the rest."""
    done = gateway.run(sys.executable, "-m", "components.check", gateway.name, code=code)
    return done.stdout, done.stderr


def inventory(cloud: Connection) -> dict[str, list[str]]:
    """All that the project has, of whomever."""
    identity: Any = cloud.identity
    return {
        "clusters": [c.name for c in cloud.container_infrastructure_management.clusters()],
        "load balancers": [b.name for b in cloud.load_balancer.load_balancers()],
        "floating IPs": [ip.description for ip in cloud.network.ips()],
        "volumes": [v.name for v in cloud.block_storage.volumes()],
        "snapshots": [s.name for s in cloud.block_storage.snapshots()],
        "servers": [s.name for s in cloud.compute.servers()],
        "ports": [p.name for p in cloud.network.ports()],
        "security groups": [g.name for g in cloud.network.security_groups()],
        "records": [r.name for z in cloud.dns.zones() for r in cloud.dns.recordsets(z) if r.type == "A"],
        "credentials": [c.name for c in identity.application_credentials(cloud.current_user_id)],
    }


def with_ids(resources: dict[str, str]) -> dict[str, str]:
    """The resources that are more than a name for others, or than the engine's provider of its own state."""
    return {name: key for name, key in resources.items() if key and name != "default"}


def log_in(gateway: Gateway) -> None:
    """Have two users at work, with their homes."""
    gateway.kubectl("apply", "-f", str(USERS))
    gateway.wait("-n", "jhub", "--for=jsonpath={.status.phase}=Bound", "persistentvolumeclaims", "--all")
    gateway.wait(
        "-n", "jhub", "--for=jsonpath={.status.phase}=Running", "pod/jupyter-user1", "pod/jupyter-user2"
    )


def in_the_background(gateway: Gateway, verb: str) -> subprocess.Popen[str]:
    """`pulumi up` or `pulumi destroy` that goes on while the test does."""
    return subprocess.Popen(
        ["pulumi", verb, "--yes", "--skip-preview", "--non-interactive", "--stack", gateway.name],
        cwd=gateway.folder,
        env=gateway.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def killed_when_it_shows(engine: subprocess.Popen[str], words: str) -> None:
    """Kill a run of `in_the_background` as soon as it prints these words."""
    assert engine.stdout is not None
    seen = next((line for line in engine.stdout if words in line), None)
    engine.kill()
    engine.wait()
    assert seen, f"{words}: it never came to that"


def destroy(gateway: Gateway, *words: str, code: int = 0, **env: str) -> str:
    """`pulumi destroy`; what it printed."""
    gateway = Gateway(name=gateway.name, folder=gateway.folder, env={**gateway.env, **env})
    return gateway.pulumi("destroy", "--yes", "--skip-preview", *words, code=code)


def remove_what_is_left(gateway: Gateway, shown: str) -> None:
    """Run the commands that the audit at the end of `destroy` printed, and no others."""
    for command in dict.fromkeys(re.findall(r"remove it with `(.*?)`", shown)):
        gateway.run(*shlex.split(command))


def cluster_deleted_by_hand(gateway: Gateway, cloud: Connection) -> None:
    """The gateway's cluster is deleted by the client of Magnum, and gone."""
    gateway.run("openstack", "coe", "cluster", "delete", gateway.name)
    eventually(lambda: not clusters(cloud, gateway.name))


def api_server_dead(gateway: Gateway, _: Connection) -> None:
    """The gateway's cluster answers no more."""
    plane(gateway.env, gateway.outputs()["cluster_id"], "halt")
