"""The Pod Security Standard `restricted`: namespaces that enforce it, and a pod that keeps to it."""

from __future__ import annotations

from typing import Any

_LEVEL = "pod-security.kubernetes.io/enforce"
ENFORCED = {_LEVEL: "restricted"}
"""Label of a namespace that admits no other pods."""
EXCEPTIONS = {
    # The server opens files by their handles (CAP_DAC_READ_SEARCH, CAP_SYS_RESOURCE) and sets quotas of the
    # file system (CAP_SYS_ADMIN). 2i2c's chart asks for all privileges; `baseline` would refuse one of these
    # three, too. Only where gateway:hub.shared or storage nfs wants it; no user's pod is in this namespace.
    "home-nfs": "privileged",
}
"""The namespaces that admit more, and by which standard."""


def enforced(namespace: str) -> dict[str, str]:
    """The label of a namespace: by which standard it admits pods."""
    return {_LEVEL: EXCEPTIONS[namespace]} if namespace in EXCEPTIONS else ENFORCED


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
