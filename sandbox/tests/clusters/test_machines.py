"""The autoscaler's last look at a node before it removes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.clusters.controller.workers.machines import Machines
from sandbox.clusters.controller.workers.nodes import Machine
from sandbox.tests.clusters.test_autoscaler import pod


class Api:
    """An API server with one node and the pods on it; `did` is what it was asked to change."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods, self.did = list(pods), list[Any]()

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1"
        return {"items": self.pods}

    def patch(self, path: str, body: dict[str, Any]) -> None:
        self.did.append((path, body["spec"]["unschedulable"]))

    def create(self, path: str, _: dict[str, Any]) -> None:
        self.did.append(path)


def drained(api: Api) -> bool:
    none: Any = SimpleNamespace(values=list, items={})
    machines = Machines("uuid", api, None, node=none, pod=none, budget=none)  # type: ignore[arg-type]
    return machines._drain(Machine("n1", "group", "server", "192.0.2.1", 0.0))


@pytest.mark.parametrize("came", [True, False])
def test_a_user_who_came_at_the_last_moment_keeps_the_node(came: bool) -> None:
    api = Api(*[pod(nodeName="n1")] * came)
    assert drained(api) is not came
    assert api.did == [("/api/v1/nodes/n1", True), ("/api/v1/nodes/n1", False)][: 1 + came]
