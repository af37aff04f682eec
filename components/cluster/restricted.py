"""The Pod Security Standard `restricted`: namespaces that enforce it, and a pod that keeps to it."""

from __future__ import annotations

from typing import Any

ENFORCED = {"pod-security.kubernetes.io/enforce": "restricted"}
"""Label of a namespace that admits no other pods."""


def restricted_pod(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The spec of a Job's pod with one container, as nobody and without any right in the cluster.

    spec: what else it has, as pulumi-kubernetes spells it.
    """
    return {
        "restart_policy": "Never",
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": 65534,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                **container,
                "security_context": {
                    "allow_privilege_escalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "read_only_root_filesystem": True,
                },
            }
        ],
        **spec,
    }
