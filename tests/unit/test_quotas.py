"""The project's quotas against the gateway at its minimum (refused) and at its maximum (a warning)."""

from __future__ import annotations

from typing import Any

import pytest
from openstack.exceptions import ForbiddenException

from components.cloud.ownership import CSI_CLUSTER
from components.settings.errors import SettingsError
from tests.unit.cloud import Cloud, cluster, flavor, group, look, plenty, thing
from tests.unit.conftest import OWNER, stack_config

MACHINE = "gw25-abcdefghijkl"
"""How the names of the gateway's servers begin."""
GROUPS = {"nodeGroups": [{"name": "mediums", "flavor": "m3.medium", "min": 1, "max": 20}]}
# At the minimum: two m3.quad and one m3.medium; at the maximum 20 of these, and 4 homes of 10 GiB.
EXACTLY: dict[str, Any] = {
    "instances": 22,
    "total_cores": 168,
    "total_ram": 630 * 1024,
    "max_total_volumes": 22 + 4 + 1,
    "max_total_volume_gigabytes": 22 * 60 + 4 * 10 + 1,
    "max_total_snapshots": 0,
    "floating_ips": {"limit": 2, "used": 0},
    "security_groups": {"limit": 2, "used": 0},
    "load_balancers": 2,
}


def less(key: str, by: int = 1, **fields: Any) -> Any:
    """The quotas that the gateway just fits, with less of one."""
    value = EXACTLY[key]
    smaller = {**value, "used": value["used"] + by} if isinstance(value, dict) else value - by
    return plenty(**{**EXACTLY, key: smaller, **fields})


def server(name: str, of: str = "m3.medium") -> Any:
    return thing(name=name, flavor=thing(id=f"id of {of}"))


def test_what_just_fits_is_taken_without_a_word(answering: Cloud, warned: list[str]) -> None:
    answering.limits = plenty(**EXACTLY)
    look(GROUPS)
    assert warned == []


@pytest.mark.parametrize("key", sorted(EXACTLY.keys() - {"security_groups", "max_total_snapshots"}))
def test_a_maximum_that_does_not_fit_is_a_warning(answering: Cloud, warned: list[str], key: str) -> None:
    answering.limits = less(key)
    look(GROUPS)
    assert len(warned) == 1
    assert "the gateway at its maximum needs" in warned[0]


def test_a_minimum_that_does_not_fit_is_refused_and_told_once(answering: Cloud, warned: list[str]) -> None:
    answering.limits = less("total_cores", by=168 - 12)
    with pytest.raises(SettingsError) as refused:
        look(GROUPS)
    assert [str(mistake) for mistake in refused.value.mistakes] == [
        "quota of cores: must hold the gateway at its minimum, which needs 16;"
        " of the project's 12 there are 12 left for it"
    ]
    assert warned == []


def test_security_groups_are_all_there_from_the_beginning(answering: Cloud) -> None:
    answering.limits = less("security_groups")
    with pytest.raises(SettingsError, match="quota of security groups: must hold the gateway at its minimum"):
        look(GROUPS)


def test_mistakes_and_warnings_are_told_together(answering: Cloud, warned: list[str]) -> None:
    answering.limits, answering.zone_list = less("instances"), []
    with pytest.raises(SettingsError, match="must be a DNS zone"):
        look(GROUPS)
    assert len(warned) == 1


def test_what_others_use_counts_and_the_gateways_own_does_not(answering: Cloud, warned: list[str]) -> None:
    answering.cluster_list = [cluster()]
    answering.groups = [group(name="default-worker", uuid="n-0", is_default=True)]
    answering.servers = [server(f"{MACHINE}-mediums-1"), server(f"{MACHINE}-control-plane", "m3.quad")]
    answering.volumes = [
        thing(name="pvc-1", metadata={CSI_CLUSTER: MACHINE}, size=10),
        thing(name="a kept home", metadata=OWNER.marks, size=10),
        thing(name=f"{MACHINE}-root", metadata={}, size=60),
    ]
    used = {
        "instances_used": 2,
        "total_cores_used": 12,
        "total_ram_used": 45 * 1024,
        "total_volumes_used": 3,
        "total_gigabytes_used": 80,
    }
    # A running gateway has its address, load balancers and security groups already.
    full = {"floating_ips": {"limit": 2, "used": 2}, "security_groups": {"limit": 2, "used": 2}}
    answering.limits = plenty(**EXACTLY | used | full)
    look(GROUPS)
    assert warned == []
    answering.limits = plenty(**EXACTLY | {key: value + 1 for key, value in used.items()} | full)
    look(GROUPS)
    assert sorted(text.partition(":")[0] for text in warned) == [
        "quota of GiB of RAM",
        "quota of GiB of volumes",
        "quota of cores",
        "quota of instances",
        "quota of volumes",
    ]


