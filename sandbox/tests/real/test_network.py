"""Names and floating addresses of clusters with real nodes: asked in pods, and on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.cloud.settings import ZONE
from sandbox.tests.clusters.objects import address
from sandbox.tests.fixtures import processes_of
from sandbox.tests.magnum import Kubectl, Magnum, eventually
from sandbox.tests.real.pods import answered, asked, pod, ready, service
from sandbox.tests.real.web import on_loopback

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answer(env: dict[str, str], floating: str, port: int = 80) -> str:
    """What this machine is answered by the floating address; empty where nothing is."""
    with suppress(OSError):
        if at := on_loopback(env, floating, port):
            with _DIRECTLY.open(f"http://{at[0]}:{at[1]}", timeout=3) as said:
                return str(said.read().decode())
    return ""


@pytest.fixture
def entry(kubectl: Kubectl) -> Iterator[str]:
    """The floating address of the Service `entry` of the pod `front`."""
    made = service("entry")
    made["spec"] |= {"type": "LoadBalancer", "selector": {"app": "front"}}
    kubectl.apply(pod("front"), made)
    ready(kubectl, "front")
    yield address(kubectl, "default", "entry")
    kubectl.run("delete", "--ignore-not-found", "service/entry", "pod/front")


@pytest.fixture
def port_80() -> Iterator[socket.socket | None]:
    """Holds 127.0.0.1:80, as any server of this machine may; None where one has it already."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 80))
            taken.listen()
        except OSError:
            yield None
        else:
            yield taken


def forwarders(env: dict[str, str]) -> list[int]:
    return [one.pid for one in processes_of(env, "sandbox.clusters.nodes.forward")]


def refusal(kubectl: Kubectl, url: str) -> str:
    """Why the pod `front` has no answer at `url`."""
    with pytest.raises(AssertionError) as refused:
        kubectl.run("exec", "front", "--", "/answer", url)
    return str(refused.value)


def test_a_pod_knows_the_cluster_the_acme_servers_and_nothing_else(kubectl: Kubectl, entry: str) -> None:
    assert asked(kubectl, "http://entry") == "front"
    assert asked(kubectl, "http://entry.default.svc.cluster.local") == "front"
    assert "no such host" in refusal(kubectl, "http://nobody.default.svc.cluster.local")
    assert "no such host" in refusal(kubectl, "http://example.org")
    gateway = kubectl.get("endpointslice", "kubernetes")["endpoints"][0]["addresses"][0]
    for name in ("acme-v02", "acme-staging-v02"):
        # Nothing listens on this port.
        assert f"dial tcp {gateway}:9: connect" in refusal(kubectl, f"http://{name}.api.letsencrypt.org:9")
    assert "no such host" in refusal(kubectl, "http://letsencrypt.org")


def test_a_floating_address_carries_packets(
    cloud: Connection, kubectl: Kubectl, sandbox_env: dict[str, str], entry: str
) -> None:
    assert eventually(lambda: answer(sandbox_env, entry)) == "front"
    host = f"entry.{ZONE}"
    zone = cloud.dns.find_zone(ZONE, ignore_missing=False)
    record = cloud.dns.create_recordset(zone, name=host, type="A", records=[entry])
    assert eventually(lambda: answered(kubectl, "front", f"http://{host.rstrip('.')}")) == "front"
    cloud.dns.delete_recordset(record)
    kubectl.run("delete", "service", "entry")
    eventually(lambda: on_loopback(sandbox_env, entry, 80) is None)
    assert "dial tcp" in refusal(kubectl, f"http://{entry}")


def test_a_floating_address_has_the_same_port_on_this_machine_when_the_forwarder_died(
    port_80: socket.socket | None, sandbox_env: dict[str, str], entry: str
) -> None:
    assert eventually(lambda: answer(sandbox_env, entry)) == "front"
    before, [forwarder] = on_loopback(sandbox_env, entry, 80), forwarders(sandbox_env)
    assert before != ("127.0.0.1", 80)
    os.kill(forwarder, signal.SIGKILL)
    eventually(lambda: forwarders(sandbox_env) not in ([], [forwarder]))
    assert eventually(lambda: answer(sandbox_env, entry)) == "front"
    assert eventually(lambda: on_loopback(sandbox_env, entry, 80)) == before
    if port_80:
        port_80.close()
        eventually(lambda: on_loopback(sandbox_env, entry, 80) == ("127.0.0.1", 80))
        assert answer(sandbox_env, entry) == "front"


def test_a_floating_address_finds_another_node(
    kubectl: Kubectl, magnum: Magnum, cluster: dict[str, Any], sandbox_env: dict[str, str], entry: str
) -> None:
    group = magnum.made_group(cluster["uuid"], "mediums")
    kubectl.apply(pod("back", group="mediums"))
    ready(kubectl, "back")

    def lead(app: str, policy: str) -> None:
        change = {"spec": {"selector": {"app": app}, "externalTrafficPolicy": policy}}
        kubectl.run("patch", "service", "entry", "--patch", json.dumps(change))

    lead("back", "Local")  # by the node of `back`
    eventually(lambda: answer(sandbox_env, entry) == "back")
    lead("front", "Cluster")  # still by that node
    eventually(lambda: answer(sandbox_env, entry) == "front")
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    eventually(lambda: not kubectl.get("nodes", "-l", "capi.stackhpc.com/node-group=mediums")["items"])
    assert eventually(lambda: answer(sandbox_env, entry)) == "front"
