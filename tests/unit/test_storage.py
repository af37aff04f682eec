"""Storage that a running hub has: what can't change is refused, and homes grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from kubernetes import client

from components.homes.grow import grow
from components.homes.place import HomesError, Place
from components.hub.storage import all_homes, homes_of_nobody, storage_mistakes
from components.settings.hub import Storage
from tests.unit.claims import DATABASE, FIXED, GROWING, HOMES, Kubernetes, claim
from tests.unit.conftest import OWNER
from tests.unit.hub import make_auth, make_hub
from tests.unit.volumes import thing


@pytest.fixture
def mistakes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Gives what is wrong with settings of storage where there are these claims."""

    def find(settings: dict[str, Any], claims: list[Any]) -> list[str]:
        api, connection = Kubernetes(*claims), object()
        monkeypatch.setattr(client, "CoreV1Api", {connection: api}.__getitem__)
        monkeypatch.setattr(client, "StorageV1Api", {connection: api}.__getitem__)
        wanted = Storage.model_validate({"type": "home", "class": GROWING, "sizeGib": 10} | settings)
        where = cast(Any, connection)
        return [str(mistake) for mistake in storage_mistakes(wanted, where, all_homes(where))]

    return find


@pytest.mark.parametrize(
    ("wanted", "claims"),
    [
        pytest.param({}, [DATABASE, *HOMES], id="as it is"),
        pytest.param({"class": FIXED, "sizeGib": 99}, [], id="no hub yet"),
        pytest.param({"type": "none"}, [DATABASE], id="no homes yet"),
        pytest.param({"sizeGib": 20}, [DATABASE, *HOMES], id="homes that can grow"),
        pytest.param({"sizeGib": 5}, [DATABASE, *HOMES], id="new homes are smaller"),
        pytest.param(
            {"sizeGib": 10}, [DATABASE, claim("c", "10Gi", "gone", user="ann")], id="a kept home's class"
        ),
    ],
)
def test_taken(mistakes: Callable[..., list[str]], wanted: dict[str, Any], claims: list[Any]) -> None:
    assert mistakes(wanted, claims) == []


@pytest.mark.parametrize(
    ("wanted", "claims", "text"),
    [
        pytest.param(
            {"class": "replicated-hdd"},
            [DATABASE],
            "gateway:hub.storage.class: must be default, what the hub's database has; for another one destroy"
            " the gateway first, got 'replicated-hdd'",
            id="another class",
        ),
        pytest.param(
            {"class": "fast"},
            [],
            "gateway:hub.storage.class: must be a storage class of the cluster (default, no-growth), got"
            " 'fast'",
            id="no such class",
        ),
        pytest.param(
            {"type": "none"},
            [DATABASE, *HOMES],
            "gateway:hub.storage.type: must be home while there are homes, which nobody could reach any more"
            " (ann, bob); to delete them, run `kubectl delete pvc -n jhub -l component=singleuser-storage`"
            " first, got 'none'",
            id="homes left behind",
        ),
        pytest.param(
            {"class": FIXED, "sizeGib": 20},
            [claim("hub-db-dir", "1Gi", FIXED), claim("claim-ann", "10Gi", FIXED, user="ann")],
            "gateway:hub.storage.sizeGib: must be at most 10, the size of home claim-ann: its storage class"
            " no-growth does not let it grow, got 20",
            id="homes that can't grow",
        ),
    ],
)
def test_refused(
    mistakes: Callable[..., list[str]], wanted: dict[str, Any], claims: list[Any], text: str
) -> None:
    assert mistakes(wanted, claims) == [text]


def test_a_cluster_without_storage_classes_is_too_new_to_tell(
    mistakes: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kubernetes, "list_storage_class", lambda *_, **__: thing(items=[]))
    assert mistakes({"class": "fast"}, []) == []


def place(api: Any) -> Place:
    return Place(owner=OWNER, namespace="jhub", cloud=cast(Any, None), api=api)


def sizes(api: Kubernetes) -> dict[str, str]:
    return {name: found.spec.resources.requests["storage"] for name, found in api.claims.items()}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr("components.homes.place.SETTLE_SECONDS", 0.1)


def test_smaller_homes_grow_and_nothing_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    api: Any = Kubernetes(
        DATABASE,
        claim("claim-ann", "10Gi", user="ann"),
        claim("claim-bob", "30Gi", user="bob"),
        claim("claim-eve", "10Gi", user="eve", phase="Pending"),
    )
    grow(place(api), 20)
    assert sizes(api) == {
        "hub-db-dir": "1Gi",
        "claim-ann": "20Gi",
        "claim-bob": "30Gi",
        "claim-eve": "10Gi",
    }
    said = capsys.readouterr().err
    assert "home claim-ann has 20 GiB now" in said
    assert "home claim-eve has no volume yet and stays at 10 GiB" in said


def test_a_home_that_does_not_grow_is_told() -> None:
    api: Any = Kubernetes(claim("claim-ann", "10Gi", user="ann"))
    api.stuck = True
    with pytest.raises(
        HomesError, match="home claim-ann did not grow to 20 GiB; `kubectl describe pvc -n jhub"
    ):
        grow(place(api), 20)


def test_a_cluster_that_refuses_is_told() -> None:
    class Refuses(Kubernetes):
        def patch_namespaced_persistent_volume_claim(self, *_: Any, **__: Any) -> None:
            raise client.ApiException(status=403, reason="Forbidden")

    api: Any = Refuses(claim("claim-ann", "10Gi", user="ann"))
    with pytest.raises(client.ApiException):
        grow(place(api), 20)


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ({"type": "shared-password"}, ["ann", "bob"]),
        ({"type": "github", "clientId": "a", "everyone": True}, []),
    ],
    ids=["users of the settings only", "accounts of other names"],
)
def test_homes_that_nobody_can_reach_are_told(
    monkeypatch: pytest.MonkeyPatch, auth: dict[str, Any], names: list[str]
) -> None:
    there = [DATABASE, *HOMES, claim("claim-user1", "10Gi", user="user1")]
    monkeypatch.setattr(client, "CoreV1Api", lambda _: Kubernetes(*there))
    assert homes_of_nobody(make_auth(**auth), make_hub(), all_homes(cast(Any, object()))) == names