def test_an_address_that_is_there_needs_no_quota(answering: Cloud, warned: list[str]) -> None:
    answering.ip_list = [thing(id="a-1", description=OWNER.description, floating_network_id="public-uuid")]
    answering.limits = plenty(floating_ips={"limit": 2, "used": 1})
    look(GROUPS)
    assert warned == []


def test_the_disk_of_a_node_may_be_the_templates(answering: Cloud, warned: list[str]) -> None:
    answering.templates[0].labels["boot_volume_size"] = "60"
    answering.limits = less("max_total_volumes")
    look({**GROUPS, "cluster": {"template": "kubernetes-1-34-jammy"}})
    assert [text.partition(":")[0] for text in warned] == ["quota of volumes"]


def test_octavias_default_is_not_known(answering: Cloud, warned: list[str]) -> None:
    answering.limits = plenty(load_balancers=None)
    look(GROUPS)
    assert warned == []


def test_a_service_that_does_not_tell_is_a_warning(
    answering: Cloud, warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ForbiddenException("Policy does not allow it.")

    monkeypatch.setattr(answering.compute, "get_limits", refuse)
    answering.flavor_list.append(flavor("m3.large", 16, 60))
    look(GROUPS)
    assert len(warned) == 1
    assert "the quotas of Nova are not known" in warned[0]


def test_the_volume_of_measurements_counts(answering: Cloud, warned: list[str]) -> None:
    watched = {**GROUPS, "monitoring": {"enabled": True, "sizeGib": 10}}
    volumes, gib = EXACTLY["max_total_volumes"], EXACTLY["max_total_volume_gigabytes"]
    more = {"max_total_volumes": volumes + 1, "max_total_volume_gigabytes": gib + 10}
    answering.limits = plenty(**{**EXACTLY, **more})
    look(watched)
    assert warned == []
    answering.limits = plenty(**EXACTLY)
    look(watched)
    assert [text.partition(":")[0] for text in warned] == ["quota of volumes", "quota of GiB of volumes"]


@pytest.mark.parametrize("key", ["max_total_snapshots", "max_total_volume_gigabytes"])
def test_snapshots_count_as_many_and_as_large_as_their_homes(
    answering: Cloud, warned: list[str], key: str
) -> None:
    # Of 4 homes 7 each and the new one, 10 GiB each.
    hub = {**stack_config()["gateway:hub"], "backup": {"keep": 7}}
    room = {"max_total_snapshots": 32, "max_total_volume_gigabytes": 22 * 60 + 4 * 10 + 1 + 32 * 10}
    answering.limits = plenty(**EXACTLY | room)
    look({**GROUPS, "hub": hub})
    assert warned == []
    answering.limits = plenty(**EXACTLY | room | {key: room[key] - 1})
    look({**GROUPS, "hub": hub})
    assert len(warned) == 1
    assert f"needs {room[key]}; of the project's {room[key] - 1}" in warned[0]


def test_snapshots_that_are_there_are_the_gateways_own(answering: Cloud, warned: list[str]) -> None:
    answering.snapshots = [thing(metadata=OWNER.marks, size=10), thing(metadata={}, size=10)]
    hub = {**stack_config()["gateway:hub"], "backup": {"keep": 7}}
    used = {"total_snapshots_used": 2, "total_gigabytes_used": 20}
    answering.limits = plenty(
        **EXACTLY | used | {"max_total_snapshots": 33, "max_total_volume_gigabytes": 1691}
    )
    look({**GROUPS, "hub": hub})
    assert warned == []
