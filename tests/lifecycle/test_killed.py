"""The engine is killed at ten points of its run; one more `up` and all is as if nothing had happened.

Most of a run is waiting, so the ten gateways run side by side, four at a time.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from openstack.connection import Connection

from tests.lifecycle.end_state import end_state
from tests.stack import Gateway

AT_ONCE = 4
POINTS = {
    "address": "address-floating-ip",
    "cluster": "magnum",
    "kubeconfig": "kubeconfig",
    "namespace": "ingress-namespace",
    "group": "mediums-magnum",
    "ingress": "ingress-release",
    "issuer": "certificates-staging",
    "record": "record-a",
    "hub": "hub-release",
    "wait": "certificate-ready",
}
"""Where the engine is killed, by what it has just begun to make; the name less the gateway's own."""
MAKES = ("create", "create-replacement")
WITH_PLUGINS = ("ingress", "hub")
"""Where a second later its plugins are killed too: Helm is then in the middle of an install."""


def begins(log: Path, resource: str) -> bool:
    """Whether the engine has begun to make this resource."""
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            event = json.loads(line).get("resourcePreEvent")
        except json.JSONDecodeError:
            continue  # half a line
        about = event["metadata"] if event else {"urn": ""}
        if about["urn"].endswith(f"::{resource}") and about["op"] in MAKES:
            return True
    return False


def up_killed(gateway: Gateway, resource: str, *, with_plugins: bool) -> None:
    """Begin `pulumi up` and kill the engine just after it began to make `resource`."""
    log = gateway.folder / "events.json"
    engine = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--event-log", str(log), "--stack", gateway.name],
        cwd=gateway.folder,
        env={**gateway.env, "PULUMI_DEBUG_COMMANDS": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 240
    while not begins(log, resource):
        assert engine.poll() is None, engine.communicate()[0]
        assert time.monotonic() < deadline, f"{resource} was not begun"
        time.sleep(0.01)
    plugins = psutil.Process(engine.pid).children(recursive=True) if with_plugins else []
    time.sleep(1 if with_plugins else 0)
    engine.kill()
    for plugin in plugins:
        with suppress(psutil.NoSuchProcess):
            plugin.kill()
    engine.wait()
    gateway.pulumi("cancel", "--yes")


@pytest.fixture(scope="module")
def outcomes(new_gateway: Callable[[str], Gateway], cloud: Connection) -> Iterator[dict[str, Future[Any]]]:
    """The end state of a gateway for each point, and of one that nobody disturbed."""

    def run(point: str, gateway: Gateway) -> dict[str, Any]:
        try:
            if point in POINTS:
                up_killed(gateway, f"{gateway.name}-{POINTS[point]}", with_plugins=point in WITH_PLUGINS)
            gateway.up()
            # The engine keeps the operations that it could not end in mind until it is told to forget them.
            gateway.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
            return end_state(gateway, cloud)
        finally:
            gateway.pulumi("destroy", "--yes", "--skip-preview")

    gateways = {point: new_gateway(f"at-{point}") for point in ("nothing", *POINTS)}
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        yield {point: pool.submit(run, point, gateway) for point, gateway in gateways.items()}


@pytest.mark.parametrize("point", POINTS)
def test_engine_killed(outcomes: dict[str, Future[Any]], point: str) -> None:
    assert outcomes[point].result() == outcomes["nothing"].result()
