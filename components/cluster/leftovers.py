"""Hooks of a cluster and its node groups: before a creation they remove the remains of an interrupted run.

They run in `pulumi up` only, never in a preview, and find nothing when no run was interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
from openstack.exceptions import raise_from_response
from tenacity import Retrying, TryAgain, retry_if_exception_type, stop_after_delay, wait_fixed

from components.cloud.connection import connect
from components.cloud.ownership import NODE_GROUPS, Owner, marked
from components.cluster.resize import resize
from components.settings.cloud import CloudConfig

POLL_SECONDS = 5
REMOVAL_TIMEOUT_S = 1800


def cluster_hooks(name: str, cloud: CloudConfig) -> pulumi.ResourceHookBinding:
    """For the cluster: one of the gateway's own that failed after the run that began it had ended."""

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        inputs: Any = args.new_inputs
        await asyncio.to_thread(clear_cluster, inputs["name"], marked(inputs["labels"]), cloud)

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-cluster-before-create", before_create)]
    )


def clear_cluster(name: str, owner: Owner | None, cloud: CloudConfig) -> None:
    """Delete the owner's clusters called `name` that are in CREATE_FAILED; returns when they are gone."""
    magnum = connect(cloud).container_infrastructure_management

    def look() -> None:
        for cluster in [c for c in magnum.clusters() if c.name == name]:
            if marked(magnum.get_cluster(cluster).labels) != owner:
                continue
            if cluster.status == "CREATE_FAILED":
                magnum.delete_cluster(cluster)
                raise TryAgain
            if cluster.status == "DELETE_IN_PROGRESS":
                raise TryAgain

    _until_clear(look)


def node_group_hooks(name: str, cloud: CloudConfig, *, timeout_s: float) -> pulumi.ResourceHookBinding:
    """For a node group: waits for others of the cluster, and removes one of its name whose creation failed.

    Magnum fails on two that are made at once, and refuses a second one of the same name. Before an update it
    brings the group's count between its new bounds.
    """

    async def before_create(args: pulumi.ResourceHookArgs) -> None:
        inputs: Any = args.new_inputs
        await asyncio.to_thread(clear_node_group, inputs["clusterId"], inputs["name"], cloud)

    async def before_update(args: pulumi.ResourceHookArgs) -> None:
        inputs: Any = args.new_inputs
        low, high = int(inputs["minNodeCount"]), int(inputs["maxNodeCount"])
        await asyncio.to_thread(resize, args.id, low, high, cloud, timeout_s=timeout_s)

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-before-create", before_create)],
        before_update=[pulumi.ResourceHook(f"{name}-before-update", before_update)],
    )


def clear_node_group(cluster: str, name: str, cloud: CloudConfig) -> None:
    """Returns when no node group of `cluster` is in progress and none called `name` is in CREATE_FAILED."""
    magnum = connect(cloud).container_infrastructure_management
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
