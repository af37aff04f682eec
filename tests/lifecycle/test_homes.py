"""`gateway:keep: [homes]`: the users' volumes outlive the gateway, and its next life gives them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openstack.connection import Connection

from tests.lifecycle.lifecycle import (
    DEAD,
    api_server_dead,
    cluster_deleted_by_hand,
    destroy,
    in_the_background,
    inventory,
    killed_when_it_shows,
    log_in,
    remove_what_is_left,
)
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]


def homes(gateway: Gateway) -> dict[str, Any]:
    """The users' claims: what the hub knows each by, and the volume in the cloud that it is bound to."""
    volumes = {
        volume["metadata"]["name"]: volume["spec"]
        for volume in gateway.kubectl("get", "persistentvolumes")["items"]
    }
    return {
        claim["metadata"]["name"]: {
            "labels": claim["metadata"]["labels"],
            "user": claim["metadata"].get("annotations", {}).get("hub.jupyter.org/username"),
            "phase": claim["status"]["phase"],
            "volume": volumes[claim["spec"]["volumeName"]]["csi"]["volumeHandle"],
            "policy": volumes[claim["spec"]["volumeName"]]["persistentVolumeReclaimPolicy"],
        }
        for claim in gateway.kubectl("get", "persistentvolumeclaims", "-n", "jhub")["items"]
        if claim["metadata"]["name"] != "hub-db-dir"
    }


def in_the_cloud(cloud: Connection) -> set[str]:
    """Ids of all volumes of the project."""
    return {volume.id for volume in cloud.block_storage.volumes()}


def keep(gateway: Gateway, *what: str) -> None:
    gateway.change(lambda config: config.update({"gateway:keep": list(what)}))


def test_homes_of_users_at_work_are_kept_and_given_back(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("homely")
    keep(gateway, "homes")
    gateway.up()
    log_in(gateway)
    before = homes(gateway)
    assert set(before) == {"claim-user1", "claim-user2"}
    # A destruction that stopped when the claims had gone, and was not meant: the same cluster has them back.
    killed_when_it_shows(in_the_background(gateway, "destroy"), "homely-hub-namespace deleting")
    gateway.pulumi("cancel", "--yes")
    # The engine says so just before it asks for it, and may have been killed in between.
    kubectl = ("kubectl", "--kubeconfig", str(gateway.kubeconfig))
    gateway.run(*kubectl, "delete", "namespace", "jhub", "--ignore-not-found", "--timeout=180s")
    gateway.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    gateway.up()
    assert homes(gateway) == before

    destroy(gateway)
    kept = {home["volume"] for home in before.values()}
    assert in_the_cloud(cloud) == kept
    assert {**inventory(cloud), "volumes": []} == empty

    gateway.up()
    assert homes(gateway) == before
    gateway.up("--refresh", "--expect-no-changes")
    log_in(gateway)
    assert homes(gateway) == before

    keep(gateway)
    assert "replaced" not in gateway.up()
    destroy(gateway)
    assert inventory(cloud) == empty


def test_homes_outlive_a_dead_cluster_and_a_deleted_one(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("haunted")
    keep(gateway, "homes")
    gateway.up()
    log_in(gateway)
    before = {name: home["volume"] for name, home in homes(gateway).items()}
    api_server_dead(gateway, cloud)
    shown = destroy(gateway, "--refresh", code=1, **DEAD)
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert in_the_cloud(cloud) == set(before.values())

    gateway.up()
    assert {name: home["volume"] for name, home in homes(gateway).items()} == before
    log_in(gateway)
    cluster_deleted_by_hand(gateway, cloud)
    Gateway(name=gateway.name, folder=gateway.folder, env={**gateway.env, **DEAD}).pulumi(
        "refresh", "--yes", "--skip-preview"
    )
    gateway.up()
    assert {name: home["volume"] for name, home in homes(gateway).items()} == before

    keep(gateway)
    gateway.up()
    # What is left is the volume of the hub's database in the cluster that was deleted by hand.
    shown = destroy(gateway, code=1)
    assert "audit: 1 left of haunted" in shown
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert inventory(cloud) == empty
