"""One way to install a chart: into a namespace that is a resource of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pulumi_command as command
from pulumi_kubernetes import core, helm

from components.charts.drift import Change
from components.charts.records import release_hooks
from components.charts.versions import Chart
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.restricted import enforced
from components.settings.errors import Mistake
from components.task import task


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """Where charts come from, and how long an install may take."""

    folder: str | None
    """A folder with all charts by name; None for their repositories."""
    timeout_minutes: int
    drift: Mapping[str, Sequence[Change]]
    """What someone changed by hand in each release."""


def folder_mistakes(folder: str | None, charts: Iterable[Chart]) -> list[Mistake]:
    """That the settings name a folder without one of `charts`."""
    missing = [
        chart.name for chart in charts if folder and not (Path(folder) / chart.name / "Chart.yaml").exists()
    ]
    if not missing:
        return []
    rule = f"must be a folder with the charts {', '.join(missing)}; it has no Chart.yaml of them"
    return [Mistake(key="gateway:charts", rule=rule, value=folder)]


def version_mistakes(kubernetes: str | None, charts: Iterable[Chart]) -> list[Mistake]:
    """That the cluster's version of Kubernetes is too old for one of `charts`, where it is known."""
    known = re.match(r"(\d+)\.(\d+)", kubernetes or "")
    has = (int(known[1]), int(known[2])) if known else None
    old = [chart for chart in charts if has and has < chart.kubernetes]
    needs = ", ".join(f"{chart.name} {chart.kubernetes[0]}.{chart.kubernetes[1]}" for chart in old)
    rule = f"must have a newer Kubernetes than {kubernetes}: the charts need at least {needs}"
    return [Mistake(key="gateway:cluster.template", rule=rule)] if old else []


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A release and the namespace that it is in."""

    namespace: core.v1.Namespace
    release: helm.v3.Release
    healed: pulumi.Output[str]
    """When objects of the release were last put back, else empty; what looks at them looks again."""


def install(
    component: pulumi.ComponentResource,
    name: str,
    *,
    chart: Chart,
    source: ChartSource,
    values: Mapping[str, Any],
    cluster: MagnumCluster,
    before: Callable[[core.v1.Namespace], Sequence[pulumi.Resource]] = lambda _: (),
    after: Sequence[pulumi.Resource] = (),
) -> Installed:
    """Install `chart` with `values`, as children of `component`.

    before: creates what must be in the namespace before the release, and must outlive it.
    after: what must outlive the pods of the namespace.

    On the way down the Namespace is the gate: the deletion of a release returns before its objects are gone,
    that of a namespace only when everything in it is gone, load balancers included.
    A failed install leaves nothing behind.

    The namespace takes only pods that keep to the Pod Security Standard "restricted", but for
    components.cluster.restricted.EXCEPTIONS.
    """
    namespace = chart.release
    place = core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": namespace, "labels": enforced(namespace)},
        opts=pulumi.ResourceOptions(
            parent=component,
            provider=cluster.provider,
            depends_on=list(after),
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(delete="30m"),
        ),
    )
    options = pulumi.ResourceOptions(
        parent=component,
        provider=cluster.provider,
        depends_on=before(place),
        # A successor of the same name would be installed over the old release, and go with it.
        delete_before_replace=True,
        hooks=release_hooks(cluster.kubeconfig, namespace),
        custom_timeouts=pulumi.CustomTimeouts(
            create=f"{source.timeout_minutes}m", update=f"{source.timeout_minutes}m", delete="30m"
        ),
    )
    release = helm.v3.Release(
        f"{name}-release",
        name=namespace,
        namespace=place.metadata.name,
        values=dict(values),
        atomic=True,
        timeout=source.timeout_minutes * 60,
        opts=options,
        **_where(chart, source),
    )
    healed = _heal(component, name, chart=chart, source=source, cluster=cluster, release=release)
    return Installed(namespace=place, release=release, healed=healed)


def _where(chart: Chart, source: ChartSource) -> dict[str, Any]:
    """Where Helm takes the chart from: a folder, a registry, or a repository."""
    if source.folder:
        return {"chart": str(Path(source.folder) / chart.name)}
    if chart.repository.startswith("oci://"):
        return {"chart": f"{chart.repository}/{chart.name}", "version": chart.version}
    repository = helm.v3.RepositoryOptsArgs(repo=chart.repository)
    return {"chart": chart.name, "version": chart.version, "repository_opts": repository}


def _heal(
    component: pulumi.ComponentResource,
    name: str,
    *,
    chart: Chart,
    source: ChartSource,
    cluster: MagnumCluster,
    release: helm.v3.Release,
) -> pulumi.Output[str]:
    """Shows in a preview what someone changed by hand, and puts it back in `up`; when that was last.

    Helm itself would not: the engine upgrades a release only when its values or its version change.
    """
    changes = source.drift.get(chart.release, ())
    for change in changes:
        pulumi.log.warn(f"changed by hand: {change}; `pulumi up` puts it back", component)
    healed = command.local.Command(
        f"{name}-drift",
        create=task("heal", chart.release),
        stdin=cluster.kubeconfig,
        environment={
            "CHANGES": "\n".join(map(str, changes)),
            # The same change may be made twice; it is put back twice.
            "SEEN": datetime.now(UTC).isoformat(timespec="seconds") if changes else "",
        },
        logging=command.local.Logging.STDERR,
        opts=pulumi.ResourceOptions(
            parent=component,
            depends_on=[release],
            # Without a change there is nothing to run, and nothing to show.
            ignore_changes=None if changes else ["environment"],
        ),
    )
    # The kubeconfig on standard input would make a secret of it.
    return pulumi.Output.unsecret(healed.stdout)
