"""A user's server in the cluster: when it did what, and what is wrong with it."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from typing import Any

from sandbox import shell

NAMESPACE = "jhub"


def kubectl(*words: str) -> str:
    """What `kubectl` prints about the hub's namespace; nothing where it fails."""
    done = subprocess.run(
        ["kubectl", "--namespace", NAMESPACE, *words],
        env={**os.environ, **shell.environment()},
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout


def pod(user: str) -> dict[str, Any]:
    """The Pod of the user's server; empty while there is none."""
    selector = f"component=singleuser-server,hub.jupyter.org/username={user}"
    found: list[dict[str, Any]] = json.loads(
        kubectl("get", "pods", "-l", selector, "-o", "json") or "{}"
    ).get("items", [])
    return found[0] if found else {}


def times(server: dict[str, Any]) -> dict[str, datetime]:
    """When the Pod was made, scheduled, had its images, and ran; Kubernetes gives whole seconds."""
    name = server["metadata"]["name"]
    events = json.loads(
        kubectl("get", "events", f"--field-selector=involvedObject.name={name}", "-o", "json")
    )
    pulled = [event["lastTimestamp"] for event in events["items"] if event["reason"] == "Pulled"]
    since = {one["type"]: one["lastTransitionTime"] for one in server["status"]["conditions"]}
    known = {
        "asked for": server["metadata"]["creationTimestamp"],
        "scheduled": since.get("PodScheduled"),
        "pulled": max(pulled, default=None),
        "started": since.get("Ready"),
    }
    return {what: datetime.fromisoformat(when) for what, when in known.items() if when}


def trouble(user: str) -> str:
    """What an operator looks at: the Pod's events, and the last lines of its containers and of the hub."""
    server = pod(user)
    hub = f"hub:\n{kubectl('logs', 'deployment/hub', '--tail=15')}"
    if not server:
        return f"{user} has no pod.\n{kubectl('get', 'pods')}\n{hub}"
    name = server["metadata"]["name"]
    events = kubectl("get", "events", f"--field-selector=involvedObject.name={name}")
    logs = kubectl("logs", name, "--all-containers", "--prefix", "--tail=10")
    return f"{name}:\n{events}\n{logs}\n{hub}"
