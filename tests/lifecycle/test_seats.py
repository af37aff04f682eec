"""A workshop's nodes come before it and go after it, by themselves; users push its seats aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.settings.schedule import FORM
from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import without_seats
from tests.lifecycle.test_node_groups import nodes, workshop
from tests.stack import Gateway

SEATS, USERS = 3, 2
LONG_S = 600
"""Until a workshop has begun, or has ended; a CronJob knows no seconds."""


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway without a seat, whose users' group has one node."""
    return without_seats(new_gateway("seats"))


def at(minutes: int) -> str:
    """The time in so many minutes, as the settings have it."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime(FORM)


def seats(gateway: Gateway) -> list[Any]:
    """The pods that keep the workshop's seats."""
    return list(gateway.kubectl("get", "pods", "-n", "jhub", "-l", "component=workshop")["items"])


def test_nodes_come_for_a_workshop_and_go_after_it(gateway: Gateway) -> None:
    planned: dict[str, Any] = {"name": "school", "seats": SEATS, "zone": "UTC", "begin": at(9), "end": at(12)}
    gateway.change(lambda config: config.update({"gateway:schedule": [{**planned, "leadMinutes": 5}]}))
    assert "service units of gateway:schedule: " in gateway.up()
    assert (len(nodes(gateway)), seats(gateway)) == (1, []), "it has not begun"

    eventually(lambda: len(nodes(gateway)) == SEATS, timeout_s=LONG_S)
    running = "--for=jsonpath={.status.phase}=Running"
    gateway.wait("-n", "jhub", running, "pods", "-l", "component=workshop")
    assert datetime.now(UTC).strftime(FORM) < planned["begin"], "the nodes are there before it begins"
    gateway.up("--refresh", "--expect-no-changes")

    workshop(gateway, "apply")
    eventually(lambda: len(seats(gateway)) == SEATS - USERS)
    gateway.up("--expect-no-changes")
    assert len(seats(gateway)) == SEATS - USERS, "a seat that is taken does not come back"
    assert len(nodes(gateway)) == SEATS, "nor does it add a node"

    eventually(lambda: len(nodes(gateway)) == USERS, timeout_s=LONG_S)
    assert datetime.now(UTC).strftime(FORM) >= planned["end"]
    assert seats(gateway) == []
    workshop(gateway, "delete")
    eventually(lambda: len(nodes(gateway)) == 1)
