"""Monitoring: Prometheus with Alertmanager, and Grafana, on the core's nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import core, networking, rbac

from components.charts.install import ChartSource, install
from components.charts.versions import GRAFANA, PROMETHEUS
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import node_selector
from components.hub.desktops import merge
from components.hub.jupyterhub_release import JupyterHubRelease
from components.monitoring import config
from components.settings.model import DEFAULT_WORKER, Settings

# Any: to match such literals with the SDK's types takes mypy minutes and gigabytes.
SAME_NAMESPACE: Any = {"pod_selector": {}}
FROM_GRAFANA: Any = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": GRAFANA.release}}}
ROLE: Any = [
    {"api_groups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},  # where kubelets are
    {"api_groups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},  # what they measure
]
"""What Prometheus may do in the cluster."""
ROLE_NAME = "gateway-prometheus"
ACCOUNT = {"kind": "ServiceAccount", "name": "prometheus-server", "namespace": PROMETHEUS.release}
"""Who Prometheus is, as its chart calls it."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """Arguments of Monitoring."""

    settings: Settings
    cluster: MagnumCluster
    hub: JupyterHubRelease
    """Whose metrics Prometheus reads."""
    secrets: Mapping[str, pulumi.Output[str]]
    """The stack's secrets by key."""
    charts: ChartSource


class Monitoring(pulumi.ComponentResource):
    """Nothing, or the Prometheus and the Grafana chart where `gateway:monitoring.enabled` is true."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Monitoring", name, None, opts)
        self._name, self._cluster = name, args.cluster
        if args.hub.metrics_token is not None:
            self._prometheus(args, args.hub.metrics_token)
            self._grafana(args)
        self.register_outputs({})

    def _prometheus(self, args: MonitoringArgs, token: pulumi.Output[str]) -> None:
        settings = args.settings
        scraped = pulumi.Output.json_dumps(config.scrape(token))
        rules = pulumi.Output.json_dumps(config.rules(settings.flavors.values()))
        told = pulumi.Output.json_dumps(config.alertmanager(settings.monitoring.mail, args.secrets))

        def before(namespace: core.v1.Namespace) -> Iterator[pulumi.Resource]:
            place = namespace.metadata.name
            yield self._secret(place, "prometheus-config", {"prometheus.yml": scraped, "rules.yml": rules})
            yield self._secret(place, "alertmanager-config", {"alertmanager.yml": told})
            yield self._closed(place, PROMETHEUS.release, but_for=[SAME_NAMESPACE, FROM_GRAFANA])
            yield from self._rights()

        values = config.prometheus_values(
            settings.monitoring, settings.hub.storage.class_, node_selector(DEFAULT_WORKER)
        )
        again = {
            "server": {"podAnnotations": _checksum(scraped, rules)},
            "alertmanager": {"podAnnotations": _checksum(told, token)},
        }
        install(
            self,
            f"{self._name}-prometheus",
            chart=PROMETHEUS,
            source=args.charts,
            values=merge(values, again),
            cluster=args.cluster,
            before=lambda namespace: list(before(namespace)),
        )

    def _grafana(self, args: MonitoringArgs) -> None:
        install(
            self,
            f"{self._name}-grafana",
            chart=GRAFANA,
            source=args.charts,
            values=config.grafana_values(node_selector(DEFAULT_WORKER)),
            cluster=args.cluster,
            before=lambda namespace: [self._closed(namespace.metadata.name, GRAFANA.release, but_for=[])],
        )

    def _rights(self) -> Iterator[pulumi.Resource]:
        metadata: Any = {"name": ROLE_NAME}
        subject: Any = ACCOUNT
        yield rbac.v1.ClusterRole(f"{self._name}-role", metadata=metadata, rules=ROLE, opts=self._options())
        yield rbac.v1.ClusterRoleBinding(
            f"{self._name}-binding",
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE_NAME},
            subjects=[subject],
            opts=self._options(),
        )

    def _secret(
        self, namespace: pulumi.Output[str], name: str, files: Mapping[str, pulumi.Output[str]]
    ) -> core.v1.Secret:
        return core.v1.Secret(
            f"{self._name}-{name}",
            metadata={"name": name, "namespace": namespace},
            string_data=files,
            opts=self._options(),
        )

    def _closed(
        self, namespace: pulumi.Output[str], name: str, *, but_for: Sequence[Any]
    ) -> networking.v1.NetworkPolicy:
        """Nobody reaches the pods of the namespace `but_for` these. `kubectl port-forward` is no such way."""
        spec: Any = {
            "pod_selector": {},
            "policy_types": ["Ingress"],
            "ingress": [{"from_": but_for}] if but_for else [],
        }
        return networking.v1.NetworkPolicy(
            f"{self._name}-{name}-policy",
            metadata={"name": "closed", "namespace": namespace},
            spec=spec,
            opts=self._options(),
        )

    def _options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self._cluster.provider, delete_before_replace=True
        )


def _checksum(*files: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
    """Annotation of the pods that read these files, so that a change of one makes new pods."""
    hashed: pulumi.Output[str] = pulumi.Output.all(*files).apply(
        lambda known: hashlib.sha256("\0".join(known).encode()).hexdigest()
    )
    # Nobody can guess a password by it, since the token is in it, too.
    return {"checksum/config": pulumi.Output.unsecret(hashed)}
