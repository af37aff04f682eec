"""Objects that the tests put into a cluster, and what they look for in it."""

from __future__ import annotations

from typing import Any

from sandbox.tests.magnum import Kubectl, eventually


def service(namespace: str, **spec: Any) -> dict[str, Any]:
    annotations = spec.pop("annotations", {})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "front", "namespace": namespace, "annotations": annotations},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}], **spec},
    }


def address(kubectl: Kubectl, namespace: str, name: str = "front") -> str:
    """The address of a Service's load balancer, once it has one."""

    def look() -> str:
        ingress = kubectl.get("service", name, "-n", namespace)["status"]["loadBalancer"].get("ingress")
        return str(ingress[0]["ip"]) if ingress else ""

    return eventually(look)


def workload(namespace: str, name: str, *, replicas: int = 1, **pod: Any) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "any", **pod.pop("container", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}},
        },
    }


def node_names(kubectl: Kubectl, group: str) -> list[str]:
    found = kubectl.get("nodes", "-l", f"capi.stackhpc.com/node-group={group}")["items"]
    return [one["metadata"]["name"] for one in found]
