"""The application credential that Magnum makes for each cluster, and deletes with it."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

from typing import Any

from magnum.common import clients
from magnum.common.context import make_admin_context
from magnum.objects import Cluster

from sandbox.clusters import spec


def make(context: Any, cluster: Cluster) -> None:
    """Ask Keystone for it in the caller's name, so that Keystone's own refusal is what the caller reads."""
    identity = clients.OpenStackClients(context).keystone().client
    made = identity.create_application_credential(
        user=cluster.user_id,
        name=f"magnum-{cluster.uuid}",
        description=f"Magnum cluster ({cluster.uuid})",
    )
    path = spec.folder(cluster.uuid) / "credential.json"
    spec.write(path, spec.Credential(id=made.id, secret=made.secret))


def drop(cluster: spec.Cluster) -> None:
    """Delete it, as the administrator that Magnum is."""
    credential = spec.credential(cluster.uuid)
    if credential is not None:
        identity = clients.OpenStackClients(make_admin_context(all_tenants=True)).keystone().client
        identity.delete_application_credential(cluster.user_id, credential.id, ignore_missing=True)
