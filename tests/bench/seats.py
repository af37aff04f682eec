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
SEATS = (0, 8)
GROUP, FLAVOR, MOST = "desks", "m3.large", 20
DESKTOP = "metview"
NAMESPACE = "jhub"
PLACEHOLDERS, WORKSHOP = "user-placeholder", "workshop"
"""The components whose pods keep seats: those of `gateway:seats`, and those of a workshop."""
BOUND = 8
"""SU an hour and desktop: what an m3.medium for each user would cost."""
LONG_S = 240
"""Until nodes came or went, in this machine's seconds."""
NOTE = f"""
Real: API server, scheduler, the chart's placeholders and priorities, the workshop's Job, sizes and node group
as the program makes them, and the record of servers that `make cost` reads.
Simulated: the users (a pod each, as KubeSpawner makes it), the nodes, the 5 minutes that one takes, and the
autoscaler's decisions. No image is pulled, and no application starts.
A minute takes {60 * SCALE:g} s here, so the control plane's own time counts {1 / SCALE:g} times too much.
"""
console = Console(highlight=False, soft_wrap=True)


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
        begin, end = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d %H:%M}" for days in (1, 2))
        school = {"name": "school", "seats": USERS, "zone": "UTC", "begin": begin, "end": end}
        values["gateway:schedule"] = [school]

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
        apps = client.AppsV1Api(self.api)
        for replicas in (0, seats):
            scale = {"spec": {"replicas": replicas}}
            apps.patch_namespaced_stateful_set_scale(PLACEHOLDERS, NAMESPACE, scale)
            self._settle(PLACEHOLDERS, replicas)

    def workshop(self) -> None:
        """Start the workshop's Job, as its CronJob would, and wait until its nodes are there."""
        self.keep(0)
        words = ("create", "job", "school", "--from=cronjob/workshop-school", "-n", NAMESPACE)
        self.gateway.run("kubectl", "--kubeconfig", str(self.gateway.kubeconfig), *words)
        self._settle(WORKSHOP, USERS)

    def _settle(self, component: str, seats: int) -> None:
        wanted = (max(1, self.room.nodes(seats)), seats)
        eventually(lambda: (self.nodes(), self._placed(component)) == wanted, timeout_s=LONG_S)

    def _placed(self, component: str) -> int:
        selector = f"component={component}"
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
        nodes, su = self._used(since)
        waits = [(placed[name] - moment) / SCALE for name, moment in asked.items()]
        core.delete_collection_namespaced_pod(NAMESPACE, label_selector="component=singleuser-server")
        return Class(waits=waits, nodes=nodes, su=su)

    def _used(self, since: datetime) -> tuple[int, float]:
        """The users' nodes, those to come too, and SU of the class's hour: nodes stay to its end."""
        end = since + timedelta(seconds=CLASS_S * SCALE)
        known = [
            server
            for server in servers(connected(self.gateway.env), self.gateway.name, since, datetime.now(UTC))
            if server.machine.startswith(f"{GROUP}-")
        ]
        hours = sum(((one.ended or end) - max(one.started, since)) / timedelta(hours=SCALE) for one in known)
        return sum(1 for one in known if one.ended is None), hours * SITE.su_per_hour[FLAVOR]


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


def row(name: str, before: int, seen: Class) -> list[str]:
    """One class as the table shows it. before: how many nodes there are when it comes."""
    cuts = statistics.quantiles(seen.waits, n=20, method="inclusive")
    minutes = (cuts[9] / 60, cuts[18] / 60, max(seen.waits) / 60)
    rate = before * SITE.su_per_hour[FLAVOR]
    return [name, *(f"{one:.1f}" for one in minutes), str(seen.nodes), f"{seen.su:.0f}", f"{rate:g}"]


def main() -> None:
    """Measure and print."""
    table = Table(
        *("seats", "p50", "p95", "longest", "nodes", "SU in its hour", "SU an hour before"),
        title=f"{USERS} users log in within {ARRIVE_S // 60} minutes; from login to place, minutes",
    )
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "stack")
        folder.mkdir()
        home = Path(temporary, "sandbox")
        with started(home, SANDBOX_REAL_NODES="0", SANDBOX_TIME_SCALE=str(SCALE)) as env:
            gateway = laid_out(folder, env)
            api = client_of(gateway.kubeconfig.read_text(encoding="utf-8"))
            bench = Bench(gateway=gateway, api=api, room=room_of(gateway))
            for seats in SEATS:
                bench.keep(seats)
                before = bench.nodes()
                table.add_row(*row(f"gateway:seats {seats}", before, bench.arrive()))
            bench.workshop()
            before = bench.nodes()
            table.add_row(*row(f"a workshop of {USERS}", before, bench.arrive()))
    console.print(table)
    per_node = bench.room.per_node
    console.print(
        f"{DESKTOP}, {per_node} to an {FLAVOR}: {math.ceil(USERS / per_node)} nodes hold the class, of {MOST}"
        f" at most. An m3.medium for each user would be {BOUND * USERS} SU an hour.\n{NOTE}"
    )


if __name__ == "__main__":
    main()
