"""Floating addresses that carry packets: to a real node, whose kube-proxy hands them to the Service's pods.

In the control plane's namespace each has a route. On this machine it is reached by way of loopback: on a port
of its own that stays the same, and on 80 and 443 as long as nobody else has them.
"""

from __future__ import annotations

import ipaddress
import json
import logging
from subprocess import CalledProcessError

from sandbox import layout
from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Cache, Object
from sandbox.clusters.controller.workers.nodes import is_ready
from sandbox.clusters.nodes import forward, kubelets
from sandbox.clusters.nodes.network import Network, run

LOG = logging.getLogger(__name__)
CHECK_S = 2.0
"""A node that died is seen after this long: Kubernetes takes minutes to tell."""
PROTOCOL = "100"
"""By which a route is known as ours."""
WELL_KNOWN = (80, 443)
_SERVICE_LABEL = "kubernetes.io/service-name"
LOOPBACK = "127.0.0.1"


def on_loopback(address: str, port: int = 443) -> tuple[str, int] | None:
    """Where a floating address is reached on this machine, host and port; None while it is not.

    The port itself where it is ours, so that a URL needs none; else the one that is always the same.
    """
    target, found = f"{address}:{port}", []
    for cluster in map(spec.load, spec.uuids()):
        network = Network(cluster)
        if cluster.real_nodes and network.running and (state := forward.listening(network.ways)).exists():
            ways = json.loads(state.read_text())
            found += [listen.rpartition(":") for way, listen, to in ways if (way, to) == ("in", target)]
    ports = sorted(int(number) for _, _, number in found)
    return (LOOPBACK, port if port in ports else ports[0]) if ports else None


class FloatingAddresses:
    """Looks after those of the cluster `uuid`."""

    def __init__(self, uuid: str, *, service: Cache, node: Cache, endpoint_slice: Cache) -> None:
        self._uuid, self._services, self._nodes, self._slices = uuid, service, node, endpoint_slice

    def reconcile(self) -> float | None:
        """Bring routes and listeners up to date; None where the cluster has no real nodes."""
        cluster = spec.load(self._uuid)
        if not cluster.real_nodes:
            return None
        network = Network(cluster)
        fronts = self._fronts(network)
        self._listen(network, fronts)
        if (pid := network.pid) is not None:
            try:
                self._route(pid, cluster, fronts)
            except CalledProcessError as error:
                LOG.warning("routes of %s: %s: %s", cluster.stack_id, error, error.stderr)
        return CHECK_S

    def _fronts(self, network: Network) -> dict[str, Object]:
        """The Services by their floating address; one inside the cluster's network is no floating one."""
        fronts = {}
        for service in self._services.values():
            if service["spec"]["type"] == "LoadBalancer":
                for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress", []):
                    if ipaddress.ip_address(ingress["ip"]) not in network.subnet:
                        fronts[ingress["ip"]] = service
        return fronts

    def _listen(self, network: Network, fronts: dict[str, Object]) -> None:
        ways = []
        for address, service in sorted(fronts.items()):
            for port in (one["port"] for one in service["spec"]["ports"] if one["protocol"] == "TCP"):
                own = layout.port(f"{network.cluster.stack_id}-{address}-{port}")
                for listen in (own, port) if port in WELL_KNOWN else (own,):
                    ways.append(["in", f"{LOOPBACK}:{listen}", f"{address}:{port}"])
        text = json.dumps(ways)
        if not network.ways.exists() or network.ways.read_text() != text:
            draft = network.ways.with_suffix(".new")
            draft.write_text(text)
            draft.replace(network.ways)

    def _route(self, pid: int, cluster: spec.Cluster, fronts: dict[str, Object]) -> None:
        listed = json.loads(run(pid, "ip", "-json", "route", "show", "proto", PROTOCOL) or "[]")
        present = {route["dst"]: route["gateway"] for route in listed}
        hops = self._hops(cluster)
        wanted = {}
        for address, service in fronts.items():
            if able := self._able(service, hops):
                # It stays with its node: connections would break.
                kept = present.get(address)
                wanted[address] = kept if kept in able else able[0]
        for address in present.keys() - wanted.keys():
            run(pid, "ip", "route", "delete", address, "proto", PROTOCOL)
        for address, hop in wanted.items():
            if present.get(address) != hop:
                run(pid, "ip", "route", "replace", address, "via", hop, "proto", PROTOCOL)
                LOG.info("%s is reached by way of %s", address, hop)

    def _hops(self, cluster: spec.Cluster) -> dict[str, str]:
        """The addresses of real nodes that take packets, by name."""
        ready = {node["metadata"]["name"] for node in self._nodes.values() if is_ready(node)}
        return {one.name: one.address for one in kubelets.known(cluster) if one.name in ready and one.running}

    def _able(self, service: Object, hops: dict[str, str]) -> list[str]:
        """Nodes that hand packets to the Service's pods: any, or with policy Local those that have one."""
        if service["spec"].get("externalTrafficPolicy") != "Local":
            return list(hops.values())
        meta = service["metadata"]
        having = {
            endpoint.get("nodeName")
            for piece in self._slices.values()
            if piece["metadata"]["namespace"] == meta["namespace"]
            and piece["metadata"].get("labels", {}).get(_SERVICE_LABEL) == meta["name"]
            for endpoint in piece.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready")
        }
        return [address for name, address in hops.items() if name in having]
