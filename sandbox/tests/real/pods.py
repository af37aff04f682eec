"""Pods that say their name over HTTP, or ask another one for its own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sandbox.tests.magnum import Kubectl

IMAGE = "registry.k8s.io/answer:1"
"""A name that the registry here has as if it were the real one."""
GROUP = "capi.stackhpc.com/node-group"


def pod(name: str, *arguments: str, group: str = "default-worker", **spec: Any) -> dict[str, Any]:
    """A Pod on a node of `group`: a server, or with an address as argument one that asks there."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "nodeSelector": {GROUP: group},
            "containers": [{"name": "answer", "image": IMAGE, "args": list(arguments)}],
            **spec,
        },
    }


def service(name: str) -> dict[str, Any]:
    """A Service of the server pod with the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def ready(kubectl: Kubectl, name: str) -> None:
    """Wait until the pod answers."""
    _wait(kubectl, "condition=ready", name)


def asked(kubectl: Kubectl, url: str, *, name: str = "asker") -> str:
    """What a new pod is answered at `url`; the test fails where nothing is.

    A node learns of a Service's new pod a moment after the pod is ready, so a refused asker starts again.
    """
    kubectl.apply(pod(name, url, restartPolicy="OnFailure"))
    _wait(kubectl, "jsonpath={.status.phase}=Succeeded", name)
    said = kubectl.run("logs", name)
    kubectl.run("delete", "pod", name)
    return said


def answered(kubectl: Kubectl, name: str, url: str) -> str:
    """What the running pod `name` is answered at `url` now; empty where nothing answers."""
    with suppress(AssertionError):
        return kubectl.run("exec", name, "--", "/answer", url)
    return ""


def _wait(kubectl: Kubectl, condition: str, name: str) -> None:
    try:
        kubectl.run("wait", f"--for={condition}", f"pod/{name}", "--timeout=60s")
    except AssertionError as error:
        error.add_note(kubectl.run("describe", "pod", name) + kubectl.run("logs", name))
        raise
