"""Rights in a cluster for the sandbox's own parts of it."""

from __future__ import annotations

from typing import Any

_GROUP = "rbac.authorization.k8s.io"


def grant(name: str, rules: list[dict[str, Any]], subject: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A ClusterRole and its binding to `subject`, both called `name`, by the path of their collections."""
    common = {"apiVersion": f"{_GROUP}/v1", "metadata": {"name": name}}
    role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": name}
    return {
        f"/apis/{_GROUP}/v1/clusterroles": {**common, "kind": "ClusterRole", "rules": rules},
        f"/apis/{_GROUP}/v1/clusterrolebindings": {
            **common,
            "kind": "ClusterRoleBinding",
            "roleRef": role,
            "subjects": [subject],
        },
    }


def user(name: str) -> dict[str, Any]:
    """Whoever has a client certificate with this name."""
    return {"apiGroup": _GROUP, "kind": "User", "name": name}
