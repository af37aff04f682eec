"""How long a class waits for its desktops, with and without seats, and what that costs.

A gateway of the unchanged program in a sandbox of its own, whose nodes are all kwok's. Its output says what
is real. `python -m tests.bench.seats` (`make bench-seats`).
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from kubernetes import client, watch
from rich.console import Console
from rich.table import Table

from components.cloud.flavors import by_name
from components.cluster.access import client_of
from components.cost.usage import servers
from components.hub.catalogue import load_catalogue
from components.seats.room import Room, room_by
from components.settings.load import check
from components.settings.secrets import SECRETS
from components.site import SITE
from sandbox.tests.fixtures import connected, started
from sandbox.tests.magnum import eventually
from tests.lifecycle.conftest import PUBLISHED
from tests.stack import Gateway

SCALE = 0.05
"""A minute of the cloud takes 3 s. What the control plane takes itself counts 20 times too much."""
USERS, ARRIVE_S, CLASS_S = 60, 300, 3600
RUNS = {"none": 0, "gateway:seats: 8": 8, "a workshop of 60": USERS}
GROUP, FLAVOR, MOST = "desks", "m3.large", 20
DESKTOP = "metview"
NAMESPACE = "jhub"
PLACEHOLDERS = "user-placeholder"
BOUND = 8
"""SU an hour and desktop: what an m3.medium for each user would cost."""
LONG_S = 240
"""Until nodes came or went, in this machine's seconds."""
NOTE = f"""
Real: API server, scheduler, the chart's placeholders and priorities, sizes and node group as the program
makes them, and the record of servers that `make cost` reads.
Simulated: the users (a pod each, as KubeSpawner makes it), the nodes, the 5 minutes that one takes, and the
autoscaler's decisions. No image is pulled, and no application starts.
A minute takes {60 * SCALE:g} s here, so the control plane's own time counts {1 / SCALE:g} times too much.
"""
console = Console(highlight=False)


@dataclass(frozen=True, kw_only=True)
class Class:
    """What a class of USERS saw."""

    waits: list[float]
    """Seconds of the cloud from each login to a place on a node that is ready."""
    nodes: int
    su: float
    """Of the users' nodes, in the hour from the first login on."""


def laid_out(folder: Path, env: dict[str, str]) -> Gateway:
    """A gateway whose users' nodes hold several desktops each."""
    gateway = Gateway.laid_out("class", folder, env)

    def change(values: dict[str, Any]) -> None:
        values["gateway:nodeGroups"] = [{"name": GROUP, "flavor": FLAVOR, "min": 1, "max": MOST}]
        values["gateway:hub"].update(desktops=[DESKTOP], nodeGroup=GROUP, profiles={})
        values.update({"gateway:seats": 1, "gateway:images": {"published": PUBLISHED}})

    gateway.change(change)
    gateway.pulumi("stack", "init")
    gateway.up()
    return gateway


