"""Machines: servers in the cloud and the Nodes of them, as many as each node group wants."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from keystoneauth1.exceptions import ClientException
from kubernetes.client import ApiException
from openstack.connection import Connection
from openstack.exceptions import HttpException, SDKException

from sandbox import layout
from sandbox.clusters import cloud, spec
from sandbox.clusters.controller.kube import Cache, Kube
from sandbox.clusters.controller.workers import autoscaler, fit, nodes, servers
from sandbox.clusters.controller.workers.nodes import Machine
from sandbox.clusters.nodes import kubelets

LOG = logging.getLogger(__name__)
REFUSED_RETRY_S = 5.0
LOOK_S = 5.0
"""A server that is deleted behind the cluster's back is missed after this long."""
SERVER_ERROR = 500


class Machines:
    """Makes and removes the machines of the cluster `uuid`, and tells the driver how many there are."""

    def __init__(
        self, uuid: str, kube: Kube, connection: Connection, *, node: Cache, pod: Cache, budget: Cache
    ) -> None:
        self._uuid, self._kube, self._cloud = uuid, kube, connection
        self._nodes, self._pods, self._budgets = node, pod, budget
        self._machines: dict[str, Machine] | None = None
        self._unneeded = autoscaler.Unneeded()
        self._errors: dict[str, str] = {}
        """Why the cloud refused a server, by UUID of the node group; it is asked again all the same."""
        self._unanswered = False
        self._told: spec.Status | None = None
        self._look_at = time.time() + LOOK_S

    def reconcile(self) -> float | None:
        """Bring machines and nodes to what the groups want."""
        cluster = spec.load(self._uuid)
        self._unanswered = False
        if self._machines is None:
            self._machines = servers.machines(self._cloud, self._uuid)
        by_node = autoscaler.by_node(self._pods.values())
        rooms = {
            name: fit.room(node, by_node.get(name, ()))
            for name, node in self._nodes.items.items()
            if nodes.is_ready(node) and not node["spec"].get("unschedulable")
        }
        candidates = {
            machine.name: self._nodes.items[machine.name]
            for group in cluster.groups.values()
            for machine in self._of(group.uuid)
            if group.autoscaled and machine.name in self._nodes.items
        }
        found = autoscaler.unneeded(candidates, rooms, by_node, self._budgets.values())
        self._unneeded.look(time.time(), found)
        self._remove_groups(cluster)
        lost = self._lose()
        for group in cluster.groups.values():
            self._fill(cluster, group)
        self._grow(cluster, rooms)
        wait = self._shrink(cluster)
        wait = min(wait, lost, self._join(cluster))
        self._tell(cluster)
        return None if wait == float("inf") else max(wait, 0.05)

    def _of(self, group_uuid: str) -> list[Machine]:
        return [one for one in (self._machines or {}).values() if one.group == group_uuid]

    def _create(self, cluster: spec.Cluster, group: spec.NodeGroup, ready_at: float) -> bool:
        name = nodes.machine_name(cluster, group)
        request: dict[str, object] = {
            "flavor_id": self._cloud.compute.find_flavor(group.flavor, ignore_missing=False).id,
            "metadata": {
                cloud.CLUSTER_KEY: cluster.uuid,
                cloud.GROUP_KEY: group.uuid,
                cloud.READY_KEY: str(ready_at),
            },
        }
        image = self._cloud.image.find_image(cluster.image_id, ignore_missing=False).id
        request |= servers.disk(cluster, str(image))
        try:
            server = cloud.create_machine(
                self._cloud, cluster, name, control_plane=group.control_plane, **request
            )
        except HttpException as error:
            reason = f"node group {group.name}: {error.details or error}"
            LOG.warning("%s", reason)
            if error.status_code and error.status_code < SERVER_ERROR:
                self._errors[group.uuid] = reason
            else:
                self._unanswered = True
            return False
        self._errors.pop(group.uuid, None)
        machine = Machine(name, group.uuid, server.id, servers.address(server), ready_at)
        if self._machines is not None:
            self._machines[name] = machine
        LOG.info("server %s made, joins in %.1f s", name, max(0.0, ready_at - time.time()))
        return True

    def _fill(self, cluster: spec.Cluster, group: spec.NodeGroup) -> None:
        have = self._of(group.uuid)
        later = time.time() + spec.NODE_S * layout.time_scale()
        ready_at = later if have else group.ready_at
        for _ in range(group.least - len(have)):
            if not self._create(cluster, group, ready_at):
                return
        most = len(have) if group.autoscaled else group.count
        # Those that are not needed first, then the youngest.
        spare = sorted(have, key=lambda one: (self._unneeded.since(one.name) is None, -one.ready_at))
        for machine in spare[: max(0, len(have) - most)]:
            self._delete(machine)

    def _grow(self, cluster: spec.Cluster, usable: dict[str, fit.Room]) -> None:
        if not any(group.autoscaled for group in cluster.groups.values()):
            return
        machines = self._machines or {}
        rooms = list(usable.values())
        rooms += [
            autoscaler.template(cluster.groups[one.group])
            for one in machines.values()
            if one.group in cluster.groups and autoscaler.comes(self._nodes.items.get(one.name))
        ]
        counts = {uuid: len(self._of(uuid)) for uuid in cluster.groups}
        added = autoscaler.growth(self._pods.values(), rooms, cluster.groups.values(), counts)
        ready_at = time.time() + spec.NODE_S * layout.time_scale()
        for uuid, count in added.items():
            for _ in range(count):
                if not self._create(cluster, cluster.groups[uuid], ready_at):
                    break

    def _shrink(self, cluster: spec.Cluster) -> float:
        """Remove nodes that have not been needed for long; seconds until the next one may have been."""
        patience = spec.SCALE_DOWN_S * layout.time_scale()
        now, wait = time.time(), float("inf")
        for group in cluster.groups.values():
            have = self._of(group.uuid)
            spare = len(have) - group.minimum if group.autoscaled else 0
            idle = [(since, one) for one in have if (since := self._unneeded.since(one.name)) is not None]
            for since, machine in sorted(idle, key=lambda pair: pair[0])[:spare]:
                if now - since >= patience:
                    if not self._drain(machine):
                        wait = REFUSED_RETRY_S
                        continue
                    self._delete(machine)
                else:
                    wait = min(wait, since + patience - now)
        return wait

    def _remove_groups(self, cluster: spec.Cluster) -> None:
        for machine in list((self._machines or {}).values()):
            if machine.group not in cluster.groups:
                self._delete(machine)
        self._errors = {uuid: text for uuid, text in self._errors.items() if uuid in cluster.groups}

    def _lose(self) -> float:
        """Take away the machines whose servers someone deleted; seconds until the next look.

        The Cluster API does the same when its health check fails, and makes others.
        """
        now = time.time()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            with suppress(ClientException, SDKException):  # a cloud that does not answer has lost nothing
                there = servers.machines(self._cloud, self._uuid)
                for machine in [one for name, one in (self._machines or {}).items() if name not in there]:
                    self._delete(machine)
        return self._look_at - now

    def _drain(self, machine: Machine) -> bool:
        """Evict what must move; false where the API server, or a pod that just came, does not allow it."""
        self._cordon(machine.name)
        pods = self._kube.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{machine.name}")["items"]
        if any(autoscaler.blocks(pod, self._budgets.values()) for pod in pods):
            self._cordon(machine.name, on=False)
            return False
        for pod in filter(autoscaler.moves, pods):
            meta = {key: pod["metadata"][key] for key in ("name", "namespace")}
            path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
            try:
                self._kube.create(path, {**eviction, "deleteOptions": {"gracePeriodSeconds": 0}})
            except ApiException as error:
                LOG.warning("%s stays: %s can't be evicted: %s", machine.name, meta["name"], error.body)
                return False
        return True

    def _cordon(self, name: str, *, on: bool = True) -> None:
        self._kube.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": on}})

    def _delete(self, machine: Machine) -> None:
        LOG.info("removing %s", machine.name)
        kubelets.leave(self._uuid, machine.name)
        if machine.name in self._nodes.items:
            self._cordon(machine.name)
            for pod in self._pods.values():
                if pod["spec"].get("nodeName") == machine.name:
                    meta = pod["metadata"]
                    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
                    self._kube.delete(path, grace_s=0)
            self._kube.delete(f"/api/v1/nodes/{machine.name}")
        cloud.delete_machine(self._cloud, machine.name, machine.server_id)
        (self._machines or {}).pop(machine.name, None)

    def _join(self, cluster: spec.Cluster) -> float:
        """Make the Nodes of the machines whose time has come; seconds until the next one's."""
        wait = REFUSED_RETRY_S if self._errors or self._unanswered else float("inf")
        absent = (one for one in (self._machines or {}).values() if one.name not in self._nodes.items)
        for machine in absent:
            if not machine.joined:
                wait = min(wait, machine.ready_at - time.time())
            elif not kubelets.join(cluster, machine):
                node = nodes.node(cluster.groups[machine.group], machine, beside_real=cluster.real_nodes > 0)
                self._kube.create("/api/v1/nodes", node, exists_ok=True)
        return wait

    def _tell(self, cluster: spec.Cluster) -> None:
        left = {machine.group for machine in (self._machines or {}).values()}
        told = spec.Status()
        for uuid in cluster.groups.keys() | left:
            have = self._of(uuid)
            there = [one for one in have if nodes.is_ready(self._nodes.items.get(one.name, {}))]
            told.groups[uuid] = spec.GroupStatus(
                machines=len(have),
                ready=len(there),
                addresses=[one.address for one in there],
                error=self._errors.get(uuid),
            )
        if told != self._told:
            spec.write(spec.folder(self._uuid) / "status.json", told)
            self._told = told
