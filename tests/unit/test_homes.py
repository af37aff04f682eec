"""Homes that are kept and given back: which, with what, and in which order nothing can be lost."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from components.cloud.ownership import CSI_CLUSTER, marked
from components.homes import metadata as kept_homes
from components.homes.keep import DEAD, keep, keep_homes
from components.homes.place import HomesError, Place
from components.homes.take_back import take_back
from tests.unit.conftest import OWNER
from tests.unit.volumes import CLUSTER, Cloud, Dead, Kubernetes, cinder, claimed, csi, persistent, thing

USER1 = {
    "app": "jupyterhub",
    "component": "singleuser-storage",
    "hub.jupyter.org/username": "user1",
}


def place(cloud: Cloud, api: Kubernetes) -> Place:
    stand_ins: dict[str, Any] = {"cloud": cloud, "api": api}
    return Place(owner=OWNER, namespace="jhub", **stand_ins)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for; the cluster's storage classes delete."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr("components.homes.keep.PATIENCE_SECONDS", 0)
    monkeypatch.setattr("components.homes.place.SETTLE_SECONDS", 0.1)
    classes = thing(
        read_storage_class=lambda name: thing(reclaim_policy="Delete"),
        list_storage_class=lambda **_: thing(
            items=[thing(metadata=thing(name=name)) for name in ("default", "replicated-hdd")]
        ),
    )
    monkeypatch.setattr(client, "StorageV1Api", lambda _: classes)
    monkeypatch.delenv(DEAD, raising=False)


@pytest.fixture
def cloud() -> Cloud:
    """Two homes, the hub's database and somebody else's volume."""
    return Cloud(
        cinder("v-1", **csi("claim-user1")),
        cinder("v-2", **csi("claim-user2")),
        cinder("v-db", **csi("hub-db-dir")),
        cinder("v-other", **csi("claim-user1", cluster="shop-abcdefghijkl")),
    )


@pytest.fixture
def old() -> Kubernetes:
    """The cluster that goes: two homes, one that was never used, and the hub's database."""
    storage = {"component": "singleuser-storage"}
    user1: dict[str, Any] = {
        "hub.jupyter.org/username": "user1",
        "pv.kubernetes.io/bind-completed": "yes",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "too-long": "x" * 256,
    }
    return Kubernetes(
        [
            claimed("claim-user1", "pv-1", USER1, **user1),
            claimed("claim-user2", "pv-2", storage),
            claimed("claim-user3", None, storage),
            claimed("hub-db-dir", "pv-db", {"component": "hub"}),
        ],
        [persistent("pv-1", "v-1"), persistent("pv-2", "v-2"), persistent("pv-db", "v-db")],
    )


def kept(cloud: Cloud) -> dict[str, str]:
    return {
        volume.id: volume.metadata[kept_homes.CLAIM]
        for volume in cloud.volumes.values()
        if kept_homes.is_home(volume.metadata, "gw25")
    }


def test_a_class_that_the_cluster_does_not_have_is_told_before_the_hub_waits_for_it(cloud: Cloud) -> None:
    with pytest.raises(HomesError, match="the cluster has no fast"):
        take_back(place(cloud, Kubernetes([], [])), "fast")


def test_homes_are_kept_when_the_hub_has_ended(cloud: Cloud, old: Kubernetes) -> None:
    old.hub = [1, 1]
    keep(place(cloud, old))
    assert kept(cloud) == {"v-1": "claim-user1", "v-2": "claim-user2"}
    assert old.done == ["pv-1 Retain", "pv-2 Retain"]
    assert cloud.volumes["v-1"].metadata[kept_homes.JANITOR] == "true"
    assert marked(cloud.volumes["v-1"].metadata) == OWNER
    assert kept_homes.JANITOR not in cloud.volumes["v-db"].metadata


def test_a_home_on_another_storage_is_refused(cloud: Cloud, old: Kubernetes) -> None:
    old.volumes["pv-2"].spec.csi.driver = "nfs.csi.k8s.io"
    with pytest.raises(HomesError, match="home claim-user2 is not a Cinder volume and can't be kept"):
        keep(place(cloud, old))


def test_a_home_whose_volume_is_gone_is_told(
    cloud: Cloud, old: Kubernetes, capsys: pytest.CaptureFixture[str]
) -> None:
    del cloud.volumes["v-1"]
    keep(place(cloud, old))
    assert "home claim-user1 is lost: somebody deleted its volume v-1" in capsys.readouterr().err
    assert kept(cloud) == {"v-2": "claim-user2"}


