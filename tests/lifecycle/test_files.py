"""The shared folder and homes on NFS through a gateway's life: made, grown, kept, taken back, and gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openstack.connection import Connection

from tests.lifecycle.lifecycle import (
    DEAD,
    cluster_deleted_by_hand,
    destroy,
    inventory,
    remove_what_is_left,
    without_seats,
)
from tests.stack import Gateway

NewGateway = Callable[[str], Gateway]
CLAIM = ("get", "-n", "jhub", "persistentvolumeclaim", "gateway-files")


def hub(gateway: Gateway, **settings: Any) -> None:
    """Change settings of the hub."""
    gateway.change(lambda config: config["gateway:hub"].update(settings))


def keep(gateway: Gateway, *what: str) -> None:
    gateway.change(lambda config: config.update({"gateway:keep": list(what)}))


def of_files(cloud: Connection) -> list[Any]:
    """The volumes that say that they are a file server's."""
    found = cloud.block_storage.volumes(details=True)
    return [volume for volume in found if "gateway.files" in (volume.metadata or {})]


def test_a_shared_folder_comes_grows_and_goes(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("sharing")
    hub(gateway, shared={"sizeGib": 3})
    without_seats(gateway)
    [volume] = of_files(cloud)
    assert (volume.name, volume.size, volume.metadata["gateway"]) == ("sharing-files", 3, "sharing")
    assert gateway.kubectl(*CLAIM)["status"]["phase"] == "Bound"
    labels = gateway.kubectl("get", "namespace", "home-nfs")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    gateway.wait("-n", "home-nfs", "--for=condition=Ready", "pods", "--all")
    gateway.up("--expect-no-changes")
    gateway.pulumi("preview", "--refresh", "--expect-no-changes")

    hub(gateway, shared={"sizeGib": 5})
    gateway.up()
    assert [(one.id, one.size) for one in of_files(cloud)] == [(volume.id, 5)]
    gateway.pulumi("preview", "--refresh", "--expect-no-changes")
    hub(gateway, shared={"sizeGib": 4})
    assert "gateway:hub.shared.sizeGib: must be at least 5: volume" in gateway.up(code=1)

    hub(gateway, shared=None)
    gateway.up()
    assert of_files(cloud) == []
    assert "home-nfs" not in [
        one["metadata"]["name"] for one in gateway.kubectl("get", "namespaces")["items"]
    ]
    hub(gateway, shared={"sizeGib": 3})
    gateway.up()
    assert "audit: nothing of sharing is left" in destroy(gateway)
    assert inventory(cloud) == empty


def test_homes_on_nfs_are_kept_and_taken_back(new_gateway: NewGateway, cloud: Connection) -> None:
    empty, gateway = inventory(cloud), new_gateway("nfs")
    storage = {"type": "nfs", "sizeGib": 1, "volumeGib": 4}
    hub(gateway, storage=storage, shared={"sizeGib": 1})
    keep(gateway, "homes")
    without_seats(gateway)
    [volume] = of_files(cloud)
    assert (volume.size, volume.metadata["gateway.files"]) == (5, "homes")
    hub(gateway, storage={"type": "home"})
    assert "gateway:hub.storage.type: must be nfs while homes are on volume" in gateway.up(code=1)
    hub(gateway, storage=storage)

    cluster_deleted_by_hand(gateway, cloud)
    Gateway(name=gateway.name, folder=gateway.folder, env={**gateway.env, **DEAD}).pulumi(
        "refresh", "--yes", "--skip-preview"
    )
    gateway.up()
    assert [one.id for one in of_files(cloud)] == [volume.id], "another cluster goes on with it"

    # What is left is the volume of the hub's database in the cluster that was deleted by hand.
    shown = destroy(gateway, code=1)
    assert "audit: 1 left of nfs" in shown
    assert "kept: volume of files nfs-files" in shown
    remove_what_is_left(gateway, shown)
    destroy(gateway)
    assert [one.id for one in cloud.block_storage.volumes()] == [volume.id]
    hub(gateway, shared={"sizeGib": 2})
    gateway.up()
    assert [(one.id, one.size) for one in of_files(cloud)] == [(volume.id, 6)], "taken back, and grown"
    assert gateway.kubectl(*CLAIM)["status"]["phase"] == "Bound"
    gateway.up("--refresh", "--expect-no-changes")

    keep(gateway)
    gateway.up()
    destroy(gateway)
    left = {kind: sorted(names) for kind, names in inventory(cloud).items()}
    assert left == {kind: sorted(names) for kind, names in empty.items()}
