"""What has a fixed name in the cloud or in the cluster is deleted before its successor is created."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openstack.connection import Connection

from tests.lifecycle.end_state import in_the_cloud, in_the_cluster, in_the_state
from tests.stack import Gateway

NAME = "replaces"
UNNAMED = ("openstack:networking/floatingIp:FloatingIp", "pulumi:providers:kubernetes")
"""There may be two for a while: the cloud chooses the address, and a provider is nothing outside."""
APART = (
    ("magnum",),
    (
        "coredns",
        "metrics-server",
        "mediums-magnum",
        "record-a",
        "ingress-namespace",
        "certificates-namespace",
        "hub-namespace",
    ),
    ("ingress-attachment", "ingress-release", "certificates-release", "certificates-staging", "hub-release"),
)
"""Ends of URNs. None is replaced because of another one that stands beside it."""


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that is up."""
    gateway = new_gateway(NAME)
    gateway.up()
    return gateway


def named(gateway: Gateway) -> dict[str, str]:
    """URN of each thing in the cloud or the cluster whose name the program chooses, by that URN's end."""
    state = json.loads(gateway.run("pulumi", "stack", "export", "--stack", NAME).stdout)["deployment"]
    urns = [
        resource["urn"]
        for resource in state["resources"]
        if resource["custom"]
        and resource["type"].startswith(("openstack:", "kubernetes:"))
        and resource["type"] not in UNNAMED
    ]
    return {urn.split("::")[-1].removeprefix(f"{NAME}-"): urn for urn in urns}


def everything(gateway: Gateway, cloud: Connection) -> dict[str, Any]:
    """What the gateway is."""
    return {**in_the_state(gateway), **in_the_cloud(gateway, cloud), **in_the_cluster(gateway)}


def test_all_that_has_a_name_is_listed(gateway: Gateway) -> None:
    assert set(named(gateway)) == {suffix for suffixes in APART for suffix in suffixes}


@pytest.mark.parametrize("suffixes", APART)
def test_the_old_one_is_deleted_first(gateway: Gateway, suffixes: tuple[str, ...]) -> None:
    urns = [named(gateway)[suffix] for suffix in suffixes]
    words = [word for urn in urns for word in ("--replace", urn)]
    shown = gateway.run("pulumi", "preview", "--stack", NAME, "--json", "--show-replacement-steps", *words)
    steps: dict[str, list[str]] = {urn: [] for urn in urns}
    for step in json.loads(shown.stdout)["steps"]:
        steps.get(step["urn"], []).append(step["op"])
    assert steps == {urn: ["delete-replaced", "replace", "create-replacement"] for urn in urns}


@pytest.mark.parametrize(
    "suffix",
    ["hub-release", "ingress-release", "certificates-staging", "ingress-attachment", "hub-namespace"],
)
def test_what_is_replaced_is_there_afterwards(gateway: Gateway, cloud: Connection, suffix: str) -> None:
    before = everything(gateway, cloud)
    gateway.up("--replace", named(gateway)[suffix])
    assert everything(gateway, cloud) == before
    (address,) = [
        ip for ip in cloud.network.ips() if ip.floating_ip_address == gateway.outputs()["ingress_ip"]
    ]
    assert address.port_id
    gateway.up("--refresh", "--expect-no-changes")
