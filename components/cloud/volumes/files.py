"""The volume of the file server, which has the shared folder and, with storage `nfs`, all homes."""

from __future__ import annotations

from typing import Any

from openstack.connection import Connection

from components.cloud.existing import check_owner
from components.cloud.ownership import FILES, HOMES, Owner, marked
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings


def find_files(connection: Connection, settings: Settings, owner: Owner) -> str | None:
    """Id of the volume of the gateway's file server; None also where the settings want no such server.

    Raises SettingsError: it is another stack's, there are two, or it can't become what the settings want.
    """
    ours = []
    for volume in connection.block_storage.volumes(details=True):
        said = volume.metadata or {}
        found = marked(said)
        if FILES in said and found is not None and found.gateway == owner.gateway:
            check_owner(owner, found, "volume of files")
            ours.append(volume)
    if len(ours) > 1:
        listed = ", ".join(volume.id for volume in ours)
        rule = f"is the gateway of {len(ours)} volumes of files ({listed}); delete all but one of them"
        raise SettingsError([Mistake(key="gateway:name", rule=rule, value=owner.gateway)])
    if not ours:
        return None
    [volume] = ours
    _check(settings, volume)
    return str(volume.id) if settings.hub.files_gib else None


def _check(settings: Settings, volume: Any) -> None:
    hub = settings.hub
    if volume.metadata[FILES] == HOMES and hub.storage.type != "nfs":
        rule = (
            f"must be nfs while homes are on volume {volume.id}, which nobody could reach any more; to give"
            " them up, destroy the gateway without homes in gateway:keep, or, where it is gone already, run"
            f" `openstack volume delete {volume.id}`"
        )
        raise SettingsError([Mistake(key="gateway:hub.storage.type", rule=rule, value=hub.storage.type)])
    if 0 < hub.files_gib < volume.size:
        homes, shared = hub.storage.volume_gib or 0, hub.shared.size_gib if hub.shared else 0
        key, value, other = ("storage.volumeGib", homes, shared) if homes else ("shared.sizeGib", shared, 0)
        rule = f"must be at least {volume.size - other}: volume {volume.id} can't shrink"
        raise SettingsError([Mistake(key=f"gateway:hub.{key}", rule=rule, value=value)])
