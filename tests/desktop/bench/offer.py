"""Profiles of the stacks in the gateway's hub, beside its own."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence

from sandbox.layout import CHARTS
from tests.desktop.bench.stacks import Stack
from tests.desktop.gateway import Gateway
from tests.desktop.pod import NAMESPACE


def title(stack: Stack) -> str:
    """Of the stack's profile."""
    # Found by its text in the hub's page, so none is the beginning of another.
    return f"Bench: {stack.application}, {stack.name}."


def offer(gateway: Gateway, stacks: Sequence[Stack]) -> None:
    """Have the hub offer the stacks, each as a profile."""
    helm = ["helm", "--kubeconfig", str(gateway.stack.kubeconfig), "--namespace", NAMESPACE]
    values = json.loads(gateway.stack.run(*helm, "get", "values", NAMESPACE, "-o", "json").stdout)
    values["singleuser"]["profileList"] += [
        {
            "display_name": title(stack),
            "slug": f"bench-{stack.application}-{re.sub('[^a-z]+', '-', stack.name.lower())}",
            "kubespawner_override": dict(stack.override),
        }
        for stack in stacks
    ]
    upgrade = [*helm, "upgrade", NAMESPACE, str(CHARTS / "jupyterhub"), "--values=-", "--wait"]
    done = subprocess.run(
        upgrade, env=gateway.stack.env, input=json.dumps(values), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
