"""The application credential that Magnum makes for each cluster, and deletes with it."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import secrets
from typing import Any

from magnum.common import clients
from magnum.common.context import make_admin_context
from magnum.objects import Cluster
from openstack.exceptions import raise_from_response

from sandbox.clusters import spec


def make(context: Any, cluster: Cluster) -> None:
    """Ask Keystone for it in the caller's name, so that Keystone's own refusal is what the caller reads."""
    identity = clients.OpenStackClients(context).keystone().client
    made = identity.create_application_credential(
        user=cluster.user_id,
        name=f"magnum-{cluster.uuid}-{secrets.token_hex(4)}",
        description=f"Magnum cluster ({cluster.name or cluster.uuid})",
    )
    path = spec.folder(cluster.uuid) / "credential.json"
    spec.write(path, spec.Credential(id=made.id, secret=made.secret))


def trust(context: Any, cluster: Cluster) -> None:
    """Ask Keystone for a trust in the caller's name, as drivers do that make no credential.

    Keystone refuses that to every application credential, also an unrestricted one (LP#2150089).
    """
    identity = clients.OpenStackClients(context).keystone().client
    wanted = {
        "trustor_user_id": cluster.user_id,
        "trustee_user_id": cluster.user_id,
        "project_id": cluster.project_id,
        "impersonation": True,
        "roles": [{"name": "member"}],
    }
    raise_from_response(identity.post("/OS-TRUST/trusts", json={"trust": wanted}))


def drop(cluster: spec.Cluster) -> None:
    """Delete it, as the administrator that Magnum is."""
    credential = spec.credential(cluster.uuid)
    if credential is not None:
        identity = clients.OpenStackClients(make_admin_context(all_tenants=True)).keystone().client
        identity.delete_application_credential(cluster.user_id, credential.id, ignore_missing=True)
