"""A home that is given back from a snapshot, and snapshots that go with their gateway."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from components.backup import drop as drop_module
from components.backup.drop import drop
from components.backup.restore import choose, copies, restore
from components.homes import metadata as kept_homes
from components.homes.place import HomesError, Place
from tests.unit.conftest import OWNER
from tests.unit.volumes import CLUSTER, Cloud, Kubernetes, cinder, claimed, csi, persistent, thing

ANN = {"component": "singleuser-storage", "app": "jupyterhub"}


class Snapshots(Cloud):
    """Cinder with snapshots, of which it makes volumes."""

    def __init__(self, *volumes: SimpleNamespace) -> None:
        super().__init__(*volumes)
        for volume in volumes:
            volume.status = "available"
        self.snapshots = [
            self.snapshot("s-2", "claim-ann", "2027-01-02"),
            self.snapshot("s-1", "claim-ann", "2027-01-01"),
            self.snapshot("s-3", "claim-ann", "2027-01-03", status="error"),
            self.snapshot("s-4", "claim-bob", "2027-01-04"),
            thing(id="s-5", metadata={"gateway": "shop"}, created_at="2027", size=10, status="available"),
        ]
        self.busy: set[str] = set()
        self.block_storage.snapshots = lambda details: list(self.snapshots)
        self.block_storage.delete_snapshot = self._delete
        self.block_storage.create_volume = self._create
        self.block_storage.get_volume = self._volume

    @staticmethod
    def snapshot(key: str, claim: str, at: str, *, status: str = "available") -> SimpleNamespace:
        said = {**OWNER.marks, kept_homes.CLAIM: claim}
        return thing(id=key, metadata=said, created_at=at, size=10, status=status)

    def _delete(self, key: str, ignore_missing: bool) -> None:
        assert ignore_missing
        self.snapshots = [one for one in self.snapshots if one.id != key or key in self.busy]

    def _create(self, **told: Any) -> SimpleNamespace:
        again = "'" * (len(self.volumes) - 1)
        made = cinder(f"v-of-{told['snapshot_id']}{again}", **told["metadata"])
        made.status = "available"
        self.volumes[made.id] = made
        return made

    def _volume(self, key: str) -> SimpleNamespace:
        volume = self.volumes[key]
        volume.replace_metadata = lambda _, metadata: setattr(volume, "metadata", metadata)
        return volume


class Cluster(Kubernetes):
    """A cluster in which claims can be deleted, and pods use them."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.pods: list[str] = []

    def list_namespaced_pod(self, namespace: str, label_selector: str = "", **_: Any) -> Any:
        used = [thing(persistent_volume_claim=thing(claim_name=name)) for name in self.pods]
        volumes = [None, [thing(persistent_volume_claim=None)], used]  # as a pod without any has them
        return thing(items=[thing(spec=thing(volumes=v), status=thing(phase="Running")) for v in volumes])

    def delete_namespaced_persistent_volume_claim(self, name: str, namespace: str) -> None:
        volume = self.volumes[self.claims.pop(name).spec.volume_name]
        assert volume.spec.policy == "Retain", "the home would be lost"
        volume.status.phase = "Released"

    def read_namespaced_persistent_volume_claim(self, name: str, namespace: str) -> Any:
        if name not in self.claims:
            raise client.ApiException(status=404)
        return super().read_namespaced_persistent_volume_claim(name, namespace)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Snapshots:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr("components.homes.place.SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(drop_module, "PATIENCE_SECONDS", 0)
    classes = thing(read_storage_class=lambda name: thing(reclaim_policy="Delete"))
    monkeypatch.setattr(client, "StorageV1Api", lambda _: classes)
    return Snapshots(cinder("v-1", **csi("claim-ann")))


@pytest.fixture
def cluster() -> Cluster:
    user = {"hub.jupyter.org/username": "ann"}
    return Cluster([claimed("claim-ann", "pv-1", ANN, **user)], [persistent("pv-1", "v-1")])


def place(cloud: Cloud, api: Kubernetes) -> Place:
    stand_ins: dict[str, Any] = {"cloud": cloud, "api": api}
    return Place(owner=OWNER, namespace="jhub", **stand_ins)


def test_copies_are_listed_by_user_and_chosen_by_time_or_id(cloud: Snapshots, cluster: Cluster) -> None:
    found = copies(place(cloud, cluster))
    assert [(copy.id, copy.user) for copy in found] == [
        ("s-1", "ann"),
        ("s-2", "ann"),
        ("s-3", "ann"),
        ("s-4", "claim-bob"),
    ]
    assert choose(found, "ann").id == "s-2", "the last one that is good"
    assert choose(found, "ann", "s-1").id == "s-1"
    for user, snapshot in [("ann", "s-3"), ("ann", "s-4"), ("eve", "")]:
        with pytest.raises(HomesError, match="there is no"):
            choose(found, user, snapshot)


def test_a_home_is_replaced_by_what_is_in_the_snapshot(cloud: Snapshots, cluster: Cluster) -> None:
    where = place(cloud, cluster)
    cluster.pods = ["claim-bob"]
    restore(where, choose(copies(where), "ann"), "default")
    claim = cluster.claims["claim-ann"]
    volume = cluster.volumes[claim.spec.volume_name]
    assert (volume.spec.csi.volume_handle, volume.spec.policy) == ("v-of-s-2", "Delete")
    assert claim.metadata.labels == ANN
    assert claim.metadata.annotations == {"hub.jupyter.org/username": "ann"}
    former = cloud.volumes["v-1"].metadata
    assert kept_homes.claim_in(former, "gw25", CLUSTER, "jhub") is None, "it is nobody's home"
    assert former[kept_homes.REPLACED] == "claim-ann"
    assert kept_homes.claim_in(cloud.volumes["v-of-s-2"].metadata, "gw25", CLUSTER, "jhub") == "claim-ann"


def test_what_its_user_has_written_since_is_not_taken_for_the_snapshot(
    cloud: Snapshots, cluster: Cluster
) -> None:
    where = place(cloud, cluster)
    for snapshot in ("s-2", "s-1", "s-2"):
        restore(where, choose(copies(where), "ann", snapshot), "default")
    assert cluster.claims["claim-ann"].spec.volume_name == "home-v-of-s-2''"


def test_a_home_in_use_is_not_touched(cloud: Snapshots, cluster: Cluster) -> None:
    cluster.pods, where = ["claim-ann"], place(cloud, cluster)
    with pytest.raises(HomesError, match="the server of ann runs; stop it"):
        restore(where, choose(copies(where), "ann"), "default")
    assert set(cloud.volumes) == {"v-1"}


def test_a_home_that_is_gone_comes_back_and_an_interrupted_run_goes_on(
    cloud: Snapshots, cluster: Cluster
) -> None:
    where = place(cloud, cluster)
    restore(where, choose(copies(where), "claim-bob"), "default")
    assert cluster.claims["claim-bob"].spec.volume_name == "home-v-of-s-4"
    del cluster.claims["claim-bob"]
    cluster.volumes["home-v-of-s-4"].status.phase = "Available"
    restore(where, choose(copies(where), "claim-bob"), "default")
    assert set(cloud.volumes) == {"v-1", "v-of-s-4"}, "no second volume is made"


def test_all_snapshots_of_the_gateway_are_dropped_but_those_in_use(cloud: Snapshots) -> None:
    cloud.busy = {"s-2"}
    anything: Any = cloud
    assert drop(anything, "gw25") == ["s-2"]
    assert [one.id for one in cloud.snapshots] == ["s-2", "s-5"]
