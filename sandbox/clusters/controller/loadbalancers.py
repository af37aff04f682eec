"""Services of type LoadBalancer: load balancers and floating IPs, as OpenStack's cloud controller makes them.

They go with the Service, never with the cluster: a cluster that is deleted first leaves them behind, here as
there.
"""

from __future__ import annotations

import logging
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import SDKException

from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Cache, Kube, Object, name_of

LOG = logging.getLogger(__name__)
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
KEEP_FLOATING_IP = "loadbalancer.openstack.org/keep-floatingip"
INTERNAL = "service.beta.kubernetes.io/openstack-internal-load-balancer"
EXTERNAL_NETWORK = "public"
POLL_S = 0.3
RETRY_S = 3.0


class Refused(Exception):
    """What is asked for cannot be had now; the text is for the Service's events."""


def balancer_name(cluster: str, service: Object) -> str:
    """The load balancer's name; how an audit finds what a cluster left behind."""
    return f"kube_service_{cluster}_{name_of(service).replace('/', '_')}"[:255]


def floating_ip_description(cluster: str, service: Object) -> str:
    """The description by which a floating IP is known as made for `service`."""
    return f"Floating IP for Kubernetes external service {name_of(service)} from cluster {cluster}"


def _annotated(service: Object, key: str) -> bool:
    return str(service["metadata"].get("annotations", {}).get(key, "")).lower() == "true"


def wanted(service: Object) -> bool:
    """Whether `service` is to have a load balancer of ours."""
    spec_ = service["spec"]
    return (
        spec_["type"] == "LoadBalancer"
        and not spec_.get("loadBalancerClass")
        and "deletionTimestamp" not in service["metadata"]
    )


class LoadBalancers:
    """Looks after the Services of one cluster."""

    def __init__(self, uuid: str, kube: Kube, connection: Connection, *, service: Cache) -> None:
        self._uuid, self._kube, self._cloud, self._services = uuid, kube, connection, service

    def reconcile(self) -> float | None:
        """Make, await and remove load balancers."""
        cluster = spec.load(self._uuid)
        waits = [self._look(cluster, service) for service in self._services.values()]
        return min((wait for wait in waits if wait is not None), default=None)

    def _look(self, cluster: spec.Cluster, service: Object) -> float | None:
        try:
            if wanted(service):
                return self._ensure(cluster, service)
            if FINALIZER in service["metadata"].get("finalizers", []):
                return self._remove(cluster, service)
        except (Refused, SDKException) as error:
            text = getattr(error, "details", None) or str(error)
            self._kube.event(service, "SyncLoadBalancerFailed", f"Error syncing load balancer: {text}")
            return RETRY_S
        return None

    def _path(self, service: Object) -> str:
        meta = service["metadata"]
        return f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}"

    def _finalizers(self, service: Object, *, add: bool) -> None:
        others = [one for one in service["metadata"].get("finalizers", []) if one != FINALIZER]
        finalizers = [*others, FINALIZER] if add else others
        # With its version, so that nobody else's finalizer is overwritten.
        version = service["metadata"]["resourceVersion"]
        metadata = {"finalizers": finalizers, "resourceVersion": version}
        self._kube.patch(self._path(service), {"metadata": metadata})

    def _ensure(self, cluster: spec.Cluster, service: Object) -> float | None:
        if service.get("status", {}).get("loadBalancer", {}).get("ingress"):
            return None
        if FINALIZER not in service["metadata"].get("finalizers", []):
            self._finalizers(service, add=True)
            return POLL_S
        name = balancer_name(cluster.name, service)
        balancer = self._cloud.load_balancer.find_load_balancer(name)
        if balancer is None:
            subnet = self._subnet(cluster)
            balancer = self._cloud.load_balancer.create_load_balancer(
                name=name,
                vip_subnet_id=subnet,
                description=f"Kubernetes external service {name_of(service)} from cluster {cluster.name}",
            )
            self._kube.event(service, "EnsuringLoadBalancer", "Ensuring load balancer", warning=False)
        if balancer.provisioning_status.startswith("PENDING"):
            return POLL_S
        if balancer.provisioning_status != "ACTIVE":
            raise Refused(f"load balancer {name} is in {balancer.provisioning_status}")
        self._listen(balancer, service)
        internal = _annotated(service, INTERNAL)
        address = balancer.vip_address if internal else self._floating_ip(cluster, service, balancer)
        ingress = [{"ip": address, "ipMode": "VIP"}]
        self._kube.patch(self._path(service) + "/status", {"status": {"loadBalancer": {"ingress": ingress}}})
        self._kube.event(service, "EnsuredLoadBalancer", f"Ensured load balancer at {address}", warning=False)
        return None

    def _subnet(self, cluster: spec.Cluster) -> str:
        network = self._cloud.network.find_network(cluster.network, ignore_missing=False)
        return str(network.subnet_ids[0])

    def _listen(self, balancer: Any, service: Object) -> None:
        """A listener for each port; pools and members are left out, since no packet passes here."""
        for port in service["spec"].get("ports", []):
            name = f"listener_{port['port']}_{balancer.name}"[:255]
            if self._cloud.load_balancer.find_listener(name) is None:
                self._cloud.load_balancer.create_listener(
                    load_balancer_id=balancer.id,
                    name=name,
                    protocol=port.get("protocol", "TCP"),
                    protocol_port=port["port"],
                )

    def _floating_ip(self, cluster: spec.Cluster, service: Object, balancer: Any) -> str:
        network = self._cloud.network
        attached = next(iter(network.ips(port_id=balancer.vip_port_id)), None)
        if attached is not None:
            return str(attached.floating_ip_address)
        given = service["spec"].get("loadBalancerIP")
        if not given:
            external = network.find_network(EXTERNAL_NETWORK, ignore_missing=False)
            made = network.create_ip(
                floating_network_id=external.id,
                port_id=balancer.vip_port_id,
                description=floating_ip_description(cluster.name, service),
            )
            return str(made.floating_ip_address)
        found = next(iter(network.ips(floating_ip_address=given)), None)
        if found is None:
            # Only an administrator may choose the address of a new floating IP.
            raise Refused(
                f"there is no floating IP {given} in the project, and none may be made with that address"
            )
        if found.port_id:
            raise Refused(f"floating IP {given} is attached to port {found.port_id} already")
        network.update_ip(found, port_id=balancer.vip_port_id)
        return str(given)

    def _remove(self, cluster: spec.Cluster, service: Object) -> float | None:
        balancer = self._cloud.load_balancer.find_load_balancer(balancer_name(cluster.name, service))
        if balancer is not None:
            if balancer.provisioning_status == "PENDING_DELETE":
                return POLL_S
            if not _annotated(service, KEEP_FLOATING_IP):
                self._release(service, balancer)
            if balancer.provisioning_status.startswith("PENDING"):
                return POLL_S
            self._cloud.load_balancer.delete_load_balancer(balancer, cascade=True)
            return POLL_S
        self._finalizers(service, add=False)
        return None

    def _release(self, service: Object, balancer: Any) -> None:
        """Delete the floating IP if it was made for a Service; any other one is only let go."""
        for address in self._cloud.network.ips(port_id=balancer.vip_port_id):
            if address.description.startswith("Floating IP for Kubernetes external service"):
                self._cloud.network.delete_ip(address)
                LOG.info("floating IP %s of %s deleted", address.floating_ip_address, name_of(service))
