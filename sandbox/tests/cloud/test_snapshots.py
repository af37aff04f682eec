"""The stand-in's snapshots: what was on a volume at a moment, and what Cinder refuses because of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.tests.cloud.openstack_tools import network


@pytest.fixture
def volume(cloud: Connection, sandbox_env: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """A volume that was written to: its id, and the file of its blocks."""
    key = str(cloud.block_storage.create_volume(name="home", size=2).id)
    file = Path(sandbox_env["SANDBOX_HOME"], "run", "volumes", key)
    file.parent.mkdir(exist_ok=True)
    file.write_text("before")
    yield key, file
    for snapshot in cloud.block_storage.snapshots():
        cloud.block_storage.delete_snapshot(snapshot.id)
    for left in cloud.block_storage.volumes():
        cloud.block_storage.delete_volume(left.id)


def test_a_volume_of_a_snapshot_has_what_was_there_then(cloud: Connection, volume: tuple[str, Path]) -> None:
    key, file = volume
    taken = cloud.block_storage.create_snapshot(volume_id=key, name="then", metadata={"a": "b"})
    file.write_text("after")
    found = cloud.block_storage.get_snapshot(taken.id)
    assert (found.status, found.size, found.volume_id, found.metadata) == ("available", 2, key, {"a": "b"})
    with pytest.raises(exceptions.BadRequestException, match="smaller"):
        cloud.block_storage.create_volume(size=1, snapshot_id=taken.id)
    made = cloud.block_storage.create_volume(size=3, snapshot_id=taken.id)
    assert made.snapshot_id == taken.id
    assert (file.parent / made.id).read_text() == "before"
    assert file.read_text() == "after"


def test_a_volume_with_snapshots_goes_only_by_cascade(cloud: Connection, volume: tuple[str, Path]) -> None:
    key, file = volume
    taken = cloud.block_storage.create_snapshot(volume_id=key)
    with pytest.raises(exceptions.BadRequestException, match="dependent snapshots"):
        cloud.block_storage.delete_volume(key)
    cloud.block_storage.delete_volume(key, cascade=True)
    assert list(cloud.block_storage.snapshots()) == []
    assert not (file.parent / taken.id).exists()


def test_a_volume_in_use_has_one_by_force_only(cloud: Connection, volume: tuple[str, Path]) -> None:
    key, _ = volume
    flavor = cloud.compute.find_flavor("m3.small", ignore_missing=False)
    image = cloud.image.find_image("ubuntu-jammy-kube-v1.33.10", ignore_missing=False)
    assert flavor and image
    networks = [{"uuid": network(cloud, "auto_allocated_network")}]
    server = cloud.compute.create_server(
        name="uses", flavor_id=flavor.id, image_id=image.id, networks=networks
    )
    cloud.compute.create_volume_attachment(server, volume_id=key)
    with pytest.raises(exceptions.BadRequestException, match="must be available"):
        cloud.block_storage.create_snapshot(volume_id=key)
    assert cloud.block_storage.create_snapshot(volume_id=key, is_forced=True).status == "available"
    cloud.compute.delete_server(server)


def test_snapshots_count_with_the_size_of_their_volume(cloud: Connection, volume: tuple[str, Path]) -> None:
    before = cloud.block_storage.get_limits().absolute
    cloud.block_storage.create_snapshot(volume_id=volume[0])
    after = cloud.block_storage.get_limits().absolute
    assert after.total_snapshots_used == before.total_snapshots_used + 1
    assert after.total_gigabytes_used == before.total_gigabytes_used + 2
