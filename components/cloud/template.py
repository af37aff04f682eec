"""The cluster templates that the cloud offers, and the one that the gateway's cluster has or gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openstack.connection import Connection

from components.cloud.existing import ExistingCluster
from components.settings.errors import Mistake
from components.settings.model import Settings

KEY = "gateway:cluster.template"
ENFORCING = ("calico", "cilium")
"""The network plugins of Magnum that enforce NetworkPolicies."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A cluster template."""

    id: str
    name: str
    labels: Mapping[str, str]
    kubernetes: str | None
    """Its version of Kubernetes, without `v`; None where neither image nor label tells."""
    network_plugin: str


def find_templates(connection: Connection, settings: Settings, _: Any) -> list[Template]:
    """All templates. A name may be there twice."""
    return [
        Template(
            id=str(found.uuid),
            name=found.name,
            labels=found.labels or {},
            network_plugin=found.network_driver,
            kubernetes=_version(connection, found) if found.name == settings.cluster.template else None,
        )
        for found in connection.container_infrastructure_management.cluster_templates()
    ]


def choose(
    settings: Settings, templates: list[Template], cluster: ExistingCluster | None
) -> tuple[Template | None, list[Mistake]]:
    """The template of `cluster`, or of a new one; and what is wrong with its name in the settings."""
    wanted = settings.cluster.template
    if cluster is None:
        chosen = next((template for template in templates if template.name == wanted), None)
        offered = ", ".join(sorted(template.name for template in templates)) or "none"
        rule = f"must be a cluster template of this cloud ({offered})"
        return chosen, [] if chosen else [Mistake(key=KEY, rule=rule, value=wanted)]
    chosen = next((template for template in templates if template.id == cluster.template_id), None)
    if chosen is None or chosen.name == wanted:  # None: it is not offered any more, so nobody can tell
        return chosen, []
    rule = f"must be {chosen.name}, what the cluster has; `openstack coe cluster upgrade` changes it"
    return chosen, [Mistake(key=KEY, rule=rule, value=wanted)]


def template_warnings(template: Template | None) -> list[str]:
    """What a gateway lacks in a cluster of this template."""
    if template is None or template.network_plugin in ENFORCING:
        return []
    return [
        f"{KEY} has the network plugin {template.network_plugin}, which enforces no NetworkPolicy: users'"
        " pods reach each other and the cloud's metadata service;"
        f" a template with {' or '.join(ENFORCING)} keeps them apart"
    ]


def _version(connection: Connection, template: Any) -> str | None:
    """The image's property, which Magnum's driver goes by (magnum-capi-helm), or the template's label."""
    image: Any = connection.image.find_image(template.image_id)
    of_image = (image.properties or {}).get("kube_version") if image else None
    return str(of_image or (template.labels or {}).get("kube_tag") or "").removeprefix("v") or None