def test_what_was_kept_is_given_back_as_it_was(cloud: Cloud, old: Kubernetes) -> None:
    keep(place(cloud, old))
    new = Kubernetes([], [])
    take_back(place(cloud, new), "default")
    assert {
        name: new.volumes[c.spec.volume_name].spec.csi.volume_handle for name, c in new.claims.items()
    } == {
        "claim-user1": "v-1",
        "claim-user2": "v-2",
    }
    assert new.claims["claim-user1"].metadata.labels == USER1
    assert new.claims["claim-user1"].metadata.annotations == {"hub.jupyter.org/username": "user1"}
    assert new.volumes["home-v-1"].metadata.annotations == {
        "pv.kubernetes.io/provisioned-by": "cinder.csi.openstack.org"
    }
    assert {c.status.phase for c in new.claims.values()} == {"Bound"}
    assert new.done[:2] == ["home-v-1", "jhub/claim-user1 10Gi"]
    assert {volume.spec.policy for volume in new.volumes.values()} == {"Delete"}
    assert cloud.volumes["v-1"].metadata[kept_homes.JANITOR] == "false"

    made = list(new.done)
    take_back(place(cloud, new), "default")
    assert [text for text in new.done[len(made) :] if "Delete" not in text] == [], "it was made twice"


def test_a_destruction_that_stopped_half_way_is_taken_back(cloud: Cloud, old: Kubernetes) -> None:
    keep(place(cloud, old))
    for name in ("claim-user1", "hub-db-dir"):
        old.volumes[old.claims.pop(name).spec.volume_name].status.phase = "Released"
    old.volumes["pv-1"].spec.claim = "claim-user1"
    take_back(place(cloud, old), "default")
    assert old.claims["claim-user1"].spec.volume_name == "pv-1"
    assert (old.volumes["pv-1"].status.phase, old.volumes["pv-1"].spec.policy) == ("Bound", "Delete")
    assert set(old.volumes) == {"pv-1", "pv-2", "pv-db"}


def test_a_claim_that_nobody_binds_is_told(cloud: Cloud) -> None:
    cloud.volumes["v-1"].metadata.update(kept_homes.owned(OWNER, "claim-user1"))
    new = Kubernetes([], [])
    new.read_persistent_volume = lambda name, **_: new.volumes[name]  # type: ignore[method-assign]
    with pytest.raises(HomesError, match="home claim-user1 was not bound to its volume v-1; `kubectl"):
        take_back(place(cloud, new), "default")
    assert not new.done[-1].endswith("Delete")


def test_two_homes_for_one_user_are_the_operators_to_choose(cloud: Cloud) -> None:
    for key in ("v-1", "v-2"):
        cloud.volumes[key].metadata.update(kept_homes.owned(OWNER, "claim-user1"))
    new = Kubernetes([], [])
    with pytest.raises(HomesError, match=r"home claim-user1 was kept more than once, .* v-1, v-2; choose"):
        take_back(place(cloud, new), "default")
    assert new.done == []


def test_a_home_that_a_user_has_begun_since_is_not_taken_away(cloud: Cloud) -> None:
    cloud.volumes["v-1"].metadata.update(kept_homes.owned(OWNER, "claim-user1"))
    new = Kubernetes([claimed("claim-user1", "pv-9", USER1)], [persistent("pv-9", "v-9")])
    with pytest.raises(HomesError, match="was kept in volume v-1, but its user has another one now"):
        take_back(place(cloud, new), "default")
    assert new.claims["claim-user1"].spec.volume_name == "pv-9"


def test_a_cluster_that_does_not_answer_may_come_back(cloud: Cloud) -> None:
    with pytest.raises(HomesError, match=r"does not answer.*PULUMI_K8S_DELETE_UNREACHABLE=true if the"):
        keep_homes(place(cloud, Dead([], [])), "c-1")
    assert kept(cloud) == {}


@pytest.mark.parametrize(("said", "cluster_id"), [("true", "c-1"), ("", "c-gone")], ids=["told", "gone"])
def test_homes_of_a_dead_cluster_are_kept_by_what_their_volumes_say(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, said: str, cluster_id: str
) -> None:
    monkeypatch.setenv(DEAD, said)
    monkeypatch.setenv("PULUMI_COMMAND_STDOUT", CLUSTER)
    cloud.volumes["v-2"].metadata.update(
        {**kept_homes.owned(OWNER, "claim-user2"), CSI_CLUSTER: "gw25-of-an-earlier-life"}
    )
    cloud.volumes["v-3"] = cinder("v-3", **{CSI_CLUSTER: CLUSTER})
    cloud.volumes["v-4"] = cinder("v-4", **csi("data", namespace="elsewhere"))
    keep_homes(place(cloud, Dead([], [])), cluster_id)
    assert kept(cloud) == {"v-1": "claim-user1", "v-2": "claim-user2"}
    spared = [v.id for v in cloud.volumes.values() if v.metadata.get(kept_homes.JANITOR) == "true"]
    assert spared == ["v-1", "v-2", "v-3"]
    new = Kubernetes([], [])
    take_back(place(cloud, new), "replicated-hdd")
    assert new.claims["claim-user1"].spec.storage_class_name == "replicated-hdd"
    assert new.claims["claim-user1"].metadata.labels == {"component": "singleuser-storage"}
