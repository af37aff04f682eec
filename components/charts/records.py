"""Hooks that remove the remains of an interrupted Helm run before a release is created or updated."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
from kubernetes import client

from components.cluster.access import client_of


def release_hooks(kubeconfig: pulumi.Output[str], namespace: str) -> pulumi.ResourceHookBinding:
    """Remove Helm's records of an install or upgrade of `namespace`/`namespace` that never ended.

    With them Helm refuses to continue ("cannot re-use a name", "another operation is in progress"). Without
    them it takes over the objects that carry the release's name, so nothing is lost.
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
    """Delete Helm's records of the release `name`, or only those of operations that never ended."""
    api = client.CoreV1Api(client_of(kubeconfig))
    records: list[Any] = api.list_namespaced_secret(name, label_selector=f"owner=helm,name={name}").items
    for record in records:
        if not only_pending or record.metadata.labels["status"].startswith("pending-"):
            api.delete_namespaced_secret(record.metadata.name, name)
