"""Hooks that clear what an interrupted run left in the way of a thing, just before the engine makes it.

They run in `pulumi up` only, never in a preview, and find nothing when no run was interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openstack
import pulumi
import yaml
from kubernetes import client, config
from openstack.exceptions import raise_from_response
from tenacity import Retrying, TryAgain, retry_if_exception_type, stop_after_delay, wait_fixed

from components.existing import NODE_GROUPS, OWNER_LABEL

POLL_SECONDS = 5
REMOVAL_TIMEOUT_S = 1800


def release_hooks(kubeconfig: pulumi.Output[str], namespace: str) -> pulumi.ResourceHookBinding:
    """For the Helm release `namespace`/`namespace`: Helm's records of an install or upgrade that never ended.

    Helm refuses to go on from them ("cannot re-use a name", "another operation is in progress"). Without the
    record an install takes over the objects that carry the release's name, so nothing of it is lost.
    """

    async def before_create(_: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(
            forget_release, await kubeconfig.future() or "", namespace, only_pending=False
        )

    async def before_update(_: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(forget_release, await kubeconfig.future() or "", namespace, only_pending=True)

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{namespace}-release-before-create", before_create)],
        before_update=[pulumi.ResourceHook(f"{namespace}-release-before-update", before_update)],
    )


def forget_release(kubeconfig: str, name: str, *, only_pending: bool) -> None:
    """Delete Helm's records of the release `name` in its namespace; or only those of what never ended."""
    connection = config.new_client_from_config_dict(yaml.safe_load(kubeconfig))  # type: ignore[no-untyped-call]
    api = client.CoreV1Api(connection)
    records: list[Any] = api.list_namespaced_secret(name, label_selector=f"owner=helm,name={name}").items
    for record in records:
        if not only_pending or record.metadata.labels["status"].startswith("pending-"):
            api.delete_namespaced_secret(record.metadata.name, name)


def cluster_hooks(name: str, cloud: str | None) -> pulumi.ResourceHookBinding:
    """For the cluster: one of the gateway's own that failed after the run that began it had ended."""

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        inputs: Any = args.new_inputs
        await asyncio.to_thread(clear_cluster, inputs["name"], cloud)

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-cluster-before-create", before_create)]
    )


def clear_cluster(name: str, cloud: str | None) -> None:
    """Delete the gateway's clusters called `name` that are in CREATE_FAILED; returns when they are gone."""
    magnum = openstack.connect(cloud=cloud).container_infrastructure_management

    def look() -> None:
        for cluster in [c for c in magnum.clusters() if c.name == name]:
            if (magnum.get_cluster(cluster).labels or {}).get(OWNER_LABEL) != name:
                continue
            if cluster.status == "CREATE_FAILED":
                magnum.delete_cluster(cluster)
                raise TryAgain
            if cluster.status == "DELETE_IN_PROGRESS":
                raise TryAgain

    _until_clear(look)


def node_group_hooks(name: str, cloud: str | None) -> pulumi.ResourceHookBinding:
    """For a node group: waits for others of the cluster, and removes one of its name whose creation failed.

    Magnum fails on two that are made at once, and refuses a second one of the same name.
    """

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        inputs: Any = args.new_inputs
        await asyncio.to_thread(clear_node_group, inputs["clusterId"], inputs["name"], cloud)

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-before-create", before_create)]
    )


def clear_node_group(cluster: str, name: str, cloud: str | None) -> None:
    """Returns when no node group of `cluster` is in progress and none called `name` is in CREATE_FAILED."""
    magnum = openstack.connect(cloud=cloud).container_infrastructure_management
    address = f"/clusters/{cluster}/nodegroups"

    def look() -> None:
        answer = magnum.get(address, microversion=NODE_GROUPS)
        raise_from_response(answer)
        groups = answer.json()["nodegroups"]
        if any(group["status"].endswith("_IN_PROGRESS") for group in groups):
            raise TryAgain
        for group in groups:
            if group["name"] == name and group["status"] == "CREATE_FAILED":
                raise_from_response(magnum.delete(f"{address}/{group['uuid']}", microversion=NODE_GROUPS))
                raise TryAgain

    _until_clear(look)


def _until_clear(look: Callable[[], None]) -> None:
    """Repeat `look` for as long as it raises TryAgain."""
    Retrying(
        stop=stop_after_delay(REMOVAL_TIMEOUT_S),
        wait=wait_fixed(POLL_SECONDS),
        retry=retry_if_exception_type(TryAgain),
        reraise=True,
    )(look)
