"""A gateway belongs to one stack, under one name and in one zone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.cloud.existing import Existing
from components.cloud.ownership import LONGEST_STACK, Owner
from components.settings.errors import SettingsError
from tests.unit.cloud import FQDN, Cloud, cluster, look, record, refusal, thing
from tests.unit.conftest import OWNER

THEIRS = Owner("gw25", "gateway/prod")
EARLIER = Owner("gw24", "gateway/dev")


def address(owner: Owner, network: str = "public-uuid") -> SimpleNamespace:
    return thing(id="a-1", description=owner.description, floating_network_id=network)


def home(owner: Owner) -> SimpleNamespace:
    return thing(id="v-1", name="pvc-1", size=10, metadata={**owner.marks, "gateway.claim": "claim-user1"})


def owned(owner: Owner) -> dict[str, list[Any]]:
    """A gateway's things, by the stand-in's lists."""
    return {
        "cluster_list": [cluster(name=owner.gateway, labels={**cluster().labels, **owner.marks})],
        "ip_list": [address(owner)],
        "records": [record(name=FQDN.replace("gw25", owner.gateway), description=owner.description)],
        "volumes": [home(owner)],
    }


@pytest.mark.parametrize("kind", owned(THEIRS))
def test_another_stacks_gateway_is_not_taken_up(answering: Cloud, kind: str) -> None:
    setattr(answering, kind, owned(THEIRS)[kind])
    text = refusal()
    assert text.startswith("1 mistake ")
    assert "gateway:name: is the name of a gateway of the stack gateway/prod; choose another." in text
    assert "set gateway:renamed: {from: gateway/prod, to: gateway/dev}, got 'gw25'" in text


def test_another_stacks_gateway_is_told_once(answering: Cloud) -> None:
    vars(answering).update(owned(THEIRS))
    assert refusal().startswith("1 mistake ")


def test_a_renamed_stack_keeps_its_gateway(answering: Cloud) -> None:
    vars(answering).update(owned(THEIRS))
    found = look({"renamed": {"from": "gateway/prod", "to": "gateway/dev"}})
    assert found.owner == THEIRS
    assert (found.existing.address, found.existing.record) == ("a-1", "zone-uuid/r-1")
    # Whoever copies the file has a stack of another name.
    with pytest.raises(SettingsError, match="of the stack gateway/prod; choose another"):
        look({"renamed": {"from": "gateway/prod", "to": "gateway/prod2"}})


def test_the_organization_is_part_of_the_owner(answering: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    vars(answering).update(owned(OWNER))
    monkeypatch.setattr("pulumi.get_organization", lambda: "university")
    assert "gateway:renamed: {from: gateway/dev, to: university/gateway/dev}" in refusal()


@pytest.mark.parametrize("kind", ["cluster_list", "records"])
def test_a_running_gateway_keeps_its_name(answering: Cloud, kind: str) -> None:
    setattr(answering, kind, owned(EARLIER)[kind])
    text = refusal()
    assert text.startswith("1 mistake ")
    assert "gateway:name: must stay gw24; for another one `pulumi stack init` a stack of its own, or" in text
    assert "`pulumi destroy` this gateway first, got 'gw25'" in text


def test_what_was_kept_or_is_going_frees_the_name(answering: Cloud) -> None:
    answering.cluster_list = [cluster(name="gw24", labels=EARLIER.marks, status="DELETE_IN_PROGRESS")]
    answering.ip_list, answering.volumes = [address(EARLIER)], [home(EARLIER)]
    assert look().existing == Existing()


def test_a_running_gateway_keeps_its_zone(answering: Cloud) -> None:
    answering.zone_list.append(thing(name="abc.test.", id="other-uuid"))
    answering.records = [record(name="gw25.abc.test.", zone_id="other-uuid")]
    assert "gateway:zone: must stay abc.test., where the gateway's record is; for another one" in refusal()


def test_a_running_gateway_keeps_its_external_network(answering: Cloud) -> None:
    answering.network_list.append(thing(name="campus", id="campus-uuid"))
    answering.ip_list = [address(OWNER, network="campus-uuid")]
    assert "gateway:network.public: must be campus, where the gateway's address is" in refusal()


def test_a_long_stack_fits_designates_description() -> None:
    assert len(Owner("g" * 30, "s" * LONGEST_STACK).description) <= 160