@dataclass
class Bench:
    """The class's room, and the cluster that it is in."""

    gateway: Gateway
    api: client.ApiClient
    room: Room

    def nodes(self) -> int:
        """How many nodes the users' group has."""
        selector = f"capi.stackhpc.com/node-group={GROUP}"
        return len(client.CoreV1Api(self.api).list_node(label_selector=selector).items)

    def keep(self, seats: int) -> None:
        """Keep these seats, with as many nodes as they need and no more."""
        self._scale(0)
        self._scale(seats)

    def _scale(self, seats: int) -> None:
        apps = client.AppsV1Api(self.api)
        apps.patch_namespaced_stateful_set_scale(PLACEHOLDERS, NAMESPACE, {"spec": {"replicas": seats}})
        wanted = max(1, self.room.nodes(seats))
        eventually(lambda: (self.nodes(), self._placed()) == (wanted, seats), timeout_s=LONG_S)

    def refill_none(self) -> None:
        """From now on a seat that a user takes does not come back, as in a workshop."""
        client.AppsV1Api(self.api).delete_namespaced_stateful_set(
            PLACEHOLDERS, NAMESPACE, propagation_policy="Orphan"
        )

    def _placed(self) -> int:
        selector = f"component={PLACEHOLDERS}"
        core: Any = client.CoreV1Api(self.api)
        pods = core.list_namespaced_pod(NAMESPACE, label_selector=selector).items
        return sum(1 for pod in pods if pod.spec.node_name)

    def pod(self, number: int) -> dict[str, Any]:
        """A user's pod, as large as a seat."""
        size = {"cpu": f"{1000 * self.room.seat.cpu:.0f}m", "memory": f"{self.room.seat.gib}Gi"}
        restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        notebook = {"name": "notebook", "image": "notebook", "securityContext": restricted}
        return {
            "metadata": {
                "name": f"jupyter-user{number}",
                "labels": {"app": "jupyterhub", "component": "singleuser-server"},
                "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            },
            "spec": {
                "priorityClassName": "jhub-default-priority",
                "schedulerName": "jhub-user-scheduler",
                "nodeSelector": {"capi.stackhpc.com/node-group": GROUP},
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{**notebook, "resources": {"requests": size}}],
            },
        }

    def arrive(self) -> Class:
        """Have the class log in, wait until each has a place, and let it go again."""
        core: Any = client.CoreV1Api(self.api)
        since = datetime.now(UTC)
        asked: dict[str, float] = {}
        placed: dict[str, float] = {}

        def look() -> None:
            for name in placements(client.CoreV1Api(self.api)):
                placed.setdefault(name, time.monotonic())
                if len(placed) == USERS:
                    return

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        begin = time.monotonic()
        for number in range(USERS):
            due = begin + number * ARRIVE_S * SCALE / USERS
            time.sleep(max(0.0, due - time.monotonic()))
            pod = self.pod(number)
            asked[pod["metadata"]["name"]] = time.monotonic()
            core.create_namespaced_pod(NAMESPACE, pod)
        watcher.join(LONG_S)
        assert len(placed) == USERS, f"{USERS - len(placed)} users have no place"
        seen = Class(
            waits=[(placed[name] - moment) / SCALE for name, moment in asked.items()],
            nodes=self.nodes(),
            su=self._su(since),
        )
        core.delete_collection_namespaced_pod(NAMESPACE, label_selector="component=singleuser-server")
        return seen

    def _su(self, since: datetime) -> float:
        """SU of the class's hour: what is there now stays to its end, since users keep their nodes."""
        end = since + timedelta(seconds=CLASS_S * SCALE)
        known = servers(connected(self.gateway.env), self.gateway.name, since, datetime.now(UTC))
        hours = sum(
            (min(server.ended or end, end) - max(server.started, since)).total_seconds() / 3600 / SCALE
            for server in known
            if server.machine.startswith(f"{GROUP}-")
        )
        return hours * SITE.su_per_hour[FLAVOR]


def room_of(gateway: Gateway) -> Room:
    """The room for seats by the gateway's settings, as the program reckons it."""
    config = yaml.safe_load(gateway.settings.read_text(encoding="utf-8"))["config"]
    told = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("gateway:")}
    settings = check({key: value for key, value in told.items() if key not in SECRETS})
    flavors = by_name(connected(gateway.env).compute.flavors(details=True))
    room = room_by(settings, load_catalogue(), flavors)
    assert room is not None
    return room


def placements(core: client.CoreV1Api) -> Iterator[str]:
    """The users' pods as they get their nodes."""
    users = "component=singleuser-server"
    watching: Any = watch.Watch()  # type: ignore[no-untyped-call]
    for event in watching.stream(core.list_namespaced_pod, NAMESPACE, label_selector=users):
        if event["object"].spec.node_name:
            yield event["object"].metadata.name


def main() -> None:
    """Measure and print."""
    table = Table(
        *(
            "seats",
            "p50 min",
            "p95 min",
            "longest min",
            "nodes",
            "SU in the class's hour",
            "SU an hour before it",
        ),
        title=f"{USERS} users log in within {ARRIVE_S // 60} minutes, {DESKTOP} on up to {MOST} {FLAVOR}",
    )
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "stack")
        folder.mkdir()
        home = Path(temporary, "sandbox")
        with started(home, SANDBOX_REAL_NODES="0", SANDBOX_TIME_SCALE=str(SCALE)) as env:
            gateway = laid_out(folder, env)
            room = room_of(gateway)
            api = client_of(gateway.kubeconfig.read_text(encoding="utf-8"))
            bench = Bench(gateway=gateway, api=api, room=room)
            for name, seats in RUNS.items():
                bench.keep(seats)
                if seats == USERS:
                    bench.refill_none()
                seen = bench.arrive()
                cuts = statistics.quantiles(seen.waits, n=20, method="inclusive")
                minutes = [cuts[9] / 60, cuts[18] / 60, max(seen.waits) / 60]
                empty = max(1, room.nodes(seats)) * SITE.su_per_hour[FLAVOR]
                row = [*(f"{one:.1f}" for one in minutes), f"{seen.nodes}", f"{seen.su:.0f}", f"{empty:g}"]
                table.add_row(name, *row)
                console.print(f"{name}: done", style="dim")
    console.print(table)
    console.print(
        f"{room.per_node} desktops to a node: {math.ceil(USERS / room.per_node)} nodes hold the class."
        f" {BOUND} SU an hour and desktop would be {BOUND * USERS}.\n{NOTE}"
    )


if __name__ == "__main__":
    main()
