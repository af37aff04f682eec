"""What is cleared before a thing is made, and what is left alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.charts.records import forget_release
from components.cloud.ownership import Owner
from components.cluster import leftovers
from components.settings.cloud import CloudConfig
from tests.unit.conftest import OWNER


class Magnum:
    """Clusters and node groups that are gone as soon as they are deleted, but for those in progress."""

    def __init__(self, *things: tuple[str, str, str]) -> None:
        self.things = {uuid: {"uuid": uuid, "name": name, "status": status} for uuid, name, status in things}
        self.deleted: list[str] = []
        self.owner = OWNER

    def clusters(self) -> list[Any]:
        return [SimpleNamespace(**thing) for thing in self.things.values()]

    def get_cluster(self, cluster: Any) -> Any:
        return SimpleNamespace(**self.things[cluster.uuid], labels=self.owner.marks)

    def delete_cluster(self, cluster: Any) -> None:
        self.deleted.append(cluster.uuid)
        self.things[cluster.uuid]["status"] = "DELETE_IN_PROGRESS"

    def get(self, _path: str, *, microversion: str) -> Any:
        assert microversion >= "1.9"
        return SimpleNamespace(status_code=200, json=lambda: {"nodegroups": list(self.things.values())})

    def delete(self, path: str, *, microversion: str) -> Any:
        self.deleted.append(path.rpartition("/")[2])
        del self.things[self.deleted[-1]]
        return SimpleNamespace(status_code=204)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, magnum: Magnum) -> list[str]:
    """What was waited for: with each wait, things in progress come to their end."""
    waited: list[str] = []

    def sleep(_seconds: float) -> None:
        for uuid, thing in list(magnum.things.items()):
            waited.append(thing["status"])
            if thing["status"] == "DELETE_IN_PROGRESS":
                del magnum.things[uuid]
            thing["status"] = thing["status"].replace("IN_PROGRESS", "COMPLETE")

    monkeypatch.setattr("tenacity.nap.time.sleep", sleep)
    return waited


@pytest.fixture
def magnum(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Magnum:
    answer = Magnum(*request.param)
    connection = SimpleNamespace(container_infrastructure_management=answer)
    monkeypatch.setattr(leftovers, "connect", lambda _: connection)
    return answer


@pytest.mark.parametrize(
    ("magnum", "deleted"),
    [
        ([("c-1", "gw25", "CREATE_FAILED")], ["c-1"]),
        ([("c-1", "gw25", "CREATE_COMPLETE")], []),
        ([("c-1", "other", "CREATE_FAILED")], []),
    ],
    indirect=["magnum"],
)
def test_a_cluster_that_failed_goes_before_the_next_comes(
    magnum: Magnum, waits: list[str], deleted: list[str]
) -> None:
    leftovers.clear_cluster("gw25", OWNER, CloudConfig())
    assert magnum.deleted == deleted
    assert waits == ["DELETE_IN_PROGRESS"] * len(deleted)


@pytest.mark.parametrize("magnum", [[("c-1", "gw25", "CREATE_FAILED")]], indirect=True)
def test_somebody_elses_failed_cluster_stays(magnum: Magnum) -> None:
    magnum.owner = Owner("gw25", "gateway/another")
    leftovers.clear_cluster("gw25", OWNER, CloudConfig())
    assert magnum.deleted == []


@pytest.mark.parametrize(
    ("magnum", "deleted", "waited"),
    [
        ([("n-1", "mediums", "CREATE_FAILED"), ("n-2", "larges", "CREATE_FAILED")], ["n-1"], 1),
        ([("n-1", "mediums", "CREATE_COMPLETE")], [], 0),
        ([("n-2", "larges", "CREATE_IN_PROGRESS")], [], 1),
    ],
    indirect=["magnum"],
)
@pytest.mark.usefixtures("waits")
def test_node_groups_are_made_one_after_the_other(
    magnum: Magnum, waits: list[str], deleted: list[str], waited: int
) -> None:
    leftovers.clear_node_group("c-1", "mediums", CloudConfig())
    assert magnum.deleted == deleted
    assert len(waits) == waited


@pytest.mark.parametrize(
    ("only_pending", "deleted"), [(False, ["v1", "v2"]), (True, ["v2"])], ids=["install", "upgrade"]
)
def test_records_of_what_never_ended_are_forgotten(
    monkeypatch: pytest.MonkeyPatch, only_pending: bool, deleted: list[str]
) -> None:
    records = [
        SimpleNamespace(metadata=SimpleNamespace(name=name, labels={"status": status}))
        for name, status in (("v1", "deployed"), ("v2", "pending-upgrade"))
    ]
    gone: list[str] = []
    api = SimpleNamespace(
        list_namespaced_secret=lambda _namespace, label_selector: SimpleNamespace(
            items=records if label_selector == "owner=helm,name=jhub" else []
        ),
        delete_namespaced_secret=lambda name, _namespace: gone.append(name),
    )
    monkeypatch.setattr("kubernetes.config.new_client_from_config_dict", lambda _: None)
    monkeypatch.setattr("kubernetes.client.CoreV1Api", lambda _: api)
    forget_release("{}", "jhub", only_pending=only_pending)
    assert gone == deleted
