"""One way to install a chart: into a namespace that is a resource of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes import core, helm

from components.charts.records import release_hooks
from components.charts.versions import Chart
from components.cluster.magnum_cluster import MagnumCluster


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where charts come from and how long an install may take."""

    folder: str | None
    """A folder with all charts by name; their own repositories where it is None."""
    timeout_minutes: int


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A release and the namespace that it is in."""

    namespace: core.v1.Namespace
    release: helm.v3.Release


def install(
    component: pulumi.ComponentResource,
    name: str,
    *,
    chart: Chart,
    source: ChartSource,
    namespace: str,
    values: Mapping[str, Any],
    cluster: MagnumCluster,
    before: Callable[[core.v1.Namespace], pulumi.Resource] | None = None,
) -> Installed:
    """Install `chart` with `values` as release and namespace `namespace`, as children of `component`.

    before: makes what must be in the namespace before the release, and stay until the release is gone.

    The Namespace is the gate on the way down: a release's deletion returns before its objects are gone, a
    namespace's only when all in it is, load balancers included. A failed install leaves nothing behind.
    """
    place = core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": namespace},
        opts=pulumi.ResourceOptions(
            parent=component, provider=cluster.provider, custom_timeouts=pulumi.CustomTimeouts(delete="30m")
        ),
    )
    options = pulumi.ResourceOptions(
        parent=component,
        provider=cluster.provider,
        depends_on=[before(place)] if before else None,
        hooks=release_hooks(cluster.kubeconfig, namespace),
        custom_timeouts=pulumi.CustomTimeouts(
            create=f"{source.timeout_minutes}m", update=f"{source.timeout_minutes}m", delete="30m"
        ),
    )
    where: dict[str, Any] = (
        {"chart": str(Path(source.folder) / chart.name)}
        if source.folder
        else {
            "chart": chart.name,
            "version": chart.version,
            "repository_opts": helm.v3.RepositoryOptsArgs(repo=chart.repository),
        }
    )
    release = helm.v3.Release(
        f"{name}-release",
        name=namespace,
        namespace=place.metadata.name,
        values=dict(values),
        atomic=True,
        timeout=source.timeout_minutes * 60,
        opts=options,
        **where,
    )
    return Installed(namespace=place, release=release)
