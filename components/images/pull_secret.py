"""The login with which nodes pull images that are not public."""

from __future__ import annotations

import base64

import pulumi
from pulumi_kubernetes import core

PULL_SECRET = "gateway-registry"  # noqa: S105  (a name)


def pull_secret(
    name: str,
    *,
    namespace: pulumi.Input[str],
    registry: str,
    user: str,
    password: pulumi.Output[str],
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
) -> core.v1.Secret:
    """The Secret PULL_SECRET, for pods to name among their imagePullSecrets.

    registry: host, perhaps with a path. The chart could create such a Secret, but as a Helm hook. That one
    stays when the login is removed from the settings, and does not come back when somebody deletes it.
    """
    host = registry.partition("/")[0]
    login = pulumi.Output.json_dumps({"auths": {host: {"username": user, "password": password}}})
    encoded = login.apply(lambda text: base64.b64encode(text.encode()).decode())
    return core.v1.Secret(
        name,
        metadata={"name": PULL_SECRET, "namespace": namespace},
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": encoded},
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=provider,
            # The provider replaces a Secret whose data changes; the old one, deleted last, would take the new
            # one of its name with it.
            delete_before_replace=True,
        ),
    )
