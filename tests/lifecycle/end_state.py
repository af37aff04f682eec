"""What a gateway has come to, in a form in which two gateways can be compared, whatever their names are."""

from __future__ import annotations

import json
import re
from typing import Any

from openstack.connection import Connection

from tests.stack import Gateway

KINDS = "deployments,statefulsets,daemonsets,services,ingresses,configmaps,serviceaccounts,pvc"
NAMESPACES = ("ingress-nginx", "cert-manager", "jhub")


def in_the_state(gateway: Gateway) -> dict[str, str]:
    """Type of each resource in the stack's state, by its name less the gateway's; all of them are whole."""
    state = json.loads(gateway.run("pulumi", "stack", "export", "--stack", gateway.name).stdout)["deployment"]
    assert not [r["urn"] for r in state["resources"] if r.get("initErrors") or r.get("delete")]
    assert not state.get("pending_operations")
    return {_neutral(gateway, r["urn"].split("::")[-1]): r["type"] for r in state["resources"]}


def in_the_cloud(gateway: Gateway, cloud: Connection) -> dict[str, list[str]]:
    """What the cloud has of this gateway and bills, by kind; each thing by its name less the gateway's."""
    magnum = cloud.container_infrastructure_management
    clusters = [c for c in magnum.clusters() if c.name == gateway.name]
    groups = [
        group
        for cluster in clusters
        for group in magnum.get(f"/clusters/{cluster.uuid}/nodegroups", microversion="1.9").json()[
            "nodegroups"
        ]
    ]
    (zone,) = cloud.dns.zones()
    records = [r for r in cloud.dns.recordsets(zone) if r.name.startswith(f"{gateway.name}.")]
    found = {
        "clusters": [f"{c.name} {_whole(c.status)}" for c in clusters],
        "node groups": [f"{g['name']} {_whole(g['status'])} {g['node_count']}" for g in groups],
        "addresses": [ip.description for ip in cloud.network.ips() if _ours(gateway, ip.description)],
        "load balancers": [b.name for b in cloud.load_balancer.load_balancers() if _ours(gateway, b.name)],
        "records": [f"{r.name} {r.type} {r.ttl} {len(r.records)}" for r in records],
    }
    return {kind: sorted(_neutral(gateway, name) for name in names) for kind, names in found.items()}


def in_the_cluster(gateway: Gateway) -> dict[str, list[str]]:
    """The objects of the three charts and the status of their releases, by namespace."""
    inventory = {}
    for namespace in NAMESPACES:
        objects = gateway.kubectl("get", KINDS, "-n", namespace)["items"]
        helm = ("helm", "--kubeconfig", str(gateway.kubeconfig))
        listed = gateway.run(*helm, "list", "--all", "-n", namespace, "-o", "json")
        releases: list[dict[str, Any]] = json.loads(listed.stdout)
        inventory[namespace] = sorted(
            [
                *(f"{o['kind']} {_neutral(gateway, o['metadata']['name'])}" for o in objects),
                *(f"release {r['name']} {r['chart']} {r['status']}" for r in releases),
            ]
        )
    return inventory


def end_state(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """All of it, once it is sure that the gateway's name leads to its ingress and nothing is left to do."""
    outputs = gateway.outputs()
    assert gateway.run("dig", "+short", outputs["fqdn"]).stdout.split() == [outputs["ingress_ip"]]
    gateway.up("--refresh", "--expect-no-changes")
    return {
        "state": in_the_state(gateway),
        "cloud": in_the_cloud(gateway, cloud),
        "cluster": in_the_cluster(gateway),
    }


def _ours(gateway: Gateway, text: str) -> bool:
    return _neutral(gateway, text) != text


def _neutral(gateway: Gateway, text: str) -> str:
    """`text` without the gateway's name, and without the random part that Magnum adds to a cluster's name."""
    return re.sub(rf"(?<![a-z0-9]){gateway.name}(-[a-z0-9]{{12}}(?=_))?(?![a-z0-9])", "GATEWAY", text)


def _whole(status: str) -> str:
    """Whether something failed; by which way it became whole, Magnum tells differently by chance."""
    return "failed" if status.endswith("FAILED") else "whole"
