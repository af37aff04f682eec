"""A gateway belongs to one stack, which keeps it under one name and in one zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from openstack.connection import Connection

from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import clusters, destroy, inventory, with_ids
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]
NAME = "owned"
ELSEWHERE = "elsewhere.sandbox.localhost."


@pytest.fixture(scope="module")
def gateway(new_gateway: NewGateway) -> Gateway:
    """A gateway that is up, with an address that outlives it."""
    gateway = new_gateway(NAME)
    gateway.change(lambda config: config.update({"gateway:keep": ["address"]}))
    gateway.up()
    return gateway


@pytest.fixture(scope="module")
def copy(gateway: Gateway, new_gateway: NewGateway) -> Gateway:
    """Another stack with the same settings."""
    other = new_gateway("copy")
    other.settings.write_text(gateway.settings.read_text(encoding="utf-8"), encoding="utf-8")
    return other


def own(gateway: Gateway) -> dict[str, str]:
    """What the stack's state has of the gateway, by name; the engine's own things are left out."""
    found = with_ids(gateway.resources())
    return {name: key for name, key in found.items() if name.startswith(f"{NAME}-")}


def refused(gateway: Gateway, cloud: Connection, *words: str) -> None:
    """`up` says this as its only mistake, and changes nothing."""
    before, known = inventory(cloud), own(gateway)
    shown = gateway.up(code=1)
    assert "1 mistake in the settings of this stack; nothing was changed" in shown
    for text in words:
        assert text in shown
    assert (inventory(cloud), own(gateway)) == (before, known)


def test_a_copied_stack_is_refused(gateway: Gateway, copy: Gateway, cloud: Connection) -> None:
    refused(
        copy, cloud, f"gateway:name: is the name of a gateway of the stack gateway/{NAME}; choose another."
    )
    gateway.up("--expect-no-changes")


def test_the_name_of_a_running_gateway_stays(gateway: Gateway, cloud: Connection) -> None:
    gateway.change(lambda config: config.update({"gateway:name": "other"}))
    refused(gateway, cloud, f"gateway:name: must stay {NAME}; for another one `pulumi stack init`")
    gateway.change(lambda config: config.update({"gateway:name": NAME}))


def test_the_zone_of_a_running_gateway_stays(gateway: Gateway, cloud: Connection) -> None:
    (old,) = [zone.name for zone in cloud.dns.zones()]
    zone = cloud.dns.create_zone(name=ELSEWHERE, email="hostmaster@sandbox.localhost", ttl=3600)
    gateway.change(lambda config: config.update({"gateway:zone": ELSEWHERE}))
    refused(gateway, cloud, f"gateway:zone: must stay {old}, where the gateway's record is")
    gateway.change(lambda config: config.update({"gateway:zone": old}))
    cloud.dns.delete_zone(zone)
    eventually(lambda: len(list(cloud.dns.zones())) == 1)


def test_a_renamed_stack_says_its_former_name(gateway: Gateway, copy: Gateway, cloud: Connection) -> None:
    gateway.pulumi("stack", "rename", "later")
    renamed = replace(gateway, name="later")
    said = f"gateway:renamed: {{from: gateway/{NAME}, to: gateway/later}}"
    refused(renamed, cloud, f"set {said}")
    former = {"gateway:renamed": {"from": f"gateway/{NAME}", "to": "gateway/later"}}
    renamed.change(lambda config: config.update(former))
    assert "replaced" not in renamed.up()
    renamed.up("--refresh", "--expect-no-changes")
    # The setting is good for that stack only, not for whoever copies its file.
    copy.settings.write_text(renamed.settings.read_text(encoding="utf-8"), encoding="utf-8")
    refused(copy, cloud, f"is the name of a gateway of the stack gateway/{NAME}")
    renamed.pulumi("stack", "rename", NAME)
    gateway.change(lambda config: config.pop("gateway:renamed"))
    gateway.up()


def test_what_is_kept_is_for_the_same_stack(gateway: Gateway, copy: Gateway, cloud: Connection) -> None:
    address = gateway.outputs()["ingress_ip"]
    destroy(gateway)
    assert not clusters(cloud, NAME)
    refused(copy, cloud, f"is the name of a gateway of the stack gateway/{NAME}")
    gateway.change(lambda config: config.update({"gateway:keep": []}))
    gateway.up()
    assert gateway.outputs()["ingress_ip"] == address
